"""What fits into this machine: work that does not is refused before it begins."""

import os
from pathlib import Path

from recsys.core.errors import DataError


def check_fits(what: str, size: float, instead: str) -> None:
    """A DataError for work that takes `size` bytes, by estimate, where fewer are free; `instead` says what to do."""
    free = free_memory()
    if size > free:
        raise DataError(f"{what} would take about {size / 1e9:,.1f} GB of memory, and {free / 1e9:,.1f} GB are free; {instead}")


def free_memory() -> int:
    """Bytes that can still be had, as the kernel says, or all there are where it does not; within what a container may take."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    try:
        known = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        sizes.append(int(known["MemAvailable"].split()[0]) * 1024)
        sizes.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError, KeyError):
        pass  # no Linux, or no container with a limit
    return min(sizes)

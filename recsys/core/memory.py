"""Free memory of this machine, and the check that refuses work which would not fit into it."""

import os
from pathlib import Path

from recsys.core.errors import DataError
from recsys.core.formatting import format_fixed
from recsys.core.translation import _


def check_fits(task: str, size: float, advice: str) -> None:
    """Raise a DataError for a task that takes about `size` bytes where fewer are free; `advice` says what to change.

    `task` and `advice` are translated already: they are placed into the message as they are.
    """
    free = free_memory()
    if size > free:
        raise DataError(
            _(
                "{task} would take about {needed} GB of memory, and {free} GB are free; {advice}",
                task=task,
                needed=format_fixed(size / 1e9, 1),
                free=format_fixed(free / 1e9, 1),
                advice=advice,
            )
        )


def free_memory() -> int:
    """Return the bytes still available according to the kernel, or all there are where it does not say; at most a container's limit."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    try:
        known = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        sizes.append(int(known["MemAvailable"].split()[0]) * 1024)
        sizes.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError, KeyError):
        pass  # not Linux, or no container with a limit
    return min(sizes)

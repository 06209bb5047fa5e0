"""A temporary folder of one process, removed when the process ends; what killed processes left is removed by the next one."""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from recsys.storage.atomic_files import open_locked


@contextmanager
def process_folder(prefix: str) -> Iterator[Path]:
    """Yield a new folder among the temporary files, readable by its owner alone, and remove it at the end of the block.

    The folder is locked while the process lives; the lock ends with it, however it ends. So folders of the same prefix that nobody
    holds belong to killed processes, whatever their process ids are today, and are removed first.
    """
    remove_abandoned_folders(prefix)
    folder, lock = _make_locked(prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def hold_process_folder(prefix: str) -> Path:
    """Return a new `process_folder` that is removed when this process ends."""
    held = ExitStack()
    atexit.register(held.close)
    return held.enter_context(process_folder(prefix))


def remove_abandoned_folders(prefix: str) -> None:
    """Remove the folders of this prefix that no living process holds; those of other accounts cannot be removed and stay."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError):
            lock = open_locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB, is_required=True)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _make_locked(prefix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        lock = open_locked(folder, fcntl.LOCK_SH)
        if folder.exists():  # else another process found it before it was locked
            return folder, lock
        os.close(lock)

"""Where things are kept, and how they are written so that a kill or a full disk leaves nothing half-done."""

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from recsys.core.errors import DataError

ASSETS = Path(__file__).resolve().parents[2] / "assets"


def home() -> Path:
    """RECSYS_HOME, by default ~/.recscope: prepared data in datasets/NAME, checkpoints in checkpoints/DATASET/NAME."""
    return Path(os.environ.get("RECSYS_HOME") or Path.home() / ".recscope").expanduser()


def check_name(kind: str, name: str) -> str:
    """A name that is safe as a folder's, or a DataError."""
    allowed = name and name[0].isalnum() and all(each.isalnum() or each in "-_." for each in name) and len(name) <= 80
    if not allowed:
        raise DataError(f"{kind} name '{name}' cannot be used; take letters, digits, '-', '_' and '.', for example 'my-shop'")
    return name


@contextmanager
def folder_at_once(target: Path) -> Iterator[Path]:
    """A fresh folder to fill; it takes the place of `target` only when the block ends without an error.

    What a killed process left of an earlier try is cleared away first.
    """
    # a name of our own and not tempfile's, whose folders nobody else may read
    work = target.parent / f".{target.name}.{secrets.token_hex(6)}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.parent):
            _clear_left(target)
            work.mkdir()
            in_use = _opened(work, fcntl.LOCK_SH)
    except OSError as error:
        raise DataError(f"cannot write to {target.parent}: {error.strerror}; set RECSYS_HOME to a folder you may write to") from error
    try:
        yield work
        with _locked(target.parent):
            _replace(work, target)
    except OSError as error:
        raise DataError(f"cannot write {target}: {error.strerror or error}; nothing was changed") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        os.close(in_use)


def file_at_once(target: Path, data: bytes) -> None:
    """Write a file so that whoever reads it finds it whole: the old one or the new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    work = target.parent / f".{target.name}.{secrets.token_hex(6)}"
    try:
        work.write_bytes(data)
        work.replace(target)
    finally:
        work.unlink(missing_ok=True)


def _replace(work: Path, target: Path) -> None:
    old = work.with_name(f"{work.name}.old")
    if target.exists():
        target.rename(old)
    try:
        work.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _clear_left(target: Path) -> None:
    """Remove the folders of earlier tries that no running process holds; a kill between two renames is undone."""
    name = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{12}}(\.old)?")
    for left in [each for each in target.parent.iterdir() if name.fullmatch(each.name)]:
        if left.suffix == ".old" and not target.exists():
            left.rename(target)
            continue
        with suppress(OSError):
            os.close(_opened(left, fcntl.LOCK_EX | fcntl.LOCK_NB, needed=True))
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Alone among the processes that begin or end a `folder_at_once` there."""
    held = _opened(folder, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(held)


def _opened(folder: Path, lock: int, needed: bool = False) -> int:
    """The folder open and locked until it is closed or the process ends. Some network disks know no locks: all but `needed` do without."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, lock)
    except OSError:
        if needed:
            os.close(opened)
            raise
    return opened

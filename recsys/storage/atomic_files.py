"""Atomic writes of files and folders: a kill or a full disk leaves nothing half-written."""

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from recsys.core.errors import DataError
from recsys.core.translation import _


@contextmanager
def write_folder_atomically(target: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; it replaces `target` only when the block ends without an error.

    Whatever a killed process left of an earlier try is removed first. Failing to write is a DataError.
    """
    # Not tempfile: only the owner may read its folders.
    work = target.parent / f".{target.name}.{secrets.token_hex(6)}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.parent):
            _remove_leftovers(target)
            work.mkdir()
            in_use = open_locked(work, fcntl.LOCK_SH)
    except OSError as error:
        message = _(
            "cannot write to {folder}: {reason}; set RECSYS_HOME to a folder you may write to",
            folder=target.parent,
            reason=error.strerror,
        )
        raise DataError(message) from error
    try:
        yield work
        with _locked(target.parent):
            _replace(work, target)
    except OSError as error:
        message = _("cannot write {path}: {reason}; nothing was changed", path=target, reason=error.strerror or error)
        raise DataError(message) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        os.close(in_use)


def write_file_atomically(target: Path, data: bytes) -> None:
    """Replace a file in one step: a reader sees either the whole old file or the whole new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    work = target.parent / f".{target.name}.{secrets.token_hex(6)}"
    try:
        work.write_bytes(data)
        work.replace(target)
    finally:
        work.unlink(missing_ok=True)


@contextmanager
def open_file_atomically(target: Path) -> Iterator[Path]:
    """Yield the path of a file to write, which replaces `target` only when the block ends without an error. Failing to write is a DataError."""
    work = target.parent / f".{target.name}.{secrets.token_hex(6)}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield work
        work.replace(target)
    except OSError as error:
        raise DataError(_("cannot write {path}: {reason}; nothing was changed", path=target, reason=error.strerror or error)) from error
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


def _remove_leftovers(target: Path) -> None:
    """Remove the folders of earlier tries that no running process holds; undo a kill between two renames."""
    name = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{12}}(\.old)?")
    for leftover in [each for each in target.parent.iterdir() if name.fullmatch(each.name)]:
        if leftover.suffix == ".old" and not target.exists():
            leftover.rename(target)
            continue
        with suppress(OSError):
            os.close(open_locked(leftover, fcntl.LOCK_EX | fcntl.LOCK_NB, is_required=True))
            shutil.rmtree(leftover, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from beginning or ending a `write_folder_atomically` in this folder."""
    descriptor = open_locked(folder, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def open_locked(folder: Path, lock: int, is_required: bool = False) -> int:
    """Open a folder and lock it until the descriptor is closed or the process ends.

    Some network disks do not support locks: the folder is then opened without one unless the lock is required (OSError).
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, lock)
    except OSError:
        if is_required:
            os.close(descriptor)
            raise
    return descriptor

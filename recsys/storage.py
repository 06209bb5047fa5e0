"""Where things are kept, and how they are written so that a kill or a full disk leaves nothing half-done."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recsys.errors import DataError

ASSETS = Path(__file__).resolve().parent.parent / "assets"


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
    """A fresh folder to fill; it takes the place of `target` only when the block ends without an error."""
    # a name of our own and not tempfile's, whose folders nobody else may read
    work = target.parent / f".{target.name}.{secrets.token_hex(6)}"
    old = work.with_name(f"{work.name}.old")
    try:
        work.mkdir(parents=True)
    except OSError as error:
        raise DataError(f"cannot write to {target.parent}: {error.strerror}; set RECSYS_HOME to a folder you may write to") from error
    try:
        yield work
        if target.exists():
            target.rename(old)
        try:
            work.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
    except OSError as error:
        raise DataError(f"cannot write {target}: {error.strerror or error}; nothing was changed") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)

"""Paths of the shipped assets and of the user's own data, and the check of names that become folders."""

import os
from pathlib import Path

from recsys.core.errors import DataError
from recsys.core.translation import _

ASSETS = Path(__file__).resolve().parents[2] / "assets"


def home() -> Path:
    """Return RECSYS_HOME, by default ~/.recscope: prepared data in datasets/NAME, checkpoints in checkpoints/DATASET/NAME."""
    return Path(os.environ.get("RECSYS_HOME") or Path.home() / ".recscope").expanduser()


def check_name(kind: str, name: str) -> str:
    """Return a name that is safe as the name of a folder; raise a DataError for any other. `kind` says what is named, such as "dataset"."""
    allowed = name and name[0].isalnum() and all(each.isalnum() or each in "-_." for each in name) and len(name) <= 80
    if not allowed:
        raise DataError(
            _(
                "the {kind} name '{name}' cannot be used; use letters, digits, '-', '_' and '.', for example 'my-shop'",
                kind=_(kind),
                name=name,
            )
        )
    return name

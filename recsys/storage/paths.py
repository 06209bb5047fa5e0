"""Paths of the shipped assets and of the user's own data, and the check of names that become folders."""

import os
import re
from functools import cache
from pathlib import Path

from recsys.core.app_folder import APP_FOLDER
from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.storage.process_folder import hold_process_folder

ASSETS = APP_FOLDER / "assets"


def home(dataset: str = "") -> Path:
    """Return RECSYS_HOME, by default ~/.recscope: prepared data in datasets/NAME, checkpoints in checkpoints/DATASET/NAME.

    What belongs to a dataset of this process alone is in its temporary home.
    """
    if dataset and is_temporary(dataset):
        return temporary_home()
    return Path(os.environ.get("RECSYS_HOME") or Path.home() / ".recscope").expanduser()


def own_homes(dataset: str = "") -> list[Path]:
    """Return the homes in which to look for what belongs to a dataset, or for datasets, the first first: the temporary one, and the user's."""
    if dataset and is_temporary(dataset):
        return [temporary_home()]
    return [*([temporary_home()] if temporary_home.cache_info().currsize else []), home()]


@cache
def temporary_home() -> Path:
    """Return a folder like RECSYS_HOME for data shown from the memory of this process, which is removed at its end."""
    return hold_process_folder("recscope-memory-")


def is_temporary(dataset: str) -> bool:
    """Return whether a dataset is one of this process alone, of which nothing is kept."""
    return bool(temporary_home.cache_info().currsize) and (temporary_home() / "datasets" / dataset).is_dir()


def check_name(kind: str, name: str) -> str:
    """Return a name that is safe as the name of a folder; raise a DataError for any other. `kind` says what is named, such as "dataset".

    The name of a checkpoint may end with the number of a version: "association@2".
    """
    base = re.sub(r"@[1-9][0-9]*$", "", name) if kind == "checkpoint" else name
    allowed = base and base[0].isalnum() and all(each.isalnum() or each in "-_." for each in base) and len(name) <= 80
    if not allowed:
        raise DataError(
            _(
                "the {kind} name '{name}' cannot be used; use letters, digits, '-', '_' and '.', for example 'my-shop'",
                kind=_(kind),
                name=name,
            )
        )
    return name

"""JSON files of a model's folder: its config and the list of its items."""

import json
from pathlib import Path
from typing import Any

from recsys.core.errors import CheckpointError
from recsys.core.translation import _

CONFIG, ITEMS = "config.json", "items.json"
MOST_BYTES = 200_000_000
"""Size up to which a JSON file is read: a list of ten million items fits."""


def read_json(file: Path) -> Any:
    """Return the content of a JSON file; one that cannot be read is a CheckpointError."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError("more than 200 MB")
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise CheckpointError(_("{folder} has no {file}; add it", folder=file.parent, file=file.name)) from error
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(_("{file} cannot be read as JSON ({reason}); write it again", file=file, reason=reason)) from error


def read_config(folder: Path) -> dict[str, Any]:
    """Return the config.json of a folder."""
    config = read_json(folder / CONFIG)
    if not isinstance(config, dict):
        raise CheckpointError(_('{file} is not a config; it is an object of names and values, for example {{"n_blocks": 2}}', file=folder / CONFIG))
    return config


def read_item_list(file: Path) -> list[str]:
    """Return the ids of a list of items in its order: a JSON list of texts and numbers, or a text file with one id a line."""
    if file.suffix != ".json":
        try:
            ids: list[Any] = file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, ValueError) as error:
            raise CheckpointError(_("{file} cannot be read as a list of item ids; write one id a line, in UTF-8", file=file)) from error
    else:
        ids = read_json(file)
    is_list = isinstance(ids, list) and all(isinstance(each, str | int) and not isinstance(each, bool) for each in ids)
    if not is_list or not ids:
        raise CheckpointError(_('{file} is not a list of item ids; write for example ["i1", "i2"]', file=file))
    ids = [str(each) for each in ids]
    if len(set(ids)) < len(ids):
        seen: set[str] = set()
        twice = next(each for each in ids if each in seen or seen.add(each))  # type: ignore[func-returns-value]
        raise CheckpointError(_("{file} lists the item {item} twice; give every item a place of its own", file=file, item=twice))
    return ids

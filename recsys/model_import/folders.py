"""The config of a model's folder, and the list of its items."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core.errors import CheckpointError, QuestionError, summarize_error
from recsys.core.translation import _
from recsys.model_import.id_lists import drop_header, read_id_list
from recsys.model_import.options import ImportOptions

CONFIG = "config.json"
ITEM_LISTS = ("items.json", "items.txt", "items.npy", "items.parquet")
MOST_BYTES = 200_000_000
"""Size up to which a JSON file is read: the vocabulary of ten million items fits."""
MOST_DEPTH = 50
"""Levels of lists and objects in a JSON file, since readers of it call themselves for each."""


def read_json(file: Path) -> Any:
    """Return the content of a JSON file; one that cannot be read is a CheckpointError."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError("more than 200 MB")
        content = json.loads(file.read_text(encoding="utf-8-sig"))
        _check_depth(content)
        return content
    except FileNotFoundError as error:
        raise CheckpointError(_("{folder} has no {file}; add it", folder=file.parent, file=file.name)) from error
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(
            _("{file} cannot be read as JSON ({reason}); write it again", file=file, reason=summarize_error(error))
        ) from error


def _check_depth(content: Any) -> None:
    level = [each for each in (content,) if isinstance(each, (dict, list))]
    for _depth in range(MOST_DEPTH):
        level = [part for each in level for part in (each.values() if isinstance(each, dict) else each) if isinstance(part, (dict, list))]
        if not level:
            return
    raise ValueError(f"nested more than {MOST_DEPTH} deep")


def read_config(folder: Path) -> dict[str, Any]:
    """Return the config.json of a folder."""
    config = read_json(folder / CONFIG)
    if not isinstance(config, dict):
        raise CheckpointError(
            _(
                '{file} is not a config; write an object of names and values, for example {{"n_blocks": 2}}',
                file=folder / CONFIG,
            )
        )
    return config


def peek_config(path: Path) -> dict[str, Any]:
    """Return the config.json of a folder, empty where there is none that can be read."""
    try:
        return read_config(path) if (path / CONFIG).is_file() else {}
    except CheckpointError:
        return {}


def find_item_list(folder: Path, options: ImportOptions, stem: str = "") -> np.ndarray | None:
    """Return the item ids given as an option or in a list in the folder, None where there is none.

    `stem` is the name of a file whose list may have the same name: model.items.json beside model.onnx.
    """
    if options.items is not None:
        return drop_header(read_id_list(options.items))
    names = [f"{stem}.{name}" for name in ITEM_LISTS if stem] + list(ITEM_LISTS)
    return next((drop_header(read_id_list(folder / name)) for name in names if (folder / name).is_file()), None)


def ask_for_items(name: str, count: int) -> QuestionError:
    """Return the question for the list of a model's items."""
    return QuestionError(
        _("{file} does not name its {count} items; which list of ids has them in the order of the model?", file=name, count=count),
        option="--items",
    )

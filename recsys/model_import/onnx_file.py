"""ONNX file: a network from item codes to scores, checked by running it (docs/own-models/onnx.md)."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from recsys.core import Dataset
from recsys.core.errors import CheckpointError
from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.model_import.folders import ask_for_items, find_item_list
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.matching import match_items, to_ids
from recsys.model_import.options import ImportOptions

ITEMS = "recscope.items"
"""Name of the entry of a graph's metadata_props that may hold its items as a JSON list."""
MOST_BYTES = 2**31
"""Size from which a protocol buffer cannot be read."""


def recognizes(path: Path) -> bool:
    """Return whether a path is a file with the ending of ONNX."""
    return path.suffix.lower() == ".onnx" and path.is_file()


def read(path: Path, dataset: Dataset, options: ImportOptions) -> list[ImportedModel]:
    """Return the model of a file. Its items are those of a list, of the file itself, or of a list beside it, in the order of the codes from 1."""
    from recsys.model_import.onnx_checks import check_scores, find_signature, open_graph
    from recsys.models.imported.onnx_model import OnnxModel

    size = path.stat().st_size
    if size >= MOST_BYTES:
        raise CheckpointError(
            _(
                "{file} has {size} MB; an ONNX file of more than 2,048 MB cannot be read, so that the model must be smaller",
                file=path.name,
                size=format_number(size / 1e6),
            )
        )
    data = path.read_bytes()
    graph = open_graph(data, path.name)
    item_ids = _find_items(path, options, graph.session.get_modelmeta().custom_metadata_map.get(ITEMS))
    if item_ids is None:
        width = graph.session.get_outputs()[0].shape[-1:]
        raise ask_for_items(path.name, width[0] if width and isinstance(width[0], int) else len(dataset.item_ids))
    config = find_signature(graph, len(item_ids), options.padding)
    found = match_items(item_ids, dataset, options.least_overlap)
    codes = np.where(found.columns < 0, -1, found.columns + 1)
    checked = OnnxModel(dataset.item_ids, config, codes, data)
    checked.deadline = graph.deadline
    scores_empty = check_scores(checked, path.name)
    model = OnnxModel(dataset.item_ids, replace(config, scores_empty=scores_empty), codes, data)
    return [ImportedModel("onnx", model, path.stem, found.matches, {"format": "onnx", "file": path.name})]


def _find_items(path: Path, options: ImportOptions, declared: str | None) -> np.ndarray | None:
    if declared and options.items is None:
        try:
            return to_ids(json.loads(declared))
        except (ValueError, TypeError, RecursionError) as error:
            raise CheckpointError(
                _('{file} declares {name} that is not a JSON list; declare for example ["i1", "i2"]', file=path.name, name=ITEMS)
            ) from error
    return find_item_list(path.parent, options, path.stem)

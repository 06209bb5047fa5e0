"""The shapes of a city that are stored beside a dataset."""

import json

import numpy as np

from recsys.core.geography import Outline
from recsys.datasets.registry import prepared_folder


def read_outline(name: str) -> Outline | None:
    """Return the coast and river stored beside a dataset, None where there are none."""
    folder = prepared_folder(name)
    if folder is None or not (folder / "outline.json").is_file():
        return None
    shapes = json.loads((folder / "outline.json").read_text(encoding="utf-8"))
    return Outline(coast=np.array(shapes["coast"]), river=np.array(shapes["river"]))

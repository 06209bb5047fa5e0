"""An imported model of a million rows opened and its first list shown, p50; reference: reading the file of its weights."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core import Request, recommend
from recsys.model_import.formats import read_models
from recsys.model_import.options import ImportOptions
from recsys.model_import.saving import save_imported_model
from recsys.training.checkpoints import WEIGHTS, get_checkpoint_folder, load_checkpoint
from tests.bench._recommendations import prepare
from tests.bench._timing import measured, times_of


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        dataset, file = prepare(Path(home))
        [found] = read_models(file, dataset, ImportOptions(made_before="last"))
        save_imported_model(found, dataset, "lists")
        folder, history = get_checkpoint_folder(dataset.name, "lists"), dataset.history("u7")
        opened = np.median(times_of(lambda: recommend(load_checkpoint(folder).model, Request(history)), repeats=7, warm=1))
        read = np.median(times_of((folder / WEIGHTS).read_bytes, repeats=7, warm=1))
        return measured(float(opened), "ms", float(read))

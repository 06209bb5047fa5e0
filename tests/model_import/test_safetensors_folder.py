"""A folder of safetensors with a config is the model whose arrays it holds."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from recsys.core import Dataset, Request
from recsys.core.errors import CheckpointError, DataError, QuestionError, UnknownNameError
from recsys.model_import import safetensors_folder
from recsys.model_import.formats import FORMATS, find_format
from recsys.model_import.options import ImportOptions
from recsys.model_import.saving import save_imported_model
from recsys.training.checkpoints import load_checkpoint

KINDS = ("popularity", "markov", "item-knn", "ease", "sasrec", "lstm-lm", "spatiotemporal", "llm-lstm")


def write(folder: Path, kind: str, model: Any, dataset: Dataset) -> Path:
    folder.mkdir(exist_ok=True)
    save_file({name: np.ascontiguousarray(value) for name, value in model.arrays().items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model": kind, "config": asdict(model.config)}))
    (folder / "items.json").write_text(json.dumps(list(dataset.item_ids)))
    return folder


def read(folder: Path, dataset: Dataset, **options: Any) -> Any:
    (imported,) = safetensors_folder.read(folder, dataset, ImportOptions(**options))
    return imported


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_the_model(kind: str, tiny: Dataset, trained: Callable[..., Any], tmp_path: Path) -> None:
    model = trained(kind, tiny)
    folder = write(tmp_path / "own", kind, model, tiny)
    assert find_format(folder) is FORMATS["folder"]
    imported = read(folder, tiny)
    requests = [Request(tiny.history(user)) for user in tiny.user_ids]
    np.testing.assert_array_equal(imported.model.score(requests), model.score(requests))
    card = save_imported_model(imported, tiny, "own", folder=tmp_path / "saved")
    assert (card.model, card.source["file"]) == (kind, "own")
    np.testing.assert_array_equal(load_checkpoint(tmp_path / "saved").model.score(requests), model.score(requests))


class TestWrongFolders:
    @pytest.fixture
    def folder(self, tiny: Dataset, trained: Callable[..., Any], tmp_path: Path) -> Path:
        return write(tmp_path / "own", "sasrec", trained("sasrec", tiny), tiny)

    def rewrite(self, folder: Path, change: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]) -> None:
        save_file(change(load_file(folder / "model.safetensors")), folder / "model.safetensors")

    def test_missing_and_other_tensors_are_listed(self, folder: Path, tiny: Dataset) -> None:
        self.rewrite(folder, lambda arrays: {name.replace("norm.weight", "norm.w"): value for name, value in arrays.items()})
        with pytest.raises(CheckpointError, match=r"lacks .*norm\.weight.* and has .*norm\.w"):
            read(folder, tiny)

    def test_other_shapes_are_named(self, folder: Path, tiny: Dataset) -> None:
        self.rewrite(folder, lambda arrays: arrays | {"norm.weight": np.ones(9, dtype=np.float32)})
        with pytest.raises(CheckpointError, match=r"norm\.weight .*shape 9, .* has 8"):
            read(folder, tiny)

    def test_tensors_that_the_model_does_not_have_are_named(self, folder: Path, tiny: Dataset) -> None:
        self.rewrite(folder, lambda arrays: arrays | {"norm.more": np.ones(2, dtype=np.float32)})
        with pytest.raises(CheckpointError, match=r"norm\.more"):
            read(folder, tiny)

    def test_missing_arrays_of_a_counted_model(self, tiny: Dataset, trained: Callable[..., Any], tmp_path: Path) -> None:
        model = trained("markov", tiny)
        folder = write(tmp_path / "markov", "markov", model, tiny)
        name = min(model.arrays())
        self.rewrite(folder, lambda arrays: {each: value for each, value in arrays.items() if each != name})
        with pytest.raises(CheckpointError, match=rf"lacks {re.escape(name)}"):
            read(folder, tiny)

    def test_scores_that_are_not_numbers(self, tiny: Dataset, trained: Callable[..., Any], tmp_path: Path) -> None:
        folder = write(tmp_path / "own", "lstm-lm", trained("lstm-lm", tiny), tiny)
        self.rewrite(folder, lambda arrays: {name: value * np.float32("nan") for name, value in arrays.items()})
        with pytest.raises(CheckpointError, match="not numbers"):
            read(folder, tiny)

    def test_other_items(self, folder: Path, tiny: Dataset) -> None:
        for item_ids in (list(tiny.item_ids[:-1]), list(reversed(tiny.item_ids))):
            (folder / "items.json").write_text(json.dumps(item_ids))
            with pytest.raises(CheckpointError, match=rf"the {len(item_ids)} items of .* are not the 15 items of 'tiny' in its order"):
                read(folder, tiny)
        (folder / "items.json").unlink()
        with pytest.raises(QuestionError, match="15 items"):
            read(folder, tiny)

    @pytest.mark.parametrize(
        ("config", "error", "message"),
        [
            ({"model": "sasrek"}, UnknownNameError, "sasrec"),
            ({"model": ["sasrec"]}, CheckpointError, "does not name a model"),
            ({"model": "sasrec", "config": 3}, CheckpointError, "does not name a model"),
            ({"model": "sasrec", "config": {"embeding_size": 8}}, UnknownNameError, "embedding_size"),
            ({"model": "sasrec", "config": {"n_blocks": "two"}}, DataError, "n_blocks=two"),
            ({"model": "sasrec", "config": {"embedding_size": 10**7}}, CheckpointError, "10000000"),
            ({"model": "code", "config": {"factory": "os:getcwd"}}, CheckpointError, "cannot be read from a folder"),
            ([1], CheckpointError, "not a config"),
        ],
    )
    def test_configs_that_name_no_model(self, config: Any, error: type, message: str, folder: Path, tiny: Dataset) -> None:
        (folder / "config.json").write_text(json.dumps(config))
        with pytest.raises(error, match=message):
            read(folder, tiny)

    def test_a_file_that_is_not_json(self, folder: Path, tiny: Dataset) -> None:
        (folder / "config.json").write_bytes(b"\xff\xfe{")
        assert not safetensors_folder.recognizes(folder)
        with pytest.raises(CheckpointError, match="cannot be read as JSON"):
            read(folder, tiny)
        (folder / "config.json").write_text("[" * 100_000)
        with pytest.raises(CheckpointError, match="cannot be read as JSON"):
            read(folder, tiny)
        (folder / "config.json").unlink()
        with pytest.raises(CheckpointError, match=r"has no config\.json"):
            read(folder, tiny)

"""Imported models as checkpoints: their names, and what their cards say."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recsys.core import Dataset
from recsys.core.split import split_interactions
from recsys.evaluation import evaluate_model
from recsys.model_import.formats import read_models
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.options import ImportOptions
from recsys.model_import.saving import choose_names, save_imported_model
from recsys.models.imported.vector_model import VectorConfig, VectorModel
from recsys.training.checkpoints import find_checkpoint, load_checkpoint


@pytest.fixture
def model(tiny: Dataset) -> VectorModel:
    vectors = np.random.default_rng(3).normal(size=(15, 4)).astype(np.float32)
    return VectorModel(tiny.item_ids, VectorConfig(), {"columns": np.arange(15), "item_vectors": vectors})


@pytest.mark.parametrize(
    ("names", "given", "expected"),
    [
        (["als", "bpr"], "", ["als", "bpr"]),
        (["als"], "mine", ["mine"]),
        (["als", "ease"], "mine", ["mine-als", "mine-ease"]),
        (["a b", "a/b", "a-b"], "", ["a-b", "a-b-2", "a-b-3"]),
        (["sasrec", "markov"], "", ["sasrec-imported", "markov-imported"]),
        (["sasrec"], "sasrec", ["sasrec"]),
        (["../..", "", "élan"], "", ["imported", "imported-2", "élan"]),
        (["x" * 200], "", ["x" * 60]),
    ],
)
def test_names_differ_and_leave_trained_models_alone(names: list[str], given: str, expected: list[str], model: VectorModel) -> None:
    assert choose_names([ImportedModel("vectors", model, name) for name in names], given) == expected


def test_the_card_has_the_metrics_that_an_evaluation_gives(model: VectorModel, tiny: Dataset) -> None:
    card = save_imported_model(ImportedModel("vectors", model, "mf", source={"format": "vectors", "file": "mf.npz"}), tiny)
    loaded = load_checkpoint(find_checkpoint("mf", tiny.name))
    measured = evaluate_model(loaded.model, tiny, split_interactions(tiny, card.protocol), "validation")
    assert loaded.card.validation["ndcg@10"] == pytest.approx(measured.metrics["ndcg@10"])
    assert loaded.card.source["file"] == "mf.npz" and loaded.card.epochs == 0


def test_cards_of_lists_say_how_many_cases_have_one(tiny: Dataset, tmp_path: Path) -> None:
    rows = [(user, item, rank) for user in tiny.user_ids[:5] for rank, item in enumerate(tiny.item_ids[:7], start=1)]
    pd.DataFrame(rows, columns=["user_id", "item_id", "rank"]).to_csv(tmp_path / "recs.csv", index=False)
    [found] = read_models(tmp_path / "recs.csv", tiny, ImportOptions(made_before="second-last"))
    card = save_imported_model(found, tiny)
    assert card.name == "recs" and card.protocol == "last-out"
    assert card.source["depth"] == 7 and card.source["listed_cases"] == 5
    assert card.source["cases"] == sum(len(tiny.history(user)) >= 3 for user in tiny.user_ids)


def test_an_import_replaces_one_of_the_same_name(model: VectorModel, tiny: Dataset) -> None:
    first = save_imported_model(ImportedModel("vectors", model, "mf"), tiny)
    other = VectorModel(tiny.item_ids, VectorConfig("cosine"), model.arrays())
    second = save_imported_model(ImportedModel("vectors", other, "mf"), tiny)
    assert first.name == second.name
    assert load_checkpoint(find_checkpoint("mf", tiny.name)).model.config.similarity == "cosine"

"""Every page with imported models: it works, or says why it does not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from recsys.core import Dataset
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.python_code import wrap_model
from recsys.model_import.saving import save_imported_model
from recsys.models.base.count_based import hash_user_id
from recsys.models.imported.recommendation_lists import ListsConfig, RecommendationLists
from recsys.models.imported.vector_model import VectorConfig, VectorModel
from recsys.training import live_models
from tests.pages.conftest import told

PAGES = (
    "home/page.py",
    "explore/timeline/page.py",
    "explore/dataset/page.py",
    "explore/items/page.py",
    "demo/recommend/page.py",
    "demo/compare/page.py",
    "demo/cold_start/page.py",
    "inspect/explain/page.py",
    "inspect/attention/page.py",
    "inspect/drift/page.py",
    "evaluate/leaderboard/page.py",
    "evaluate/checkpoints/page.py",
)


def save_lists(dataset: Dataset) -> None:
    """One list for each user, made before the last event."""
    users = sorted(dataset.user_ids, key=lambda user: hash_user_id(str(user)))
    depth = 4
    arrays = {
        "user_hashes": np.array([hash_user_id(str(user)) for user in users], dtype=np.uint64),
        "steps": np.array([len(dataset.history(user)) - 1 for user in users]),
        "starts": np.arange(len(users) + 1) * depth,
        "items": np.tile(np.arange(depth), len(users)),
        "scores": np.tile(np.linspace(1, 0.25, depth), len(users)).astype(np.float32),
    }
    model = RecommendationLists(dataset.item_ids, ListsConfig(), arrays)
    save_imported_model(ImportedModel("lists", model, "mine", protocol="last-out", source={"file": "recs.csv"}), dataset)


def save_vectors(dataset: Dataset, rule: str) -> None:
    random = np.random.default_rng(3)
    arrays = {
        "columns": np.arange(len(dataset.item_ids)),
        "item_vectors": random.normal(size=(len(dataset.item_ids), 5)).astype(np.float32),
    }
    if rule == "stored":
        arrays["user_hashes"] = np.array([hash_user_id(str(user)) for user in dataset.user_ids], dtype=np.uint64)
        arrays["user_vectors"] = random.normal(size=(len(dataset.user_ids), 5)).astype(np.float32)
    model = VectorModel(dataset.item_ids, VectorConfig("dot", rule), arrays)
    save_imported_model(ImportedModel("vectors", model, "mine", source={"file": "vectors.npy"}), dataset)


MAKERS: dict[str, Callable[[Dataset], Any]] = {
    "lists": save_lists,
    "vectors": lambda dataset: save_vectors(dataset, "mean"),
    "stored vectors": lambda dataset: save_vectors(dataset, "stored"),
    "code with scores": lambda dataset: wrap_model(lambda histories: np.ones((len(histories), len(dataset.item_ids))), dataset, "mine"),
    "code with lists": lambda dataset: wrap_model(lambda user_id, history, k: history[::-1], dataset, "mine"),
}
FIXED = ("lists", "stored vectors")
UNEXPLAINED = (*FIXED, "code with lists")


@pytest.fixture(autouse=True)
def no_live_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_models, "_LIVE", {})


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_works_or_says_why_not(page: str, kind: str, tiny: Dataset, open_page: Callable[..., AppTest]) -> None:
    MAKERS[kind](tiny)
    app = open_page(page, model="mine", user=str(tiny.user_ids[0]))
    assert not app.exception and not app.error, [each.value for each in app.error]
    assert len(told(app)) > 50
    if page.startswith("inspect/explain"):
        assert ("cannot be explained" in told(app)) == (kind in UNEXPLAINED)
    if page.startswith("demo/recommend"):
        assert ("does not follow what you add" in told(app)) == (kind in FIXED)
    if page.startswith("inspect/attention"):
        assert "no attention" in told(app) or "none to show" in told(app)
    if page.startswith("demo/cold_start"):
        assert ("hold finished lists" in told(app)) == (kind == "lists")


def test_an_item_outside_the_list_is_not_listed(tiny: Dataset, open_page: Callable[..., AppTest]) -> None:
    save_lists(tiny)
    outside = next(str(user) for user in tiny.user_ids if tiny.history(user).items[-1] not in tiny.item_ids[:4])
    app = open_page("explore/timeline/page.py", model="mine", user=outside)  # opens before the last event
    assert "not listed" in told(app) and "rank inf" not in told(app)
    inside = next(str(user) for user in tiny.user_ids if tiny.history(user).items[-1] == tiny.item_ids[0])
    assert "rank 1" in told(open_page("explore/timeline/page.py", model="mine", user=inside))


def test_a_step_without_a_list_says_so(tiny: Dataset, open_page: Callable[..., AppTest]) -> None:
    save_lists(tiny)
    app = open_page("explore/timeline/page.py", model="mine", user=str(tiny.user_ids[0]), step="1")
    assert "no list" in told(app)
    length = len(tiny.history(str(tiny.user_ids[0])))
    assert f"at the 1 step with a list, of {length}" in app.get("plotly_chart")[0].proto.spec


def test_a_name_with_underscores_is_shown_as_it_is(tiny: Dataset, open_page: Callable[..., AppTest]) -> None:
    wrap_model(lambda user_id, history, k: history[::-1], tiny, "my_best_model")
    app = open_page("explore/timeline/page.py", model="my_best_model", user=str(tiny.user_ids[0]))
    [box] = [each for each in app.selectbox if each.label == "Model"]
    assert any(option.startswith("my_best_model (") for option in box.options)


@pytest.mark.parametrize("page", ["explore/timeline/page.py", "demo/recommend/page.py", "demo/compare/page.py"])
def test_a_list_of_items_that_the_user_had_says_so(
    page: str, tiny: Dataset, own_home: None, visit: Callable[..., AppTest], keep: Callable[..., Dataset]
) -> None:
    once = keep(replace(tiny, repeats=False))
    wrap_model(lambda user_id, history, k: history[::-1], once, "again")
    shown = told(visit(page, dataset="tiny", model="again", user=str(once.user_ids[0])))
    assert "Items that the user had before are left out." in shown and "reset your changes" not in shown


@pytest.mark.parametrize("option", ["--items", "--users", "--interactions"])
def test_a_question_for_a_file_points_to_its_upload(option: str) -> None:
    def ask(option: str) -> None:
        from pages.evaluate.checkpoints import bring_model
        from recsys.core.errors import QuestionError

        bring_model._draw_question(QuestionError("in which file are the ids?", option=option), {"turn": 1})

    app = AppTest.from_function(ask, args=(option,)).run()
    assert not app.exception and not app.selectbox and "Files with ids" in app.caption[0].value

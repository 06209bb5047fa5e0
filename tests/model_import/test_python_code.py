"""Recommenders in Python: objects, functions, factories, and what goes wrong in them."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset, find_unexplained_reason, recommend, request_at
from recsys.core.errors import DataError
from recsys.evaluation.replay import replay_history
from recsys.explain.game import Game
from recsys.model_import import python_code
from recsys.model_import.python_code import is_code, open_code, recommender, wrap_model
from recsys.training import live_models
from recsys.training.live_models import find_live_model


@pytest.fixture(autouse=True)
def no_live_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_models, "_LIVE", {})


class CountsTheHistory:
    """Scores an item by how often the history has it."""

    def __init__(self, item_ids: np.ndarray) -> None:
        self.item_ids = item_ids

    def score(self, histories: list[list[str]]) -> list[list[int]]:
        return [[history.count(item) for item in self.item_ids] for history in histories]


def test_scores_are_those_of_the_code_in_the_order_of_the_dataset(tiny: Dataset) -> None:
    own = np.array([*tiny.item_ids[::-1], "elsewhere"], dtype=object)
    model = wrap_model(CountsTheHistory(own), tiny, "counts").model
    history = tiny.history(tiny.user_ids[0])
    expected = [list(history.items).count(item) for item in tiny.item_ids]
    assert model.score([request_at(history, len(history))])[0].tolist() == expected


def test_items_that_the_code_does_not_know_are_never_recommended(tiny: Dataset) -> None:
    model = wrap_model(CountsTheHistory(tiny.item_ids[:4]), tiny, "counts").model
    scores = model.score([request_at(tiny.history(tiny.user_ids[0]), 2)])[0]
    assert np.isfinite(scores).tolist() == [True] * 4 + [False] * (len(tiny.item_ids) - 4)


def test_replay_calls_the_code_with_the_events_before_each_step_only(tiny: Dataset) -> None:
    calls: list[list[str]] = []

    @recommender
    def latest(user_id: str, history: list[str], k: int) -> list[str]:
        calls.append(history)
        return list(dict.fromkeys(history[::-1]))[:k]

    model = wrap_model(latest, tiny, "latest").model
    history = tiny.history(tiny.user_ids[0])
    replay = replay_history(model, history, repeats=True)
    assert sorted(map(len, calls)) == list(range(len(history) + 1))
    assert all(call == history.items[: len(call)].tolist() for call in calls)
    for step, item in enumerate(history.items):
        place = {each: rank for rank, each in enumerate(dict.fromkeys(history.items[:step][::-1].tolist()), start=1)}
        assert replay.ranks[step] == place.get(item, np.inf)


def test_pairs_carry_scores_and_unknown_items_are_left_out(tiny: Dataset) -> None:
    model = wrap_model(lambda user_id, history, k: [("i03", 0.5), ("nowhere", 9.0), ("i01", 0.25)], tiny, "pairs").model
    best = recommend(model, request_at(tiny.history(tiny.user_ids[0]), 1))
    assert [(each.item_id, each.score) for each in best] == [("i03", 0.5), ("i01", 0.25)]


def test_parameters_reach_the_code(tiny: Dataset) -> None:
    @recommender(shift=(0, 5, 2))
    def shifted(histories: list[list[str]], shift: float) -> np.ndarray:
        return np.full((len(histories), len(tiny.item_ids)), shift)

    model = wrap_model(shifted, tiny, "shifted").model
    request = request_at(tiny.history(tiny.user_ids[0]), 1)
    assert model.score([request])[0, 0] == 2
    assert model.with_parameters({"shift": 4.0}).score([request])[0, 0] == 4
    assert model.score([request])[0, 0] == 2  # unchanged for others


def test_scores_can_be_explained_and_lists_cannot(tiny: Dataset) -> None:
    request = request_at(tiny.history(tiny.user_ids[0]), 3)
    scores = wrap_model(CountsTheHistory(tiny.item_ids), tiny, "counts").model
    item = str(request.history.items[0])
    assert Game(scores, request, item).baseline == 0
    lists = wrap_model(lambda user_id, history, k: history, tiny, "lists").model
    assert find_unexplained_reason(lists) is not None
    with pytest.raises(DataError, match="cannot be explained"):
        Game(lists, request, item)


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (object(), "neither score"),
        (lambda histories: [[1.0]], "shape 1 × 1"),
        (lambda histories: [["x"] * 15 for _ in histories], "not numbers"),
        (lambda histories: np.full((len(histories), 15), np.nan), "NaN"),
        (lambda histories: 1 / 0, r"ZeroDivisionError: division by zero \(test_python_code.py:"),
        (lambda user_id, history, k: ["nowhere"], "only items that the dataset does not have"),
        (lambda user_id, history, k: 5, "did not return a list"),
    ],
)
def test_what_the_code_does_wrong_is_said_in_a_sentence(thing: Any, message: str, tiny: Dataset) -> None:
    with pytest.raises(DataError, match=message):
        wrap_model(thing, tiny, "mine").model.score([request_at(tiny.history(tiny.user_ids[0]), 2)])


def test_fewer_items_than_asked_for_are_a_shorter_list(tiny: Dataset) -> None:
    model = wrap_model(lambda user_id, history, k: ["i02"], tiny, "one").model
    assert [each.item_id for each in recommend(model, request_at(tiny.history(tiny.user_ids[0]), 2))] == ["i02"]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "mine_for_tests.py"
    sys.modules.pop("mine_for_tests", None)


def test_a_factory_is_called_once_with_the_dataset(module: Path, tiny: Dataset) -> None:
    module.write_text(
        "calls = []\n"
        "def make(dataset):\n"
        "    calls.append(dataset.name)\n"
        "    return lambda user_id, history, k: list(dataset.item_ids[:k])\n"
    )
    first, second = open_code("mine_for_tests:make", tiny), open_code("mine_for_tests:make", tiny)
    assert first is second and find_live_model(tiny.name, "mine_for_tests:make") is first
    assert sys.modules["mine_for_tests"].calls == [tiny.name]
    assert len(recommend(first.model, request_at(tiny.history(tiny.user_ids[0]), 1), 5)) == 5


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "mine_for_tests:make", "no attribute 'make'"),
        ("make = 5", "mine_for_tests:make", "neither score"),
        ("def make():\n    raise OSError('no file')", "mine_for_tests:make", "OSError: no file"),
        ("1 / 0", "mine_for_tests:make", "failed while it was imported"),
        ("", "nowhere_at_all:make", "cannot be imported"),
    ],
)
def test_a_factory_that_fails_is_said_in_a_sentence(text: str, name: str, message: str, module: Path, tiny: Dataset) -> None:
    module.write_text(text)
    with pytest.raises(DataError, match=message):
        open_code(name, tiny)


def test_a_factory_that_hangs_is_given_up(module: Path, tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    module.write_text("import time\ndef make():\n    time.sleep(30)\n")
    monkeypatch.setattr(python_code, "PATIENCE", 0.2)
    began = time.monotonic()
    with pytest.raises(DataError, match="did not return a model"):
        open_code("mine_for_tests:make", tiny)
    assert time.monotonic() - began < 10


def test_names_of_code_are_told_from_names_of_checkpoints() -> None:
    assert is_code("package.module:factory") and is_code("module:Class.make")
    assert not any(map(is_code, ("markov", "a:b:c", "C:\\folder", "x:", "http://host/y")))


@pytest.mark.parametrize("arguments", ["user_id, history, k", "user, history, k=10", "user_id, history, *, k", "histories"])
def test_a_named_function_needs_no_decorator(arguments: str, tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    answer = f"[[1.0] * {len(tiny.item_ids)} for each in histories]" if arguments == "histories" else "history[::-1]"
    (tmp_path / "plain_code.py").write_text(f"def recommend_it({arguments}):\n    return {answer}\n")
    monkeypatch.delitem(sys.modules, "plain_code", raising=False)
    if "*" in arguments:
        with pytest.raises(DataError, match=r"plain_code:recommend_it has the arguments \(user_id, history, \*, k\), but"):
            open_code("plain_code:recommend_it", tiny)
        return
    history = tiny.history(tiny.user_ids[0])
    best = recommend(open_code("plain_code:recommend_it", tiny).model, request_at(history, 4), k=3, repeats=True)
    assert best and (arguments == "histories" or best[0].item_id == history.items[3])


class Regressor:
    """Scores as those of scikit-learn do: (X, y)."""

    def predict(self, rows: Any) -> Any:
        return rows

    def score(self, rows: Any, targets: Any) -> float:
        return 1.0


class ForUsers:
    """Recommends as implicit does, without a history."""

    def recommend(self, userid: str, user_items: Any) -> list[str]:
        return []


class Predicts:
    """Predicts only."""

    def predict(self, rows: Any) -> Any:
        return rows


@pytest.mark.parametrize(
    "thing", [Regressor(), ForUsers(), lambda history: history, Predicts(), Predicts, 3], ids=lambda each: str(type(each))
)
def test_code_that_cannot_be_called_as_a_recommender_is_refused_at_once(thing: Any, tiny: Dataset) -> None:
    with pytest.raises(DataError, match=r"recommend\(user_id, history, k\)"):
        wrap_model(thing, tiny, "mine")


class Raises:
    """An object of the code that fails wherever it is touched."""

    def __array__(self, *_arguments: Any, **_settings: Any) -> np.ndarray:
        raise RuntimeError("no array")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no items")

    def __str__(self) -> str:
        raise RuntimeError("no text")


class FailsOddly(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def fail(error: BaseException) -> Any:
    raise error


@pytest.mark.parametrize(
    "returned",
    [
        lambda n: Raises(),
        lambda n: np.full((n, 15), np.inf),
        lambda n: np.full((n, 15), 1e300),
        lambda n: np.ones((n, 15)) * 1j,
        lambda n: np.zeros((n, 15), dtype="M8[s]"),
        lambda n: sys.exit(3),
        lambda n: fail(GeneratorExit()),
        lambda n: fail(FailsOddly()),
    ],
    ids=["raises", "infinite", "too large", "complex", "dates", "exit", "generator", "odd error"],
)
def test_scores_that_cannot_be_ordered_and_code_that_ends_the_program(returned: Any, tiny: Dataset) -> None:
    def own(histories: list[list[str]]) -> Any:
        return returned(len(histories))

    model = wrap_model(own, tiny, "own").model
    with pytest.raises(DataError, match=r"^own "):
        model.score([request_at(tiny.history(tiny.user_ids[0]), 2)])


@pytest.mark.parametrize(
    "listed",
    [Raises(), [(Raises(), 1)], [("i01", "high")], [("i01", 10**400)], [("i01", float("inf"))]],
    ids=["raises", "id", "text", "huge", "infinite"],
)
def test_lists_that_are_none(listed: Any, tiny: Dataset) -> None:
    model = wrap_model(lambda user_id, history, k: listed, tiny, "own").model
    with pytest.raises(DataError, match=r"^own "):
        model.score([request_at(tiny.history(tiny.user_ids[0]), 2)])


def test_a_generator_without_end_is_cut(tiny: Dataset) -> None:
    model = wrap_model(lambda user_id, history, k: iter(lambda: "i03", None), tiny, "own").model
    best = recommend(model, request_at(tiny.history(tiny.user_ids[0]), 0))
    assert [each.item_id for each in best] == ["i03"]


@pytest.mark.parametrize("parameters", [{"alpha": 5}, {"alpha": (0, 1)}, {"alpha": ("a", "b", "c")}, {"alpha": (0, float("nan"), 0)}])
def test_parameters_that_are_not_three_numbers(parameters: dict[str, Any], tiny: Dataset) -> None:
    class Own:
        def score(self, histories: list[list[str]], alpha: float) -> np.ndarray:
            return np.zeros((len(histories), len(tiny.item_ids)))

    own = Own()
    own.parameters = parameters  # type: ignore[attr-defined]
    with pytest.raises(DataError, match=r"a parameter from|parameter alpha is"):
        wrap_model(own, tiny, "own")


@pytest.mark.parametrize(
    "body",
    [
        "import sys; sys.exit(3)",
        "def f(): raise SystemExit(3)",
        "def f(): raise GeneratorExit",
        "class f:\n    def __init__(self): exit(3)",
    ],
)
def test_modules_and_factories_that_end_the_program(body: str, tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    name = f"ending_{abs(hash(body))}"
    (tmp_path / f"{name}.py").write_text(body)
    with pytest.raises(DataError, match=name):
        open_code(f"{name}:f", tiny)


def test_an_import_without_end_is_given_up(tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(python_code, "PATIENCE", 0.2)
    (tmp_path / "waits_forever.py").write_text("import time\nwhile True: time.sleep(0.1)")
    with pytest.raises(DataError, match="did not return a model"):
        open_code("waits_forever:f", tiny)


def test_ctrl_c_in_a_factory_interrupts(tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "interrupted.py").write_text("def f(): raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        open_code("interrupted:f", tiny)

"""Fusing rankings: by the formula, and better than its parts where they know different things."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset, Request, Vocabulary, request_at
from recsys.core.errors import DataError
from recsys.core.split import split_interactions
from recsys.evaluation.replay import replay_history
from recsys.models.fusion import Fusion, FusionConfig


class FixedScores:
    """A part that returns the same given scores for every request."""

    config = FusionConfig()

    def __init__(self, dataset: Dataset, scores: Any):
        self.vocabulary, self.item_ids = Vocabulary(dataset.item_ids), dataset.item_ids
        self.say = scores

    def score(self, requests: list[Request]) -> np.ndarray:
        return np.array([self.say(request) for request in requests], dtype=np.float32).reshape(len(requests), len(self.item_ids))


def test_reciprocal_ranks_by_hand(tiny: Dataset) -> None:
    count = len(tiny.item_ids)
    up, down = FixedScores(tiny, lambda _: np.arange(count)), FixedScores(tiny, lambda _: -np.arange(count))
    made = Fusion.fit_parts(tiny, split_interactions(tiny, "last-out"), FusionConfig(kind="reciprocal"), {"up": up, "down": down})
    rank = np.arange(1, count + 1)
    np.testing.assert_allclose(made.score([Request(tiny.history("u00"))])[0], 1 / (60 + rank) + 1 / (60 + rank[::-1]), rtol=1e-5)


def test_weights_go_to_the_part_that_knows(tiny: Dataset) -> None:
    ends = {user: str(tiny.history(user).items[-2]) for user in tiny.user_ids}  # the validation events
    random = np.random.default_rng(0)

    def knowing(request: Request) -> np.ndarray:
        wanted = ends[str(request.history.user_id)]
        return (tiny.item_ids == wanted) * 3.0 + random.normal(size=len(tiny.item_ids))

    parts = {"knows": FixedScores(tiny, knowing), "guesses": FixedScores(tiny, lambda _: random.normal(size=len(tiny.item_ids)))}
    made = Fusion.fit_parts(tiny, split_interactions(tiny, "last-out"), FusionConfig(), parts)
    counts = dict(zip(made.models, made.weights.sum(axis=1), strict=True))
    assert counts["knows"] > 3 * counts.get("guesses", 0.0)
    history = tiny.history("u03")
    assert made.score([request_at(history, len(history) - 2)]).shape == (1, len(tiny.item_ids))


def test_events_that_no_part_could_bring_up_do_not_count_against_the_one_that_knows_the_others(
    make_dataset: Callable[..., Dataset],
) -> None:
    random = np.random.default_rng(0)
    dataset = make_dataset([(f"u{user:03}", f"i{item:03}") for user in range(90) for item in random.permutation(200)[:6]], repeats=False)
    ends = {user: str(dataset.history(user).items[-2]) for user in dataset.user_ids}

    def knowing(request: Request) -> np.ndarray:  # of every third person what came is first, of the others last
        came = dataset.item_ids == ends[str(request.history.user_id)]
        return random.normal(size=len(came)) + came * (4.0 if int(str(request.history.user_id)[1:]) % 3 == 0 else -8.0)

    parts = {"knows": FixedScores(dataset, knowing), "guesses": FixedScores(dataset, lambda _: random.normal(size=len(dataset.item_ids)))}
    made = Fusion.fit_parts(dataset, split_interactions(dataset, "last-out"), FusionConfig(), parts)
    counts = dict(zip(made.models, made.weights.sum(axis=1), strict=True))
    assert counts["knows"] > 1 and counts["knows"] > 2 * counts.get("guesses", 0.0)


def test_parts_that_are_worth_nothing_are_let_go(tiny: Dataset) -> None:
    ends = {user: str(tiny.history(user).items[-2]) for user in tiny.user_ids}
    right = FixedScores(tiny, lambda request: (tiny.item_ids == ends[str(request.history.user_id)]) * 1.0)
    nearly = FixedScores(tiny, lambda request: (tiny.item_ids == ends[str(request.history.user_id)]) * 1.0 + (tiny.item_ids == "i03") * 2.0)
    wrong = FixedScores(tiny, lambda request: (tiny.item_ids != ends[str(request.history.user_id)]) * 1.0)
    parts = {"wrong": wrong, "right": right, "nearly": nearly}
    learnt = Fusion.fit_parts(tiny, split_interactions(tiny, "last-out"), FusionConfig(), parts)
    assert "wrong" not in learnt.models
    assert learnt.weights.shape == (len(learnt.models), 2)
    chosen = Fusion.fit_parts(tiny, split_interactions(tiny, "last-out"), FusionConfig(kind="reciprocal", most=2), parts)
    assert list(chosen.models) == ["right", "nearly"]
    assert list(Fusion.fit_parts(tiny, split_interactions(tiny, "last-out"), FusionConfig(kind="reciprocal"), parts).models) == list(parts)


def test_one_part_is_no_fusion(tiny: Dataset) -> None:
    with pytest.raises(DataError, match="two models"):
        Fusion.fit_parts(tiny, split_interactions(tiny, "last-out"), FusionConfig(), {"up": FixedScores(tiny, lambda _: np.arange(15))})


@pytest.mark.parametrize("kind", ["learnt", "reciprocal"])
def test_one_pass_is_step_by_step(tiny: Dataset, trained: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    parts = {name: trained(name, tiny) for name in ("sasrec-time", "markov", "llm-lstm", "frequency")}
    weights = np.array([[1.0, 0.2], [0.5, 0.0], [0.3, 0.1], [0.0, 0.4]], dtype=np.float32)
    made = Fusion(tiny.item_ids, FusionConfig(kind=kind), parts, weights)
    history = max((tiny.history(user) for user in tiny.user_ids), key=len)
    items = history.items.copy()
    items[4] = "no such item"
    for whole in (history, replace(history, items=items), history.until(0)):
        stepwise = np.concatenate([made.score([request_at(whole, step)]) for step in range(len(whole) + 1)])
        trace = made.trace(whole)
        assert trace.states.shape[0] == len(whole) + 1
        np.testing.assert_allclose(made.score_trace(trace, np.arange(len(whole) + 1)), stepwise, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(made.score_trace(trace, np.array([len(whole), 0])), stepwise[[-1, 0]], rtol=1e-4, atol=1e-4)

    def never(*asked: Any) -> None:
        raise AssertionError("a part that traces is not asked step by step")

    monkeypatch.setattr(parts["sasrec-time"], "score", never)
    monkeypatch.setattr(parts["llm-lstm"], "score", never)
    interest = replay_history(made, history, True).interest
    assert interest is not None
    assert interest.shape == (len(history) + 1, trace.states.shape[1])


def test_long_histories_are_scored_a_few_steps_at_a_time(
    tiny: Dataset, trained: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def counting(request: Request) -> np.ndarray:
        asked.append(len(request.history))
        return np.arange(15) * len(request.history)

    made = Fusion(
        tiny.item_ids, FusionConfig(kind="reciprocal"), {"a": FixedScores(tiny, counting), "b": trained("markov", tiny)}, np.ones((2, 2))
    )
    history = tiny.history("u02")
    whole = replay_history(made, history, True)
    monkeypatch.setattr("recsys.models.fusion.ROWS_BYTES", 3 * 4 * len(tiny.item_ids))
    pieces = replay_history(made, history, True)
    np.testing.assert_array_equal(pieces.ranks, whole.ranks)
    assert asked == [*range(len(history) + 1)] * 2
    assert whole.interest is None  # nothing of this fusion has states

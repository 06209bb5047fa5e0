"""Curves and metrics of fidelity against the removal of events one by one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset, Request, request_at
from recsys.explain.explanation import Explanation, Player
from recsys.explain.fidelity.deletion import SHARES, correlate_ranks, event_weights, measure_fidelity
from recsys.explain.game import Game


def game_at(model: Any, dataset: Dataset, step: int = 9) -> Game:
    request = request_at(dataset.history("u03"), step)
    best = str(model.item_ids[int(np.argmax(model.score([request])[0]))])
    return Game(model, request, best)


def explained(game: Game, values: np.ndarray) -> Explanation:
    return Explanation(
        "made", game.item_id, game.step, "logit", "delete", game.players, values, np.zeros(len(values)), 0.0, 0.0, 0, 0.0, True
    )  # fmt: skip


@pytest.mark.parametrize("name", ["sasrec", "item-knn", "markov", "ease"])
def test_curves_are_the_model_s_own_answers(name: str, tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained(name, tiny)
    game = game_at(model, tiny)
    values = np.random.default_rng(4).normal(size=len(game.players))
    found = measure_fidelity(game, {"made": explained(game, values)}, k=3)
    curve, order = found.curves["made"], np.argsort(-values)
    request = request_at(tiny.history("u03"), 9)
    column = int(np.flatnonzero(model.item_ids == game.item_id)[0])
    assert list(curve.counts) == list(range(10))
    for at, count in enumerate(curve.counts):
        for gone, value, place in (
            (order[:count], curve.deleted[at], curve.deleted_ranks[at]),
            (order[count:], curve.kept[at], curve.kept_ranks[at]),
        ):
            asked = type(request)(request.history.without(gone), request.time, request.utc_offset)
            scores = model.score([asked])[0]
            assert value == pytest.approx(scores[column], rel=1e-4, abs=1e-5)
            beyond = np.abs(scores - scores[column]) > 1e-4
            assert abs(place - 1 - (scores[beyond] > scores[column]).sum()) <= (~beyond).sum()


def test_metrics_by_hand(tiny: Dataset, trained: Callable[..., Any]) -> None:
    game = game_at(trained("item-knn", tiny), tiny)
    found = measure_fidelity(game, {"made": explained(game, np.arange(9.0))}, k=3)
    curve, spread = found.curves["made"], float(game.scores(np.ones((1, 9), bool))[0].std())
    falls = (curve.deleted[0] - curve.deleted) / spread
    counts = [max(1, int(np.ceil(share * 9))) for share in SHARES]
    metrics = curve.metrics
    assert metrics["comprehensiveness"] == pytest.approx(np.mean([falls[count] for count in counts]), rel=1e-4)
    kept = (curve.kept[-1] - curve.kept) / spread
    assert metrics["sufficiency"] == pytest.approx(np.mean([kept[count] for count in counts]), rel=1e-4)
    assert metrics["deletion"] == pytest.approx(sum((falls[at] + falls[at + 1]) / 2 for at in range(9)) / 9, rel=1e-4)
    listed = curve.deleted_ranks <= 3
    assert metrics["pos@k"] == pytest.approx(sum((int(listed[at]) + int(listed[at + 1])) / 2 for at in range(9)) / 9)


def test_a_seen_item_is_measured_by_its_score(tiny: Dataset, trained: Callable[..., Any]) -> None:
    model, request = trained("ease", tiny), Request(tiny.history("u03"))
    taken = str(request.history.items[0])
    hidden, shown = (Game(model, request, taken, repeats=repeats) for repeats in (False, True))
    values = np.arange(float(len(shown.players)))
    ours, plain = (measure_fidelity(game, {"made": explained(game, values)}) for game in (hidden, shown))
    np.testing.assert_allclose(ours.curves["made"].deleted, plain.curves["made"].deleted, rtol=1e-5)
    assert np.ptp(plain.curves["made"].deleted) > 0 and np.isfinite(ours.share_beaten("made"))


def test_the_right_order_beats_chance_and_the_wrong_one_loses(order_only: Dataset, trained: Callable[..., Any]) -> None:
    """Of a sum, the order by its terms is the best there is; no item stands twice in this history."""
    request = request_at(order_only.history("u11"), 9)
    game = Game(trained("item-knn", order_only), request, str(order_only.history("u11").items[10]))
    alone = np.array([game.value(~np.eye(9, dtype=bool)[[at]])[0] for at in range(9)])
    right = game.score - alone
    found = measure_fidelity(game, {"right": explained(game, right), "wrong": explained(game, -right)}, k=3, orders=40)
    assert found.beats("right") == 1.0 and found.beats("right", "insertion") == 1.0  # nothing random is as good
    assert found.share_beaten("right") == 1.0 and found.share_beaten("wrong") == 0.0
    assert found.beats("wrong") == 0.0 and found.beats("wrong", "sufficiency") < 0.1
    assert found.agreement[0, 1] == pytest.approx(-1.0)


def test_groups_share_among_their_events(tiny: Dataset, trained: Callable[..., Any]) -> None:
    game = game_at(trained("item-knn", tiny), tiny)
    groups = game.with_players([Player("early", "group", (0, 1, 2)), *game.players[3:], Player("the time", "time")][:-1])
    found = explained(groups, np.array([6.0, *range(6)]))
    np.testing.assert_allclose(event_weights(found, range(9)), [2, 2, 2, 0, 1, 2, 3, 4, 5])


def test_grouped_events_are_compared_as_a_group(tiny: Dataset, trained: Callable[..., Any]) -> None:
    """Two exact explanations, one with a run of events as one player, agree on that run."""
    game = game_at(trained("item-knn", tiny), tiny)
    groups = game.with_players([Player("early", "group", (0, 1, 2, 3, 4)), *game.players[5:]])
    alone = np.array([7.0, -9.0, 8.0, -9.0, 3.5, 1.0, 2.0, 3.0, 4.0])
    found = measure_fidelity(game, {"alone": explained(game, alone), "together": explained(groups, np.array([0.5, 1.0, 2.0, 3.0, 4.0]))})
    assert found.agreement[0, 1] == pytest.approx(1.0)
    assert correlate_ranks(list(found.weights.values()))[0, 1] < 0.5  # what comparing event by event would say


def test_agreement_is_spearman_s() -> None:
    from scipy.stats import spearmanr

    random = np.random.default_rng(1)
    one, other = random.integers(0, 5, 30).astype(float), random.normal(size=30)
    assert correlate_ranks([one, other])[0, 1] == pytest.approx(spearmanr(one, other).statistic)
    assert np.isnan(correlate_ranks([one, np.zeros(30)])[0, 1])


@pytest.mark.parametrize("step", [0, 1, 2])
def test_the_shortest_histories(step: int, tiny: Dataset, trained: Callable[..., Any]) -> None:
    game = game_at(trained("sasrec", tiny), tiny, step)
    found = measure_fidelity(game, {"made": explained(game, np.zeros(step))})
    assert found.curves["made"].counts[-1] == step
    assert all(np.isfinite(value) for value in found.curves["made"].metrics.values())

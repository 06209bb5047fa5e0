"""Progressive explanations: rough first, complete at the end, and in less detail where there is no time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset, Event, Request, request_at
from recsys.core.errors import DataError, RecsysError
from recsys.explain import Game
from recsys.explain.progressive import explain_progressively
from recsys.models import MODELS


def game_of(name: str, model: Any, dataset: Dataset, step: int) -> Game:
    request = request_at(dataset.history("u03"), step)
    best = str(model.item_ids[int(np.argmax(model.score([request])[0]))])
    return Game(model, request, best, aware=MODELS[name].aware)


@pytest.mark.parametrize("name", ["sasrec-time", "item-knn", "markov"])
def test_explanations_become_complete(name: str, tiny: Dataset, trained: Callable[..., Any]) -> None:
    *rough, last = explain_progressively(game_of(name, trained(name, tiny), tiny, 9), k=3)
    assert rough[0].explanation.method == "leave-one-out" and all(each.activity for each in rough)
    assert last.activity == "" and last.explanation.method == "shapley" and last.rank == 1
    assert last.counterfactual is not None and abs(last.explanation.residual) < 1e-3
    assert set(last.others) | set(last.not_offered) == {
        "leave-one-out", "closed-form", "gradient", "integrated-gradients", "attention", "rollout"
    }  # fmt: skip
    assert last.fidelity is not None and set(last.fidelity.curves) == {"shapley", *last.others}


def test_without_time_few_players_still_hold_every_event(make_dataset: Callable[..., Dataset], trained: Callable[..., Any]) -> None:
    """A habit of sixty visits is one player, since it does not depend on a single one."""
    events = [("u03", f"i{at % 7}" if at % 2 else "home") for at in range(120)] + [("u04", f"i{at % 7}") for at in range(9)]
    dataset = make_dataset(events, name="habits")
    game = Game(trained("item-knn", dataset), request_at(dataset.history("u03"), 120), "home")
    *_, last = explain_progressively(game, patience=0.0)
    players = last.explanation.players
    assert len(players) < 20
    assert sorted(step for player in players for step in player.steps) == list(range(120))
    habit = next(player for player in players if player.item_id == "home" and len(player.steps) > 1)
    assert len(habit.steps) > 40
    assert abs(last.explanation.residual) < 1e-3 * abs(last.explanation.score - last.explanation.baseline)


@pytest.mark.parametrize("step", [0, 1])
def test_the_shortest_histories(step: int, tiny: Dataset, trained: Callable[..., Any]) -> None:
    *_, last = explain_progressively(game_of("sasrec", trained("sasrec", tiny), tiny, step))
    assert last.activity == "" and last.fidelity is None and len(last.explanation.values) == step


def test_unknown_items_have_no_contribution(tiny: Dataset, trained: Callable[..., Any]) -> None:
    history = tiny.history("u03").until(3)
    odd = Event("no such item", history.times[2], history.utc_offsets[2], tuple(history.places[2]))
    between = history.until(2).then(odd)
    last_one = Event(str(history.items[2]), history.times[2], history.utc_offsets[2], tuple(history.places[2]))
    model = trained("markov", tiny)
    request = Request(between.then(last_one))
    best = str(model.item_ids[int(np.argmax(model.score([request])[0]))])
    *_, last = explain_progressively(Game(model, request, best), k=1)
    assert [player.steps for player in last.explanation.players] == [(0,), (1,), (3,)]
    assert last.counterfactual is not None and 2 not in last.counterfactual.removed


def test_two_thousand_events_are_grouped(tiny: Dataset, trained: Callable[..., Any]) -> None:
    history = tiny.history("u03")
    columns = ("items", "times", "utc_offsets", "places", "behaviours", "ratings")
    long = replace(history, texts=None, **{name: np.concatenate([getattr(history, name)] * 300)[:2_000] for name in columns})
    *_, last = explain_progressively(Game(trained("sasrec-time", tiny), Request(long), "i05", aware=("time",)), k=15, patience=0.0)
    players = last.explanation.players
    assert len(players) < 30
    assert sorted(step for player in players for step in player.steps) == list(range(2_000))
    assert last.counterfactual is not None and last.fidelity is not None


@pytest.mark.parametrize("name", ["sasrec", "ease"])
def test_an_item_scored_minus_infinity_is_not_a_candidate(name: str, tiny: Dataset, trained: Callable[..., Any]) -> None:
    game = Game(trained(name, tiny), Request(tiny.history("u03"), candidates=("i01", "i02")), "i05")
    with pytest.raises(DataError, match=r"i05.*not a candidate"):
        list(explain_progressively(game))


def test_scores_that_are_not_numbers_name_the_model(tiny: Dataset, trained: Callable[..., Any]) -> None:
    class Broken:
        item_ids = trained("ease", tiny).item_ids

        def score(self, requests: Any) -> np.ndarray:
            return np.full((len(requests), len(self.item_ids)), np.nan, dtype=np.float32)

    with pytest.raises(RecsysError, match="Broken gave scores that are not numbers"):
        list(explain_progressively(Game(Broken(), Request(tiny.history("u03")), "i05")))

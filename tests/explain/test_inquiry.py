"""All that is asked of one recommendation: rough first, whole at the end, in less detail where there is no time."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset, request_at
from recsys.explain import Game
from recsys.explain.inquiry import inquire
from recsys.models import MODELS


def game_of(name: str, model: Any, dataset: Dataset, step: int) -> Game:
    request = request_at(dataset.history("u03"), step)
    best = str(model.item_ids[int(np.argmax(model.score([request])[0]))])
    return Game(model, request, best, aware=MODELS[name].aware)


@pytest.mark.parametrize("name", ["sasrec-time", "item-knn", "markov"])
def test_it_sharpens_until_nothing_is_left_to_do(name: str, tiny: Dataset, trained: Callable[..., Any]) -> None:
    *rough, last = inquire(game_of(name, trained(name, tiny), tiny, 9), k=3)
    assert rough[0].explanation.method == "leave-one-out" and all(each.doing for each in rough)
    assert last.doing == "" and last.explanation.method == "shapley" and last.place == 1
    assert last.counterfactual is not None and abs(last.explanation.residual) < 1e-3
    assert set(last.beside) | set(last.not_offered) == {
        "leave-one-out", "closed-form", "gradient", "integrated-gradients", "attention", "rollout"
    }  # fmt: skip
    assert last.fidelity is not None and set(last.fidelity.curves) == {"shapley", *last.beside}


def test_without_time_few_players_still_hold_every_event(make_dataset: Callable[..., Dataset], trained: Callable[..., Any]) -> None:
    """A habit of sixty visits is one player, since it hangs on no single one."""
    events = [("u03", f"i{at % 7}" if at % 2 else "home") for at in range(120)] + [("u04", f"i{at % 7}") for at in range(9)]
    dataset = make_dataset(events, name="habits")
    game = Game(trained("item-knn", dataset), request_at(dataset.history("u03"), 120), "home")
    *_, last = inquire(game, patience=0.0)
    players = last.explanation.players
    assert len(players) < 20
    assert sorted(step for player in players for step in player.steps) == list(range(120))
    habit = next(player for player in players if player.item_id == "home" and len(player.steps) > 1)
    assert len(habit.steps) > 40
    assert abs(last.explanation.residual) < 1e-3 * abs(last.explanation.score - last.explanation.baseline)


@pytest.mark.parametrize("step", [0, 1])
def test_the_shortest_histories(step: int, tiny: Dataset, trained: Callable[..., Any]) -> None:
    *_, last = inquire(game_of("sasrec", trained("sasrec", tiny), tiny, step))
    assert last.doing == "" and last.fidelity is None and len(last.explanation.values) == step

"""Groups of events for long histories, and the split of the strongest group."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.core import History, Request
from recsys.core.errors import DataError, UnknownNameError
from recsys.explain.explanation import Player
from recsys.explain.game import Game
from recsys.explain.grouping import MOST_EVENTS, MOST_GROUPS, group_players, refine_grouped_shapley
from tests.explain.games import FunctionModel, Value, game_of_function, history_of, sample_value

DAY = 86_400.0
MAY = 1_335_830_400.0  # Tuesday, 1 May 2012, UTC


def dated_game(days: list[float], value: Value | None = None, offset: float = 0.0) -> Game:
    history: History = replace(history_of(len(days)), times=MAY + DAY * np.array(days), utc_offsets=np.full(len(days), offset))
    return Game(FunctionModel(len(days), value or (lambda there: there.sum(axis=1))), Request(history), "wanted")


def steps_of(game: Game) -> list[tuple[int, ...]]:
    return [player.steps for player in game.players]


def test_sessions_are_cut_at_the_longest_pauses() -> None:
    days = np.sort(np.concatenate([10 * k + np.random.default_rng(k).uniform(0, 2, 3) for k in range(MOST_GROUPS)]))
    groups = group_players(dated_game(days.tolist()))
    assert steps_of(groups) == [(k, k + 1, k + 2) for k in range(0, 48, 3)]
    assert groups.players[0].label == "1 May 2012 to 2 May 2012, 3 events"
    assert groups.players[0].kind == "group"


def test_weeks_begin_on_monday_where_the_events_happened() -> None:
    sunday_night = [5.9, 6.1, 12.5, 14.0]  # the second is on Monday, 7 May, in UTC
    assert steps_of(group_players(dated_game(sunday_night), "weeks")) == [(0,), (1, 2), (3,)]
    assert steps_of(group_players(dated_game(sunday_night, offset=-240), "weeks")) == [(0, 1), (2,), (3,)]


def test_many_weeks_are_joined() -> None:
    groups = group_players(dated_game(np.arange(0, 400, 3.0).tolist()), "weeks")
    assert 2 < len(groups.players) <= MOST_GROUPS
    assert sum(map(len, steps_of(groups))) == 134


def test_rare_categories_are_one_group() -> None:
    game = game_of_function(60, lambda there: there.sum(axis=1))
    kinds = {f"e{i}": f"kind {i % 5}" if i < 30 else f"rare {i}" for i in range(59)}
    groups = group_players(game, "categories", kinds.get)
    assert len(groups.players) == MOST_GROUPS
    assert groups.players[0] == Player("kind 0, 6 events", "group", (0, 5, 10, 15, 20, 25))
    assert groups.players[-1].label == "other categories, 20 events"
    assert sorted(step for player in groups.players for step in player.steps) == list(range(60))


def test_a_single_event_is_not_a_group() -> None:
    groups = group_players(game_of_function(3, lambda there: there.sum(axis=1)))
    assert groups.players == tuple(Player(f"e{i}", "event", (i,), f"e{i}") for i in range(3))


def test_time_and_place_stay_players() -> None:
    history = replace(history_of(40), times=MAY + DAY * np.arange(40.0))
    game = Game(FunctionModel(40, lambda there: there.sum(axis=1)), Request(history), "wanted", aware=("time",))
    assert [player.kind for player in group_players(game).players[-2:]] == ["group", "time"]


def test_the_events_of_the_strongest_group_replace_it() -> None:
    worth = np.full(160, 0.01)
    worth[[71, 75]] = 3.0, -1.0
    game = game_of_function(160, lambda there: np.tanh(there @ worth))
    first, *_, last = refine_grouped_shapley(group_players(game), budget=2_000, seed=1)
    assert len(first.players) == MOST_GROUPS
    assert [player.kind for player in last.players].count("group") == MOST_GROUPS - 1
    assert last.players[last.strongest(1)[0]] == Player("e71", "event", (71,), "e71")
    assert sorted(step for player in last.players for step in player.steps) == list(range(160))
    assert abs(last.residual) < 1e-5
    assert last.evaluations <= 2_001
    assert last.evaluations == game.evaluations


def test_two_thousand_events_are_split_twice() -> None:
    worth = np.full(2_000, 0.001)
    worth[1_234] = 5.0
    *_, last = refine_grouped_shapley(group_players(game_of_function(2_000, lambda there: there @ worth)), budget=2_000, seed=1)
    assert last.players[last.strongest(1)[0]].steps == (1_234,)
    assert len(last.players) <= MOST_EVENTS
    assert last.values[last.strongest(1)[0]] == pytest.approx(5.0, abs=1e-3)


def test_an_empty_history_has_no_groups() -> None:
    game = game_of_function(0, lambda there: np.zeros(len(there)))
    (found,) = refine_grouped_shapley(group_players(game))
    assert found.players == ()


@pytest.mark.parametrize(
    ("by", "error", "message"),
    [("months", UnknownNameError, "months"), ("weeks", DataError, "no time"), ("categories", DataError, "no categories")],
)
def test_impossible_groupings_are_errors(by: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        group_players(game_of_function(5, sample_value("network", 5, np.random.default_rng(0))), by)

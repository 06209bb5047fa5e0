"""Adaptive players for long histories and slow models: the most important events as players of their own, the others in groups."""

import time
from dataclasses import dataclass

import numpy as np

from recsys.explain.explanation import Explanation, Player
from recsys.explain.game import Game
from recsys.explain.grouping import split_into_runs
from recsys.explain.methods.leave_one_out import explain_by_leave_one_out

MOST_EVENTS = 50  # with more events than this, events are always grouped
PER_PLAYER = 12  # evaluations per player for fairly precise values
SINGLE_EVENTS = (8, 20)  # fewest and most events that stay players of their own when the others are grouped
RUNS = 6  # groups of consecutive events into which the others are split
LEAST_PLAYERS = 12  # players of the first explanation that are always allowed, however slow the model is
TIMED_EVALUATIONS = 8  # coalitions that are evaluated to measure the pace
FIRST_SHARE = 4  # the first explanation may take one part in this many of the time


@dataclass(frozen=True)
class Pace:
    """Seconds that one evaluation of a game takes, and seconds that all evaluations of an explanation may take together (`patience`)."""

    seconds: float
    patience: float

    @property
    def evaluations(self) -> int:
        """The number of evaluations that `patience` allows."""
        return int(self.patience / max(self.seconds, 1e-7))


def measure_pace(game: Game, patience: float) -> Pace:
    """Measure the pace by leaving out each of the latest few players.

    No evaluation is wasted: `explain_roughly` needs the values of these coalitions, and the game caches them.
    """
    players = len(game.players)
    latest_left_out = ~np.eye(players, dtype=bool)[::-1][:TIMED_EVALUATIONS]
    began, evaluations = time.perf_counter(), game.evaluations
    game.value(np.concatenate([latest_left_out, np.ones((1, players), dtype=bool)]))
    return Pace((time.perf_counter() - began) / max(game.evaluations - evaluations, 1), patience)


def explain_roughly(game: Game, pace: Pace) -> Explanation:
    """Return a leave-one-out explanation: of every player if time allows, else of the latest events with the others in groups."""
    affordable = max(pace.evaluations // FIRST_SHARE, LEAST_PLAYERS)
    if len(game.players) <= affordable:
        return explain_by_leave_one_out(game)
    return explain_by_leave_one_out(_group_others(game, game.steps[-max(affordable - RUNS, RUNS) :]))


def group_adaptively(game: Game, first: Explanation, pace: Pace) -> Game:
    """Return a game in which the strongest events of the first explanation are single players and the others are grouped.

    The game itself is returned where time allows precise values for every player, and where grouping would leave about as many players.
    """
    n_events = len(game.steps)
    if n_events <= MOST_EVENTS and len(game.players) * PER_PLAYER <= pace.evaluations:
        return game
    n_single = int(np.clip(pace.evaluations // (2 * PER_PLAYER) - RUNS, *SINGLE_EVENTS))
    if n_events <= n_single + RUNS:
        return game
    strongest = [first.players[at] for at in first.strongest(len(first.players)) if first.players[at].kind == "event"]
    return _group_others(game, np.array(sorted(player.steps[0] for player in strongest[:n_single]), dtype=np.int64))


def _group_others(game: Game, single_steps: np.ndarray) -> Game:
    """Return the game with the events at `single_steps` as players of their own and all other events grouped.

    Other events of the explained item form one group, since in a habit no single repetition changes the score much, but all of them
    together do. The remaining events form runs of consecutive events.
    """
    single = [player for player in game.players if player.kind == "event" and player.steps[0] in single_steps]
    context = [player for player in game.players if player.kind in ("time", "place")]
    others = np.setdiff1d(game.steps, single_steps)
    same_item = others[game.full_request.history.items[others] == game.item_id]
    habit = [Player(game.item_id, "group", tuple(same_item.tolist()), game.item_id)] if len(same_item) else []
    others = np.setdiff1d(others, same_item)
    return game.with_players([*(split_into_runs(game, others, RUNS) if len(others) else []), *habit, *single, *context])

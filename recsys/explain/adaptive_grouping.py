"""Adaptive players for long histories and slow models: the most important events alone, all others in runs of consecutive events."""

import time
from dataclasses import dataclass

import numpy as np

from recsys.explain.explanation import Explanation, Player
from recsys.explain.game import Game
from recsys.explain.grouping import split_into_runs
from recsys.explain.methods.leave_one_out import explain_by_leave_one_out

WHOLE = 50  # most events that are all players of their own
PER_PLAYER = 12  # evaluations per player for fairly precise values
NAMED, RUNS = (8, 20), 6  # fewest and most events alone; runs of the others
LEAST_LEFT_OUT, TIMED = 12, 8
FIRST = 4  # the first explanation may take a quarter of the time


@dataclass(frozen=True)
class Pace:
    """Seconds of one evaluation of a game, and the patience in seconds for all of them."""

    seconds: float
    patience: float

    @property
    def evaluations(self) -> int:
        """The number of evaluations in that time."""
        return int(self.patience / max(self.seconds, 1e-7))


def measure_pace(game: Game, patience: float) -> Pace:
    """Measure the pace by leaving out each of the latest few players, whose values are needed in any case."""
    players = len(game.players)
    some = ~np.eye(players, dtype=bool)[::-1][:TIMED]
    began, before = time.perf_counter(), game.evaluations
    game.value(np.concatenate([some, np.ones((1, players), dtype=bool)]))
    return Pace((time.perf_counter() - began) / max(game.evaluations - before, 1), patience)


def explain_roughly(game: Game, pace: Pace) -> Explanation:
    """Return a leave-one-out explanation: of every player if time allows, else of the latest events and the rest in runs."""
    room = max(pace.evaluations // FIRST, LEAST_LEFT_OUT)
    if len(game.players) <= room:
        return explain_by_leave_one_out(game)
    return explain_by_leave_one_out(_isolate(game, game.steps[-max(room - RUNS, RUNS) :]))


def group_adaptively(game: Game, first: Explanation, pace: Pace) -> Game:
    """Return the game itself where time allows precise values, else one in which only the strongest events of the first explanation are alone."""
    events = len(game.steps)
    if events <= WHOLE and len(game.players) * PER_PLAYER <= pace.evaluations:
        return game
    named = int(np.clip(pace.evaluations // (2 * PER_PLAYER) - RUNS, *NAMED))
    if events <= named + RUNS:
        return game
    strongest = [first.players[at] for at in first.strongest(len(first.players)) if first.players[at].kind == "event"]
    return _isolate(game, np.array(sorted(player.steps[0] for player in strongest[:named]), dtype=np.int64))


def _isolate(game: Game, alone: np.ndarray) -> Game:
    """Return the game with these events alone, other events of the item itself as one player, and the rest in runs.

    An item of a weekly habit does not depend on any single event of it.
    """
    events = [player for player in game.players if player.kind == "event" and player.steps[0] in alone]
    context = [player for player in game.players if player.kind in ("time", "place")]
    rest = np.setdiff1d(game.steps, alone)
    own = rest[game.full_request.history.items[rest] == game.item_id]
    before = [Player(game.item_id, "group", tuple(own.tolist()), game.item_id)] if len(own) else []
    rest = np.setdiff1d(rest, own)
    return game.with_players([*(split_into_runs(game, rest, RUNS) if len(rest) else []), *before, *events, *context])

"""Long histories and slow models: the events that matter most play for themselves, all others in runs of neighbours."""

import time
from dataclasses import dataclass

import numpy as np

from recsys.explain.explanation import Explanation, Player
from recsys.explain.game import Game
from recsys.explain.grouping import in_runs
from recsys.explain.methods.leave_one_out import explain_by_leave_one_out

WHOLE = 50  # events that a regression can tell apart in a second
PER_PLAYER = 12  # evaluations that make a value fairly sharp
NAMED, RUNS = (8, 20), 6
LEAST_LEFT_OUT, TIMED = 12, 8
FIRST = 4  # the part of the time, one in so many, that the first look may take


@dataclass(frozen=True)
class Pace:
    """How long a model takes for one evaluation of a game, and how long one is ready to wait for all of them."""

    seconds: float
    patience: float

    @property
    def evaluations(self) -> int:
        """What can be asked in that time."""
        return int(self.patience / max(self.seconds, 1e-7))


def measure_pace(game: Game, patience: float) -> Pace:
    """By leaving out the latest few players, which will be asked anyway."""
    players = len(game.players)
    some = ~np.eye(players, dtype=bool)[::-1][:TIMED]
    began, asked = time.perf_counter(), game.evaluations
    game.value(np.concatenate([some, np.ones((1, players), dtype=bool)]))
    return Pace((time.perf_counter() - began) / max(game.evaluations - asked, 1), patience)


def rough_explanation(game: Game, pace: Pace) -> Explanation:
    """Leaving one out: every player where there is the time, else the latest events and the rest in runs."""
    room = max(pace.evaluations // FIRST, LEAST_LEFT_OUT)
    if len(game.players) <= room:
        return explain_by_leave_one_out(game)
    return explain_by_leave_one_out(_apart(game, game.steps[-max(room - RUNS, RUNS) :]))


def group_adaptively(game: Game, first: Explanation, pace: Pace) -> Game:
    """The game as it is where its values can be sharp in time, else with only those events alone that the first look found strongest."""
    events = len(game.steps)
    if events <= WHOLE and len(game.players) * PER_PLAYER <= pace.evaluations:
        return game
    named = int(np.clip(pace.evaluations // (2 * PER_PLAYER) - RUNS, *NAMED))
    if events <= named + RUNS:
        return game
    strongest = [first.players[at] for at in first.strongest(len(first.players)) if first.players[at].kind == "event"]
    return _apart(game, np.array(sorted(player.steps[0] for player in strongest[:named]), dtype=np.int64))


def _apart(game: Game, alone: np.ndarray) -> Game:
    """These events alone, other events of the item itself as one player, and the rest in runs: what somebody does every week hangs on no single time."""
    events = [player for player in game.players if player.kind == "event" and player.steps[0] in alone]
    context = [player for player in game.players if player.kind in ("time", "place")]
    rest = np.setdiff1d(game.steps, alone)
    own = rest[game.whole.history.items[rest] == game.item_id]
    before = [Player(game.item_id, "group", tuple(own.tolist()), game.item_id)] if len(own) else []
    rest = np.setdiff1d(rest, own)
    return game.with_players([*(in_runs(game, rest, RUNS) if len(rest) else []), *before, *events, *context])

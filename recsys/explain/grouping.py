"""Long histories in groups: sessions, weeks or categories as players, and the events of the weightiest group after all."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import numpy as np

from recsys.core.errors import DataError, unknown
from recsys.explain.explanation import Explanation, Player
from recsys.explain.game import Game
from recsys.explain.methods.shapley_values import BUDGET, FIRST, refine_shapley

GROUPINGS = ("sessions", "weeks", "categories", "runs")
MOST_GROUPS = 16
MOST_EVENTS = 50
"""Players that a regression can tell apart in a second: longer histories are played in groups."""
DAY = 86_400.0
MONDAY = 4 * DAY
"""1970 began on a Thursday."""

CategoryOf = Callable[[str], str | None]


def group_players(game: Game, by: str | None = None, category_of: CategoryOf | None = None) -> Game:
    """The game between at most 16 groups of events, with time and place as they were.

    sessions: cut at the longest pauses. weeks: calendar weeks, neighbours joined until they are few enough. categories: of the
    items, the rare ones together. runs: as many events each. Left out, sessions, or runs where times are unknown.
    """
    if by is not None and by not in GROUPINGS:
        raise unknown("way to group events", by, GROUPINGS)
    steps = game.steps
    times = _local_times(game, steps)
    by = by or ("runs" if times is None else "sessions")
    if by == "categories":
        if category_of is None:
            raise DataError("this data has no categories; group the events by sessions, weeks or runs")
        categories = [category_of(str(item)) or "no category" for item in game.known.history.items]
        parts = [_group(game, steps[rows], label) for label, rows in _by_category(np.array(categories, dtype=object))]
    elif by == "runs":
        parts = in_runs(game, steps, MOST_GROUPS)
    elif times is None:
        raise DataError(f"some of these events have no time, and so no {by}; group them by categories or runs")
    else:
        cuts = _pauses(times) if by == "sessions" else _weeks(times)
        parts = [_group(game, part) for part in np.split(steps, cuts) if len(part)]
    return game.with_players([*parts, *(player for player in game.players if player.kind in ("time", "place"))])


def refine_grouped_shapley(groups: Game, budget: int = BUDGET, seed: int = 0, first: int = FIRST) -> Iterator[Explanation]:
    """The values of groups, then those of the events of the weightiest, which play in its place beside the other groups.

    A third of the budget goes to the groups. Where the weightiest has too many events, they play in runs of neighbours first, and
    if one of those is weightiest of all, its events play in its place in turn.
    """
    since, share = groups.spent(), 3
    while True:
        left = budget - (groups.evaluations - since.evaluations)
        for explanation in refine_shapley(groups, max(2, left // share), seed, first, since):
            yield explanation
        opened = _opened(groups, explanation, always=share == 3)
        if share == 1 or opened is None:
            return
        groups, share = opened


def _opened(groups: Game, explanation: Explanation, always: bool) -> tuple[Game, int] | None:
    """The game in which the events of the weightiest group play for themselves, and what share of the budget it should get.

    None where there is no group, or unless `always`, where another player weighs more.
    """
    order = [at for at in explanation.strongest(len(groups.players)) if always or at == explanation.strongest(1)[0]]
    largest = next((at for at in order if groups.players[at].kind == "group"), None)
    if largest is None:
        return None
    room = max(2, MOST_EVENTS - len(groups.players) + 1)
    steps = np.array(groups.players[largest].steps)
    parts = in_runs(groups, steps, room if len(steps) <= room else room // 2)  # half is left for the second opening
    share = 2 if always and any(part.kind == "group" for part in parts) else 1
    return groups.with_players([*groups.players[:largest], *parts, *groups.players[largest + 1 :]]), share


def in_runs(game: Game, steps: np.ndarray, most: int) -> list[Player]:
    """Neighbours in at most `most` groups of about the same size."""
    return [_group(game, part) for part in np.array_split(steps, min(most, max(len(steps), 1))) if len(part)]


def _group(game: Game, steps: np.ndarray, label: str | None = None) -> Player:
    """Events as one player; one alone is an event and no group."""
    if len(steps) == 1:
        item_id = str(game.whole.history.items[steps[0]])
        return Player(item_id, "event", (int(steps[0]),), item_id)
    times = _local_times(game, steps)
    if label is None:
        label = f"events {steps[0] + 1:,} to {steps[-1] + 1:,}" if times is None else _days(times[0], times[-1])
    return Player(f"{label}, {len(steps)} events", "group", tuple(steps.tolist()))


def _local_times(game: Game, steps: np.ndarray) -> np.ndarray | None:
    """Seconds since 1970 on the clocks where the events happened (UTC where that is unknown); None unless all are known."""
    times, offsets = game.whole.history.times, game.whole.history.utc_offsets
    if times is None or not np.isfinite(times[steps]).all():
        return None
    return np.asarray(times[steps] + (0.0 if offsets is None else 60 * np.nan_to_num(offsets[steps])))


def _pauses(times: np.ndarray) -> np.ndarray:
    """Where a new session begins: after the longest pauses."""
    return np.sort(np.argsort(-np.diff(times), kind="stable")[: MOST_GROUPS - 1]) + 1


def _weeks(times: np.ndarray) -> np.ndarray:
    """Where a new week begins, or a new two weeks, three, …, so that there are few enough."""
    weeks = np.floor((times - MONDAY) / (7 * DAY))
    together = 1
    while len(cuts := np.flatnonzero(np.diff(np.floor((weeks - weeks[:1]) / together))) + 1) >= MOST_GROUPS:
        together += 1
    return cuts


def _by_category(categories: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Labels and rows, the most frequent category first; beyond 16 the rare ones are one group."""
    names, counts = np.unique(categories.astype(str), return_counts=True)
    names = names[np.argsort(-counts, kind="stable")]
    alone = names if len(names) <= MOST_GROUPS else names[: MOST_GROUPS - 1]
    parts = [(str(name), np.flatnonzero(categories == name)) for name in alone]
    rest = np.flatnonzero(~np.isin(categories.astype(str), alone))
    return [*parts, ("other categories", rest)] if len(rest) else parts


def _days(first: float, last: float) -> str:
    """ "3 May 2012" or "3 May 2012 to 5 June 2012"."""
    days = [datetime.fromtimestamp(each, UTC) for each in (first, last)]
    names = [f"{day.day} {day:%B %Y}" for day in days]
    return names[0] if names[0] == names[1] else f"{names[0]} to {names[1]}"

"""Players for long histories: groups of events by session, week or category, with the strongest group split into its events."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import numpy as np

from recsys.core.errors import DataError, unknown
from recsys.core.formatting import format_long_date, format_number
from recsys.core.translation import _, ngettext
from recsys.explain.explanation import Explanation, Player
from recsys.explain.game import Game
from recsys.explain.methods.shapley_values import BUDGET, FIRST, refine_shapley

GROUPINGS = ("sessions", "weeks", "categories", "runs")
MOST_GROUPS = 16
MOST_EVENTS = 50
"""Most players for single events; longer histories are grouped."""
DAY = 86_400.0
MONDAY = 4 * DAY
"""1970 began on a Thursday."""

CategoryOf = Callable[[str], str | None]


def group_players(game: Game, by: str | None = None, category_of: CategoryOf | None = None) -> Game:
    """Return the game between at most 16 groups of events, with time and place unchanged.

    sessions: cut at the longest pauses. weeks: calendar weeks, neighbours merged until there are few enough. categories: those of the
    items, rare ones merged. runs: consecutive events in equal numbers. By default sessions, or runs where times are unknown.
    """
    if by is not None and by not in GROUPINGS:
        raise unknown("grouping of events", by, GROUPINGS)
    steps = game.steps
    times = _local_times(game, steps)
    by = by or ("runs" if times is None else "sessions")
    if by == "categories":
        if category_of is None:
            raise DataError(_("this dataset has no categories; group the events by sessions, weeks or runs"))
        categories = [category_of(str(item)) or _("no category") for item in game.known_request.history.items]
        parts = [_group(game, steps[rows], label) for label, rows in _by_category(np.array(categories, dtype=object))]
    elif by == "runs":
        parts = split_into_runs(game, steps, MOST_GROUPS)
    elif times is None:
        raise DataError(
            _("some of these events have no time, so they cannot be grouped by {grouping}; group them by categories or runs", grouping=by)
        )
    else:
        cuts = _pauses(times) if by == "sessions" else _weeks(times)
        parts = [_group(game, part) for part in np.split(steps, cuts) if len(part)]
    return game.with_players([*parts, *(player for player in game.players if player.kind in ("time", "place"))])


def refine_grouped_shapley(groups: Game, budget: int = BUDGET, seed: int = 0, first: int = FIRST) -> Iterator[Explanation]:
    """Yield the values of groups, then those of the events of the strongest group beside the other groups.

    A third of the budget goes to the groups. Where the strongest group has too many events, it is split into runs first, and if one of
    these is the strongest player, that is split into its events in turn.
    """
    since, share = groups.mark_cost(), 3
    while True:
        left = budget - (groups.evaluations - since.evaluations)
        for explanation in refine_shapley(groups, max(2, left // share), seed, first, since):
            yield explanation
        split = _split_strongest(groups, explanation, always=share == 3)
        if share == 1 or split is None:
            return
        groups, share = split


def _split_strongest(groups: Game, explanation: Explanation, always: bool) -> tuple[Game, int] | None:
    """Return the game with the events of the strongest group as players, and 1 / its share of the remaining budget.

    None where there is no group or, unless `always`, where a single event is the strongest player.
    """
    order = [at for at in explanation.strongest(len(groups.players)) if always or at == explanation.strongest(1)[0]]
    largest = next((at for at in order if groups.players[at].kind == "group"), None)
    if largest is None:
        return None
    room = max(2, MOST_EVENTS - len(groups.players) + 1)
    steps = np.array(groups.players[largest].steps)
    parts = split_into_runs(groups, steps, room if len(steps) <= room else room // 2)  # half is left for the second split
    share = 2 if always and any(part.kind == "group" for part in parts) else 1
    return groups.with_players([*groups.players[:largest], *parts, *groups.players[largest + 1 :]]), share


def split_into_runs(game: Game, steps: np.ndarray, most: int) -> list[Player]:
    """Return consecutive events as at most `most` groups of about the same size."""
    return [_group(game, part) for part in np.array_split(steps, min(most, max(len(steps), 1))) if len(part)]


def _group(game: Game, steps: np.ndarray, label: str | None = None) -> Player:
    """Return events as one player; a single event is not a group."""
    if len(steps) == 1:
        item_id = str(game.full_request.history.items[steps[0]])
        return Player(item_id, "event", (int(steps[0]),), item_id)
    times = _local_times(game, steps)
    if label is None:
        label = _event_range(steps[0], steps[-1]) if times is None else _date_range(times[0], times[-1])
    name = ngettext("{label}, {count} event", "{label}, {count} events", len(steps), label=label)
    return Player(name, "group", tuple(steps.tolist()))


def _local_times(game: Game, steps: np.ndarray) -> np.ndarray | None:
    """Return local seconds since 1970 (UTC where the offset is unknown); None unless all times are known."""
    times, offsets = game.full_request.history.times, game.full_request.history.utc_offsets
    if times is None or not np.isfinite(times[steps]).all():
        return None
    return np.asarray(times[steps] + (0.0 if offsets is None else 60 * np.nan_to_num(offsets[steps])))


def _pauses(times: np.ndarray) -> np.ndarray:
    """Return the positions at which a new session begins: after the longest pauses."""
    return np.sort(np.argsort(-np.diff(times), kind="stable")[: MOST_GROUPS - 1]) + 1


def _weeks(times: np.ndarray) -> np.ndarray:
    """Return the positions at which a new week begins, or two weeks, three, …, so that there are few enough."""
    weeks = np.floor((times - MONDAY) / (7 * DAY))
    together = 1
    while len(cuts := np.flatnonzero(np.diff(np.floor((weeks - weeks[:1]) / together))) + 1) >= MOST_GROUPS:
        together += 1
    return cuts


def _by_category(categories: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Return labels and rows, the most frequent category first; beyond 16 the rare ones are one group."""
    names, counts = np.unique(categories.astype(str), return_counts=True)
    names = names[np.argsort(-counts, kind="stable")]
    alone = names if len(names) <= MOST_GROUPS else names[: MOST_GROUPS - 1]
    parts = [(str(name), np.flatnonzero(categories == name)) for name in alone]
    rest = np.flatnonzero(~np.isin(categories.astype(str), alone))
    return [*parts, (_("other categories"), rest)] if len(rest) else parts


def _event_range(first: int, last: int) -> str:
    return _("events {first} to {last}", first=format_number(first + 1), last=format_number(last + 1))


def _date_range(first: float, last: float) -> str:
    """Return "3 May 2012" or "3 May 2012 to 5 June 2012"."""
    days = [format_long_date(datetime.fromtimestamp(each, UTC)) for each in (first, last)]
    return days[0] if days[0] == days[1] else _("{first} to {last}", first=days[0], last=days[1])

"""The events of the simulated city: outings of one to four visits, some preceded by views and saves at home.

Every event has a cause. `CAUSES`: follow-up (the next step of view, save and visit of a place, or of one category after another), habit
(the same place at the same hour again), nearby (close to the previous place), taste (chosen for its category) and whim (chosen at
random). The first four can name the earlier event that caused them.
"""

from dataclasses import dataclass, field

import numpy as np

from recsys.simulation.categories import (
    FOLLOW,
    FOLLOW_CHANCE,
    HABIT_DAYS,
    HABIT_SLOT,
    IS_MEAL,
    IS_WORK,
    LATE_SLOTS,
    MINUTES,
    SLOT_CATEGORY,
    SLOT_DAYS,
    SLOT_HOURS,
    SLOT_PART,
    TO_WORK,
)
from recsys.simulation.drift_plan import Plan
from recsys.simulation.people import AFTER, AWAY, BASE, N_HABITS, NO_WORK, People
from recsys.simulation.places import Places

VIEW, SAVE, VISIT = range(3)
BEHAVIOURS = ("view", "save", "visit")
CAUSES = ("follow-up", "habit", "nearby", "taste", "whim")
FOLLOW_UP, HABIT, NEARBY, TASTE, WHIM = range(5)

EVENTS_PER_OUTING = 2.32  # of a planned outing; some outings coincide and become one
WHIM_CHANCE = 0.07
VIEW_CHANCE, SAVE_CHANCE = 0.5, 0.5
NEARBY_CHANCE = 0.18
NONE = -1
DAY = 1440  # minutes


@dataclass(eq=False)
class Outings:
    """All outings, one entry each: resident, day, version of the resident, slot, habit (or NONE) and local minute since the start."""

    person: np.ndarray
    day: np.ndarray
    version: np.ndarray
    slot: np.ndarray
    habit: np.ndarray
    minute: np.ndarray

    def __len__(self) -> int:
        return len(self.person)


@dataclass(eq=False)
class Log:
    """The events generated so far, in blocks; `cause` is the running number of an earlier event or NONE."""

    blocks: list[dict[str, np.ndarray]] = field(default_factory=list)
    size: int = 0

    def add(
        self, outing: np.ndarray, place: np.ndarray, minute: np.ndarray, behaviour: int, kind: np.ndarray | int, cause: np.ndarray | int
    ) -> np.ndarray:
        """Append a block and return the running numbers (n,) of its events."""
        number = np.arange(self.size, self.size + len(outing))
        self.size += len(outing)
        columns = {"number": number, "outing": outing, "place": place, "minute": minute}
        same = {"behaviour": np.asarray(behaviour), "kind": np.asarray(kind), "cause": np.asarray(cause)}
        self.blocks.append(columns | {name: np.broadcast_to(values, outing.shape) for name, values in same.items()})
        return number

    def columns(self) -> dict[str, np.ndarray]:
        return {name: np.concatenate([block[name] for block in self.blocks]) for name in self.blocks[0]}


def simulate_events(rng: np.random.Generator, people: People, places: Places, plan: Plan) -> tuple[Outings, dict[str, np.ndarray]]:
    """Return all outings, and all events as columns: number, outing, place, minute (local), behaviour, kind and cause."""
    outings = _outings(rng, people, plan)
    log = Log()
    anchor, kind = _anchors(rng, people, places, outings)
    cause = np.full(len(outings), NONE)
    viewed = _views(rng, people, places, plan, outings, anchor, kind, log)
    kind, cause = np.where(viewed >= 0, FOLLOW_UP, kind), np.where(viewed >= 0, viewed, cause)
    every = np.arange(len(outings))
    number = log.add(every, anchor, outings.minute, VISIT, kind, cause)
    _chains(rng, people, places, outings, anchor, number, log)
    return outings, log.columns()


def _outings(rng: np.random.Generator, people: People, plan: Plan) -> Outings:
    """Draw days in proportion to presence, and for each a habit of the resident or a spontaneous slot that the weekday allows."""
    expected = people.events / EVENTS_PER_OUTING * plan.presence.mean(axis=1)
    counts = np.maximum(rng.poisson(expected), 4)
    person = np.repeat(np.arange(len(people)), counts)
    days = plan.presence.shape[1]
    # One search for all residents at once: each resident's cumulative presence is shifted by the resident's number.
    cumulative = np.cumsum(plan.presence, axis=1, dtype=np.float64)
    cumulative /= cumulative[:, -1:]
    flat = (cumulative + np.arange(len(people))[:, None]).ravel()
    day = np.minimum(np.searchsorted(flat, person + rng.random(len(person)), side="right"), (person + 1) * days - 1) - person * days
    version = np.where(rng.random(len(person)) < plan.after[person, day], AFTER, BASE)
    version = np.where(rng.random(len(person)) < plan.away[person, day], AWAY, version)
    slot, habit = _slots(rng, people, person, day, version)
    hour = SLOT_HOURS[slot, 0] + rng.random(len(person)) * (SLOT_HOURS[slot, 1] - SLOT_HOURS[slot, 0])
    # A habit has a fixed hour for each resident, within some minutes.
    own = SLOT_HOURS[slot, 0] + (person * 7919 + habit * 104729) % 97 / 97 * (SLOT_HOURS[slot, 1] - SLOT_HOURS[slot, 0])
    hour = np.where(habit == NONE, hour, own + rng.normal(scale=0.12, size=len(person)))
    minute = day * DAY + (hour * 60).astype(np.int64)
    part = (person * days + day) * 4 + SLOT_PART[slot]
    first = np.sort(np.unique(part, return_index=True)[1])
    return Outings(*(column[first] for column in (person, day, version, slot, habit, minute)))


def _slots(
    rng: np.random.Generator, people: People, person: np.ndarray, day: np.ndarray, version: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the slot (n,) of each outing and its habit (n,), or NONE."""
    weekday = day % 7
    share, habits = people.habit_share[version, person], people.habit[version, person]
    habit_days = HABIT_DAYS / HABIT_DAYS.sum(axis=1, keepdims=True) * 7
    slot_days = SLOT_DAYS / SLOT_DAYS.sum(axis=1, keepdims=True) * 7
    by_habit = share * habit_days[habits, weekday[:, None]]
    free = (1 - share.sum(axis=1, keepdims=True)) * people.slots[version, person] * slot_days.T[weekday]
    option = _draw(rng, np.hstack([by_habit, free]) + 1e-12)
    is_habit = option < N_HABITS
    habit = np.where(is_habit, habits[np.arange(len(person)), np.minimum(option, N_HABITS - 1)], NONE)
    return np.where(is_habit, HABIT_SLOT[habit], option - N_HABITS), habit


def _anchors(rng: np.random.Generator, people: People, places: Places, outings: Outings) -> tuple[np.ndarray, np.ndarray]:
    """Draw the first place (n,) of every outing; also return the cause (n,) of the choice."""
    person, version = outings.person, outings.version
    taste = people.taste[version, person] * (SLOT_CATEGORY[outings.slot] + 0.004)
    whim = rng.random(len(outings)) < WHIM_CHANCE
    taste[whim] = ~IS_WORK
    category = _draw(rng, taste * ~IS_WORK + 1e-12)
    origin = people.origin(places, version, person, outings.slot)
    reach = np.where(whim, 3 * people.reach[person], people.reach[person])
    place = places.choose(rng, category, origin, reach, np.where(whim, 0.2, 1.0), people.liking, person)
    same = outings.habit[:, None] == people.habit[version, person]
    by_habit = people.habit_place[version, person][np.arange(len(outings)), np.argmax(same, axis=1)]
    is_habit = outings.habit != NONE
    return np.where(is_habit, by_habit, place), np.where(is_habit, HABIT, np.where(whim, WHIM, TASTE))


def _views(
    rng: np.random.Generator, people: People, places: Places, plan: Plan, outings: Outings, anchor: np.ndarray, kind: np.ndarray, log: Log
) -> np.ndarray:
    """Add views at home before some visits, of other places first, and a save of the visited place; return the last event's number (n,)."""
    last = np.full(len(outings), NONE)
    chance = np.where(np.isin(kind, (TASTE, WHIM)), VIEW_CHANCE, 0.0)
    saved = rng.random(len(outings)) < SAVE_CHANCE
    earlier = np.where(saved, rng.integers(0, 4, size=len(outings)), rng.integers(0, 2, size=len(outings)))
    evening = (outings.day - earlier) * DAY + (20.2 * 60 + rng.random(len(outings)) * 150).astype(np.int64)
    shortly = outings.minute - rng.integers(40, 150, size=len(outings))
    minute = np.where((earlier > 0) & (evening < outings.minute), evening, shortly)
    begun = _began(plan, outings)
    rows = np.flatnonzero((rng.random(len(outings)) < chance) & (minute >= np.maximum(begun, 0) * DAY + 30))
    others, seen = rng.choice(3, size=len(rows), p=[0.4, 0.4, 0.2]), anchor.copy()
    for nth in (2, 1):
        some = rows[others >= nth]
        person = outings.person[some]
        home = people.home[outings.version[some], person]
        other = places.choose(rng, places.category[anchor[some]], home, people.reach[person], np.ones(len(some)), people.liking, person)
        new = (other != anchor[some]) & (other != seen[some])
        seen[some] = other
        log.add(some[new], other[new], minute[some][new] - 4 * nth, VIEW, kind[some][new], NONE)
    last[rows] = log.add(rows, anchor[rows], minute[rows], VIEW, kind[rows], NONE)
    keep = rows[saved[rows]]
    last[keep] = log.add(keep, anchor[keep], minute[keep] + 3, SAVE, FOLLOW_UP, last[keep])
    return last


def _began(plan: Plan, outings: Outings) -> np.ndarray:
    """Return the first day (n,) of the version of each outing, so that no place is viewed before it."""
    begun = np.zeros(len(outings), dtype=np.int64)
    for drift in plan.drifts:
        version = AWAY if drift.kind == "temporary" else AFTER
        rows = slice(*np.searchsorted(outings.person, [drift.person, drift.person + 1]))
        late = (outings.version[rows] == version) & (outings.day[rows] >= drift.from_day)
        begun[rows] = np.where(late, drift.from_day, begun[rows])
    return begun


def _chains(
    rng: np.random.Generator, people: People, places: Places, outings: Outings, anchor: np.ndarray, number: np.ndarray, log: Log
) -> None:
    """Add up to two follow-ups after the first visit, and sometimes a place nearby."""
    rows, place, minute, cause = np.arange(len(outings)), anchor, outings.minute, number
    fed = IS_MEAL[places.category[anchor]]
    for damping in (1.0, 0.8):
        category = places.category[place]
        late = np.isin(outings.slot[rows], LATE_SLOTS)
        # After a meal the evening's follow-up differs, so that it depends on more than the last event.
        wanted = FOLLOW[category, np.where(late, np.where(fed[rows], 2, 1), 0)]
        work = people.work[outings.version[rows], outings.person[rows]]
        to_work = (wanted == TO_WORK) & (work != NO_WORK) & (outings.slot[rows] == 0)
        goes = (rng.random(len(rows)) < damping * FOLLOW_CHANCE[category]) & ((wanted >= 0) | to_work)
        following = work.copy()
        plain = np.flatnonzero(goes & ~to_work)
        following[plain] = _close(rng, people, places, wanted[plain], place[plain], outings.person[rows[plain]], 0.3)
        goes &= following != place
        stay = MINUTES[category] + rng.integers(5, 25, size=len(rows))
        near = ~goes & (rng.random(len(rows)) < NEARBY_CHANCE)
        _drop_in(rng, people, places, outings, rows[near], place[near], (minute + stay)[near], cause[near], log)
        rows, place, minute, before = rows[goes], following[goes], (minute + stay)[goes], cause[goes]
        cause = log.add(rows, place, minute, VISIT, FOLLOW_UP, before)
        fed[rows] |= IS_MEAL[places.category[place]]


def _drop_in(
    rng: np.random.Generator, people: People, places: Places, outings: Outings, rows: np.ndarray, place: np.ndarray,
    minute: np.ndarray, cause: np.ndarray, log: Log,
) -> None:  # fmt: skip
    """Add a visit to a place nearby, of a category that suits the hour."""
    category = _draw(
        rng, SLOT_CATEGORY[outings.slot[rows]] * np.bincount(places.category, minlength=SLOT_CATEGORY.shape[1]) * ~IS_WORK + 1e-12
    )
    found = _close(rng, people, places, category, place, outings.person[rows], 0.2)
    new = found != place
    log.add(rows[new], found[new], minute[new], VISIT, NEARBY, cause[new])


def _close(
    rng: np.random.Generator, people: People, places: Places, category: np.ndarray, place: np.ndarray, person: np.ndarray, reach: float
) -> np.ndarray:
    return places.choose(rng, category, places.plan[place], np.full(len(place), reach), np.full(len(place), 0.35), people.liking, person)


def _draw(rng: np.random.Generator, weights: np.ndarray) -> np.ndarray:
    """Draw one column (n,) for each row of weights (n, k), in proportion."""
    cumulative = np.cumsum(weights, axis=1)
    return (cumulative < rng.random((len(weights), 1)) * cumulative[:, -1:]).sum(axis=1)

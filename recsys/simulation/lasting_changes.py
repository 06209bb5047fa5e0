"""The lasting changes: each fills in the version AFTER of one resident and returns what changed into what."""

from collections.abc import Callable

import numpy as np

from recsys.simulation.categories import (
    AFTER_WORK,
    CATEGORY_NAMES,
    CODE,
    DAYTIME,
    EARLY,
    EVENING,
    HABIT_CATEGORY,
    HABIT_INTEREST,
    HABIT_SLOT,
    INTEREST_CATEGORY,
    INTEREST_NAMES,
    IS_WORK,
    LUNCH,
    NIGHT,
    SLOT_CATEGORY,
    WEEKEND_AFTERNOON,
    WEEKEND_MORNING,
    WORK_SLOTS,
)
from recsys.simulation.people import AFTER, AWAY, BASE, NO_WORK, People, pick_habits
from recsys.simulation.places import Places
from recsys.simulation.terrain import DISTRICT_CENTRES, DISTRICT_NAMES, scatter

_EARLY_BIRD = {EARLY: 0.32, LUNCH: 0.16, WEEKEND_MORNING: 0.28, DAYTIME: 0.20, WEEKEND_AFTERNOON: 0.04}
_NIGHT_OWL = {AFTER_WORK: 0.22, EVENING: 0.46, NIGHT: 0.32}
COMMUTE = 0  # the habit of an espresso on the way to work
_NEAR_WORK = ("espresso bar", "bakery", "deli", "ramen bar", "taqueria", "pub")


def move_home(rng: np.random.Generator, people: People, places: Places, person: int) -> tuple[str, str, str]:
    """Move a resident to a distant district."""
    old = int(people.home_district[BASE, person])
    work = int(people.work[BASE, person])
    new = far_district(rng, people.home[BASE, person], 4.0, None if work == NO_WORK else places.plan[work])
    people.home_district[AFTER, person] = new
    people.home[AFTER, person] = scatter(rng, np.array([new]))[0]
    return "moved house", DISTRICT_NAMES[old], DISTRICT_NAMES[new]


def change_work(rng: np.random.Generator, people: People, places: Places, person: int) -> tuple[str, str, str]:
    """Give a resident a distant new place of work, and most outings from work, without which the change would not be visible."""
    jobs = np.flatnonzero(IS_WORK[places.category])
    old = _far_job(rng, places, jobs, people.home[BASE, person])
    new = _far_job(rng, places, jobs, people.home[BASE, person], places.plan[old])
    people.work[:, person] = old
    weights = people.slots[BASE, person] * np.isin(np.arange(8), WORK_SLOTS)
    people.slots[:, person] = 0.85 * weights / weights.sum() + 0.15 * people.slots[BASE, person]
    commuting = np.flatnonzero(np.isin(HABIT_SLOT, WORK_SLOTS) & np.isin(HABIT_CATEGORY, [CODE[name] for name in _NEAR_WORK]))
    people.habit[:, person] = [COMMUTE, *rng.choice(commuting[commuting != COMMUTE], size=people.habit.shape[2] - 1, replace=False)]
    people.habit_share[:, person] *= 0.65 / people.habit_share[BASE, person].sum()
    people.settle_habits(rng, places, BASE, np.array([person]))
    people.work[AFTER, person] = new
    return "changed jobs", f"{places.names[old]}, {_district(places, old)}", f"{places.names[new]}, {_district(places, new)}"


def take_up_interest(rng: np.random.Generator, people: People, places: Places, person: int) -> tuple[str, str, str]:
    """Devote a resident to a new interest."""
    interest = _new_interest(rng, people, person)
    before = top_categories(people.taste[BASE, person])
    devote(rng, people, AFTER, person, INTEREST_CATEGORY[interest], HABIT_INTEREST[interest])
    return INTEREST_NAMES[interest], before, top_categories(INTEREST_CATEGORY[interest])


def drop_interest(rng: np.random.Generator, people: People, places: Places, person: int) -> tuple[str, str, str]:
    """Let a resident start devoted to an interest and return to an ordinary mix without it."""
    interest = _new_interest(rng, people, person)
    after = top_categories(people.taste[BASE, person])
    devote(rng, people, BASE, person, INTEREST_CATEGORY[interest], HABIT_INTEREST[interest])
    people.settle_habits(rng, places, BASE, np.array([person]))
    for versions in (people.taste, people.slots, people.habit, people.habit_share):
        versions[AWAY, person] = versions[BASE, person]
    return INTEREST_NAMES[interest], top_categories(INTEREST_CATEGORY[interest]), after


def reverse_rhythm(rng: np.random.Generator, people: People, places: Places, person: int) -> tuple[str, str, str]:
    """Change a resident's hours from mornings to evenings, or the reverse."""
    names, hours = ["mornings", "evenings"], [_EARLY_BIRD, _NIGHT_OWL]
    if rng.random() < 0.5:
        names, hours = names[::-1], hours[::-1]
    for version, slots in ((BASE, hours[0]), (AFTER, hours[1]), (AWAY, hours[0])):
        people.slots[version, person] = [slots.get(slot, 0.0) for slot in range(8)]
        used = people.slots[version, person] > 0
        people.habit[version, person] = pick_habits(rng, people.interest[[person]], used[None].astype(float))[0]
    people.settle_habits(rng, places, BASE, np.array([person]))
    return "hours", names[0], names[1]


def devote(rng: np.random.Generator, people: People, version: int, person: int, taste: np.ndarray, habits: np.ndarray) -> None:
    """Concentrate one version of a resident on a few categories, in the hours that suit them."""
    people.taste[version, person] = 0.96 * taste + 0.04 * people.taste[version, person]
    suits = SLOT_CATEGORY @ (taste > 0.1) > 0
    slots = people.slots[version, person] * np.where(suits, 1.0, 0.05)
    people.slots[version, person] = slots / slots.sum()
    fitting = np.flatnonzero(habits > 0)
    if len(fitting):
        people.habit[version, person] = rng.choice(fitting, size=people.habit.shape[2], replace=len(fitting) < people.habit.shape[2])
    else:
        people.habit_share[version, person] = 0


def far_district(rng: np.random.Generator, here: np.ndarray, kilometres: float, work: np.ndarray | None = None) -> int:
    """Draw a district at least this far away that is not near the place of work."""
    away = np.linalg.norm(DISTRICT_CENTRES - here, axis=1)
    if work is not None:
        away[np.linalg.norm(DISTRICT_CENTRES - work, axis=1) < 1.5] = 0
    return int(rng.choice(np.flatnonzero(away >= min(kilometres, away.max()))))


def _far_job(rng: np.random.Generator, places: Places, jobs: np.ndarray, *others: np.ndarray) -> int:
    """Draw a place of work at least three kilometres from all these points, or as far as possible, so that the change is visible."""
    away = np.min([np.linalg.norm(places.plan[jobs] - other, axis=1) for other in others], axis=0)
    return int(rng.choice(jobs[away >= min(3.0, away.max())]))


def _new_interest(rng: np.random.Generator, people: People, person: int) -> int:
    """Draw one of the resident's five weakest interests."""
    return int(rng.choice(np.argsort(people.interest[person])[:5]))


def top_categories(taste: np.ndarray) -> str:
    """Return the names of up to three main categories, as the truth table has them."""
    return ", ".join(CATEGORY_NAMES[code] for code in np.argsort(-taste)[:3] if taste[code] >= 0.1)


def _district(places: Places, place: int) -> str:
    return DISTRICT_NAMES[places.district[place]]


Change = Callable[[np.random.Generator, People, Places, int], tuple[str, str, str]]
CHANGES: dict[str, Change] = {
    "home": move_home,
    "work": change_work,
    "taste-up": take_up_interest,
    "taste-down": drop_interest,
    "rhythm": reverse_rhythm,
}
"""The function of each kind of change; it returns the detail, from_what and to_what of the truth table."""

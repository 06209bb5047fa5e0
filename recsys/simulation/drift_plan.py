"""The plan of all drifts: which residents change, when, how much and how suddenly. The truth table is written from it."""

from dataclasses import dataclass

import numpy as np

from recsys.simulation.categories import CATEGORY_NAMES, DAYTIME, EVENING, HABIT_SLOT, LUNCH, WEEKEND_AFTERNOON, WEEKEND_MORNING
from recsys.simulation.lasting_changes import CHANGES, devote, far_district, top_categories
from recsys.simulation.people import AFTER, AWAY, BASE, NO_WORK, People, derive_taste
from recsys.simulation.places import Places
from recsys.simulation.terrain import DISTRICT_NAMES, RESORT, scatter

FATES = {"stable": 0.55, "lasting": 0.30, "temporary": 0.15}
KINDS = {"home": 0.24, "work": 0.14, "taste-up": 0.24, "taste-down": 0.19, "rhythm": 0.19}
SIZES = {"abrupt total": 0.46, "gradual total": 0.32, "abrupt partial": 0.10, "gradual partial": 0.12}
TEMPORARY = {"season": 0.40, "trip": 0.33, "tourist": 0.27}
PARTIAL_SHARE = (0.33, 0.67)  # of the outings
GRADUAL_DAYS = (40, 80)
LEAST_EVENTS = (110, 160)  # expected in 18 months, of residents with a lasting change
ALSO_TRAVEL = 0.15  # of the residents with a lasting change

_SUMMER = {"beach": 0.5, "ice-cream parlour": 0.2, "park": 0.3}
_WINTER = {"swimming pool": 0.3, "museum": 0.3, "cinema": 0.4}
_SIGHTS = {"museum": 0.25, "gallery": 0.12, "trattoria": 0.22, "ice-cream parlour": 0.1, "wine bar": 0.1, "beach": 0.1, "food market": 0.11}


@dataclass
class Drift:
    """One planned change. Days count from the start of the simulation; `to_day` is the first day on which it is complete.

    `share` of the outings follow the new version from `to_day` on (or, for temporary ones, between the two days).
    """

    person: int
    kind: str
    detail: str
    size: str  # total or partial
    pace: str  # abrupt or gradual
    from_day: int
    to_day: int
    share: float
    from_what: str
    to_what: str


@dataclass(eq=False)
class Plan:
    """All drifts, with the shares of outings (P, days) that follow the versions `after` and `away`, and the activity `presence` (P, days)."""

    drifts: list[Drift]
    after: np.ndarray
    away: np.ndarray
    presence: np.ndarray


def plant_drifts(rng: np.random.Generator, people: People, places: Places, days: int, start: np.datetime64) -> Plan:
    """Plan the drifts of all residents in the documented proportions, and fill in the versions AFTER and AWAY of those who change."""
    fates = _draw_quota(rng, FATES, len(people))
    plan = Plan([], np.zeros((len(people), days), np.float32), np.zeros((len(people), days), np.float32), _everyday(rng, len(people), days))
    _late_joiners(rng, plan, np.flatnonzero(fates == "stable"), days)
    _lasting(rng, plan, people, places, np.flatnonzero(fates == "lasting"), days)
    _temporary(rng, plan, people, places, np.flatnonzero(fates == "temporary"), days, start)
    travellers = np.flatnonzero(fates == "lasting")
    for person in travellers[rng.random(len(travellers)) < ALSO_TRAVEL]:
        _trip(rng, plan, people, int(person), days)
    for version in (AFTER, AWAY):
        changed = sorted({drift.person for drift in plan.drifts})
        people.settle_habits(rng, places, version, np.array(changed, dtype=np.int64))
    plan.drifts.sort(key=lambda drift: (drift.person, drift.from_day))
    return plan


def _everyday(rng: np.random.Generator, people: int, days: int) -> np.ndarray:
    """Return the activity (P, days) common to all residents: weeks vary at random, and Saturdays are busier."""
    weeks = rng.gamma(4, 1 / 4, size=(people, days // 7 + 1))
    weekday = np.array([0.9, 0.9, 0.95, 1.0, 1.1, 1.2, 0.95])[np.arange(days) % 7]
    return (np.repeat(weeks, 7, axis=1)[:, :days] * weekday).astype(np.float32)


def _late_joiners(rng: np.random.Generator, plan: Plan, stable: np.ndarray, days: int) -> None:
    """Let one stable resident in ten join late, so that there are new users at any date."""
    for person in stable[rng.random(len(stable)) < 0.1]:
        joined = int(rng.integers(days // 10, days * 19 // 20))
        plan.presence[person, :joined] = 0


def _lasting(rng: np.random.Generator, plan: Plan, people: People, places: Places, who: np.ndarray, days: int) -> None:
    for person, kind, size in zip(who, _draw_quota(rng, KINDS, len(who)), _draw_quota(rng, SIZES, len(who)), strict=True):
        pace, extent = str(size).split()
        people.events[person] = max(people.events[person], rng.uniform(*LEAST_EVENTS) * days / 548)
        # At least 36 expected events on either side, because a change with fewer could not be detected.
        edge = float(np.clip(36 / people.events[person], 0.12, 0.36))
        middle = rng.uniform(edge, 1 - edge) * days
        length = min(int(rng.integers(GRADUAL_DAYS[0], GRADUAL_DAYS[1] + 1)), days // 4) if pace == "gradual" else 0
        from_day = int(np.clip(middle - length / 2, 1, days - length - 2))
        share = 1.0 if extent == "total" else float(rng.uniform(*PARTIAL_SHARE))
        if kind == "work" and people.work[BASE, person] == NO_WORK:
            kind = "home"
        detail, from_what, to_what = CHANGES[str(kind)](rng, people, places, int(person))
        plan.drifts.append(Drift(int(person), str(kind), detail, extent, pace, from_day, from_day + length, share, from_what, to_what))
        ramp = np.clip((np.arange(days) - from_day + 1) / (length + 1), 0, 1) if length else (np.arange(days) >= from_day).astype(float)
        plan.after[person] = share * ramp


def _temporary(
    rng: np.random.Generator, plan: Plan, people: People, places: Places, who: np.ndarray, days: int, start: np.datetime64
) -> None:
    for person, detail in zip(who, _draw_quota(rng, TEMPORARY, len(who)), strict=True):
        if detail == "tourist":
            _tourist(rng, plan, people, int(person), days)
        elif detail == "trip" or not _season(rng, plan, people, int(person), days, start):
            _trip(rng, plan, people, int(person), days)


def _season(rng: np.random.Generator, plan: Plan, people: People, person: int, days: int, start: np.datetime64) -> bool:
    """Give a resident another behaviour every summer or winter; return False if the simulated time has no such season."""
    months = (start + np.arange(days)).astype("datetime64[M]").astype(int) % 12 + 1
    summer = bool(rng.random() < 0.6)
    within = np.isin(months, (6, 7, 8) if summer else (12, 1, 2))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], within.astype(int), [0]])))
    windows = [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
    if not windows or within.mean() > 0.6:
        return False
    wanted = _SUMMER if summer else _WINTER
    taste = np.array([wanted.get(name, 0.0) for name in CATEGORY_NAMES])
    before = top_categories(people.taste[BASE, person])
    devote(rng, people, AWAY, person, taste, np.zeros(len(HABIT_SLOT)))
    share = float(rng.uniform(0.55, 0.85))
    for first, last in windows:
        plan.away[person, first:last] = share
        detail = "season: summer" if summer else "season: winter"
        plan.drifts.append(Drift(person, "temporary", detail, "partial", "abrupt", first, last, share, before, top_categories(taste)))
    return True


def _trip(rng: np.random.Generator, plan: Plan, people: People, person: int, days: int) -> None:
    """Give a resident one or two weeks in another district, with more outings than usual."""
    length = min(int(rng.integers(6, 15)), max(days // 6, 2))
    present = np.flatnonzero(plan.presence[person])
    first = int(rng.integers(present[0], max(days - length, present[0] + 1)))
    now = AFTER if plan.after[person, first] > 0.5 else BASE
    for versions in (people.taste, people.slots, people.habit, people.habit_share):
        versions[AWAY, person] = versions[now, person]
    new = far_district(rng, people.home[now, person], 3.5)
    people.home_district[AWAY, person] = new
    people.home[AWAY, person] = scatter(rng, np.array([new]))[0]
    people.work[AWAY, person] = NO_WORK
    plan.away[person, first : first + length] = 1
    plan.presence[person, first : first + length] *= 4
    old = DISTRICT_NAMES[people.home_district[now, person]]
    plan.drifts.append(Drift(person, "temporary", "trip", "total", "abrupt", first, first + length, 1.0, old, DISTRICT_NAMES[new]))


def _tourist(rng: np.random.Generator, plan: Plan, people: People, person: int, days: int) -> None:
    """Turn a resident into a tourist, who is present for some days, visits the sights and has no habits."""
    length = min(int(rng.integers(4, 15)), max(days // 4, 2))
    first = int(rng.integers(0, days - length + 1))
    stay = int(rng.choice([DISTRICT_NAMES.index("Old Harbour"), DISTRICT_NAMES.index("Cathedral Hill"), RESORT]))
    home = scatter(rng, np.array([stay]))[0]
    people.home[:, person], people.home_district[:, person], people.work[:, person] = home, stay, NO_WORK
    people.taste[:, person] = (
        0.9 * np.array([_SIGHTS.get(name, 0.0) for name in CATEGORY_NAMES]) + 0.1 * derive_taste(people.interest[[person]])[0]
    )
    people.habit_share[:, person] = 0
    people.slots[:, person] = np.bincount(
        [LUNCH, EVENING, DAYTIME, WEEKEND_MORNING, WEEKEND_AFTERNOON], [0.1, 0.3, 0.3, 0.1, 0.2], minlength=8
    )
    outside = np.ones(days, dtype=bool)
    outside[first : first + length] = False
    plan.presence[person, outside] = 0
    people.events[person] = rng.uniform(12, 36)
    plan.presence[person] /= max(plan.presence[person].mean(), 1e-9)
    plan.away[person, first : first + length] = 1
    plan.drifts.append(
        Drift(person, "temporary", "tourist", "total", "abrupt", first, first + length, 1.0, "elsewhere", DISTRICT_NAMES[stay])
    )


def _draw_quota(rng: np.random.Generator, shares: dict[str, float], count: int) -> np.ndarray:
    """Draw `count` names in exactly these shares (largest remainders), shuffled, so that small cities have the same mix."""
    exact = np.array(list(shares.values())) / sum(shares.values()) * count
    counts = exact.astype(int)
    counts[np.argsort(-(exact - counts), kind="stable")[: count - counts.sum()]] += 1
    return rng.permutation(np.repeat(np.array(list(shares)), counts))

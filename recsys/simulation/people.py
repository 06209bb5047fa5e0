"""The residents of the simulated city: homes, work, tastes, habits and friends, in versions before, after and during a change."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from recsys.simulation.categories import CODE, HABIT_CATEGORY, HABIT_INTEREST, HABIT_SLOT, INTEREST_CATEGORY, INTERESTS, IS_WORK, WORK_SLOTS
from recsys.simulation.descriptions import name_people
from recsys.simulation.places import Places
from recsys.simulation.terrain import DISTRICT_NAMES, DISTRICTS, scatter

BASE, AFTER, AWAY = range(3)
"""Versions of a resident: initial, after a lasting change, and during a season, a trip or a stay."""

N_HABITS = 3
NO_WORK = -1
# Worker, student, at home: shares of the population, and the distribution of their outings over SLOTS.
TYPES = np.array([0.62, 0.16, 0.22])
TYPE_SLOTS = np.array([
    (0.13, 0.15, 0.19, 0.20, 0.09, 0.11, 0.02, 0.11),
    (0.06, 0.12, 0.18, 0.22, 0.05, 0.10, 0.13, 0.14),
    (0.08, 0.05, 0.08, 0.14, 0.14, 0.16, 0.32, 0.03),
])  # fmt: skip


@dataclass(eq=False)
class People:
    """All residents. Arrays with a leading 3 hold the versions BASE, AFTER and AWAY; `plant_drifts` fills in the latter two.

    `events` (P,) expected number of events over the whole time; `home` (3, P, 2) kilometres; `work` (3, P) a place or NO_WORK;
    `interest` (P, interests) and `taste` (3, P, categories), rows sum to 1; `slots` (3, P, slots); `habit` (3, P, 3) indices of
    HABITS with their `habit_place` and `habit_share` (3, P, 3), the rest to 1 being spontaneous; `reach` (P,) kilometres
    that divide the probability of a visit by e; `liking` (P, places) personal preference for each place; `friends` (n, 2) pairs.
    """

    names: list[str]
    events: np.ndarray
    home: np.ndarray
    home_district: np.ndarray
    work: np.ndarray
    interest: np.ndarray
    taste: np.ndarray
    slots: np.ndarray
    habit: np.ndarray
    habit_place: np.ndarray
    habit_share: np.ndarray
    reach: np.ndarray
    liking: np.ndarray
    friends: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def ids(self) -> np.ndarray:
        width = max(4, len(str(len(self) - 1)))
        return np.array([f"p{number:0{width}d}" for number in range(len(self))], dtype=object)

    def origin(self, places: Places, version: np.ndarray, people: np.ndarray, slot: np.ndarray) -> np.ndarray:
        """Return the start (n, 2) of outings: work in the slots of a working day, otherwise home."""
        work = self.work[version, people]
        from_work = (work != NO_WORK) & np.isin(slot, WORK_SLOTS)
        return np.where(from_work[:, None], places.plan[work], self.home[version, people])

    def settle_habits(self, rng: np.random.Generator, places: Places, version: int, people: np.ndarray) -> None:
        """Choose a place for each habit of these residents in this version; a habit whose circumstances did not change keeps its place."""
        for k in range(N_HABITS):
            habit, versions = self.habit[version, people, k], np.full(len(people), version)
            origin = self.origin(places, versions, people, HABIT_SLOT[habit])
            found = places.choose(rng, HABIT_CATEGORY[habit], origin, 0.7 * self.reach[people], np.ones(len(people)), self.liking, people)
            if version != BASE:
                before = self.origin(places, np.zeros_like(versions), people, HABIT_SLOT[habit])
                same = (habit == self.habit[BASE, people, k]) & (np.abs(origin - before).sum(axis=1) < 1e-9)
                found = np.where(same, self.habit_place[BASE, people, k], found)
            self.habit_place[version, people, k] = found

    def to_frame(self) -> pd.DataFrame:
        """Return the user table: names, and the home district given when joining."""
        districts = [DISTRICT_NAMES[code] for code in self.home_district[BASE]]
        return pd.DataFrame({"user_id": self.ids, "name": self.names, "home_district": districts})

    def friends_to_frame(self) -> pd.DataFrame:
        """Return the friend table, every pair in both directions."""
        both = np.vstack([self.friends, self.friends[:, ::-1]])
        both = both[np.lexsort((both[:, 1], both[:, 0]))]
        return pd.DataFrame({"user_id": self.ids[both[:, 0]], "friend_id": self.ids[both[:, 1]]})


def build_people(rng: np.random.Generator, count: int, places: Places, days: int) -> People:
    """Draw the residents as they are before any change."""
    kind = rng.choice(len(TYPES), size=count, p=TYPES / TYPES.sum())
    district = rng.choice(len(DISTRICTS), size=count, p=np.array([each.homes for each in DISTRICTS]))
    home = scatter(rng, district)
    slots = _dirichlet(rng, 25 * TYPE_SLOTS[kind])
    interest = _dirichlet(rng, np.full((count, len(INTERESTS)), 0.3))
    friends = _friends(rng, home, interest)
    people = People(
        names=name_people(rng, count),
        events=_activity(rng, count) * days / 548,
        home=np.repeat(home[None], 3, axis=0),
        home_district=np.repeat(district[None], 3, axis=0),
        work=np.repeat(_work(rng, kind, home, places)[None], 3, axis=0),
        interest=interest,
        taste=np.repeat(derive_taste(interest)[None], 3, axis=0),
        slots=np.repeat(slots[None], 3, axis=0),
        habit=np.repeat(pick_habits(rng, interest, slots)[None], 3, axis=0),
        habit_place=np.zeros((3, count, N_HABITS), dtype=np.int64),
        habit_share=np.repeat(_habit_share(rng, count)[None], 3, axis=0),
        reach=np.clip(rng.lognormal(np.log(0.42), 0.4, size=count), 0.2, 1.3),
        liking=_liking(rng, count, len(places), friends),
        friends=friends,
    )
    people.settle_habits(rng, places, BASE, np.arange(count))
    people.habit_place[1:] = people.habit_place[BASE]
    return people


def derive_taste(interest: np.ndarray) -> np.ndarray:
    """Return shares of categories (n, categories) from shares of interests (n, interests), with a small share for every category."""
    return 0.92 * interest @ INTEREST_CATEGORY + 0.08 * ~IS_WORK / (~IS_WORK).sum()


def pick_habits(rng: np.random.Generator, interest: np.ndarray, slots: np.ndarray) -> np.ndarray:
    """Draw different habits (n, 3) that fit the interests and usual hours."""
    fit = (interest @ HABIT_INTEREST + 0.03) * (slots[:, HABIT_SLOT] + 0.002)
    return np.argsort(-(np.log(fit) + rng.gumbel(size=fit.shape)), axis=1)[:, :N_HABITS]


def _habit_share(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.clip(rng.beta(5, 6, size=(count, 1)), 0.15, 0.75) * _dirichlet(rng, np.full((count, N_HABITS), 2.0))


def _activity(rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw the expected events (n,) in 18 months of a resident who is always present: 88 on average, half below 70, some above 400."""
    raw = np.clip(rng.lognormal(np.log(68), 0.8, size=count), 42, 560)
    return raw * 88 / raw.mean()


def _work(rng: np.random.Generator, kind: np.ndarray, home: np.ndarray, places: Places) -> np.ndarray:
    """Draw a place of work (n,), more likely a near one; students go to a university; the third type has none."""
    work = np.full(len(kind), NO_WORK)
    jobs = np.flatnonzero(IS_WORK[places.category])
    university = places.category[jobs] == CODE["university"]
    away = np.linalg.norm(home[:, None] - places.plan[jobs][None], axis=2)
    worth = -away / 4 + rng.gumbel(size=away.shape)
    worth = np.where((kind == 1)[:, None] == university[None], worth, -np.inf)
    work[kind < 2] = jobs[np.argmax(worth, axis=1)][kind < 2]
    return work


def _friends(rng: np.random.Generator, home: np.ndarray, interest: np.ndarray) -> np.ndarray:
    """Draw pairs (n, 2) of residents who live near each other or share interests, about four friends each."""
    count, pairs = len(home), []
    for person in range(count - 1):
        others = np.arange(person + 1, count)
        near = -np.linalg.norm(home[others] - home[person], axis=1) / 2
        alike = 4 * interest[others] @ interest[person]
        wanted = min(len(others), int(rng.poisson(2)))
        best = np.argsort(-(near + alike + rng.gumbel(size=len(others))))[:wanted]
        pairs.append(np.column_stack([np.full(len(best), person), others[best]]))
    return np.vstack(pairs) if pairs else np.empty((0, 2), dtype=np.int64)


def _liking(rng: np.random.Generator, people: int, places: int, friends: np.ndarray) -> np.ndarray:
    """Draw the preference (people, places) for every place, strong enough for a few favourites and correlated among friends."""
    own = rng.normal(scale=1.8, size=(people, places)).astype(np.float32)
    of_friends, n_friends = np.zeros_like(own), np.zeros(people, dtype=np.float32)
    for one, other in ((0, 1), (1, 0)):
        np.add.at(of_friends, friends[:, one], own[friends[:, other]])
        np.add.at(n_friends, friends[:, one], 1)
    return own + 0.6 * of_friends / np.maximum(n_friends, 1)[:, None]


def _dirichlet(rng: np.random.Generator, weights: np.ndarray) -> np.ndarray:
    drawn = rng.gamma(weights) + 1e-9
    return drawn / drawn.sum(axis=1, keepdims=True)

"""The places of the simulated city, with position, category and appeal, and the choice of one of them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from recsys.simulation.categories import CATEGORIES, CATEGORY_NAMES, CODE
from recsys.simulation.descriptions import describe_places, name_places
from recsys.simulation.terrain import DISTRICT_NAMES, DISTRICTS, RESORT, scatter, to_degrees


@dataclass(frozen=True, eq=False)
class Places:
    """All places: `category` and `district` (n,) codes, `plan` (n, 2) kilometres east and north, `appeal` (n,) to all residents."""

    names: list[str]
    texts: list[str]
    category: np.ndarray
    district: np.ndarray
    plan: np.ndarray
    appeal: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def ids(self) -> np.ndarray:
        width = max(3, len(str(len(self) - 1)))
        return np.array([f"v{number:0{width}d}" for number in range(len(self))], dtype=object)

    @cached_property
    def of_category(self) -> list[np.ndarray]:
        """The numbers of the places of each category."""
        return [np.flatnonzero(self.category == code) for code in range(len(CATEGORIES))]

    @cached_property
    def degrees(self) -> np.ndarray:
        return np.round(to_degrees(self.plan), 5)

    def to_frame(self) -> pd.DataFrame:
        """Return the item table."""
        return pd.DataFrame(
            {
                "item_id": self.ids,
                "title": self.names,
                "text": self.texts,
                "category": [CATEGORY_NAMES[code] for code in self.category],
                "group": [CATEGORIES[code].group for code in self.category],
                "district": [DISTRICT_NAMES[code] for code in self.district],
                "latitude": self.degrees[:, 0],
                "longitude": self.degrees[:, 1],
            }
        )

    def choose(
        self, rng: np.random.Generator, category: np.ndarray, origin: np.ndarray, reach: np.ndarray,
        weight: np.ndarray, liking: np.ndarray, people: np.ndarray,
    ) -> np.ndarray:  # fmt: skip
        """Draw a place (n,) of each category (n,), by distance, by its appeal, and by the resident's liking (people, places).

        `origin` (n, 2) and `reach` (n,) in kilometres: a distance of `reach` divides the probability by e. `weight` (n,) scales the
        liking. One draw of Gumbel noise for each candidate samples in proportion, category by category, so that no array is n × places.
        """
        chosen = np.zeros(len(category), dtype=np.int64)
        for code in np.unique(category):
            rows, here = np.flatnonzero(category == code), self.of_category[code]
            away = np.linalg.norm(origin[rows, None] - self.plan[here][None], axis=2)
            worth = self.appeal[here] + weight[rows, None] * liking[people[rows][:, None], here[None]] - away / reach[rows, None]
            chosen[rows] = here[np.argmax(worth + rng.gumbel(size=worth.shape), axis=1)]
        return chosen


def build_places(rng: np.random.Generator, count: int) -> Places:
    """Draw places in the proportions of the catalogue, at least one of each category, spread over the districts."""
    category = _categories(rng, count)
    shops = np.array([each.places for each in DISTRICTS])
    jobs = np.array([each.jobs for each in DISTRICTS])
    work = np.array([CATEGORIES[code].group == "work" for code in category])
    district = np.where(work, rng.choice(len(DISTRICTS), size=count, p=jobs), rng.choice(len(DISTRICTS), size=count, p=shops))
    district[category == CODE["beach"]] = RESORT
    names = name_places(rng, category)
    return Places(
        names=names,
        texts=describe_places(rng, names, category, district),
        category=category,
        district=district,
        plan=scatter(rng, district),
        appeal=rng.normal(scale=1.5, size=count),
    )


def _categories(rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw categories by largest remainders of their shares, each at least once, in random order."""
    shares = np.array([each.share for each in CATEGORIES])
    exact = shares / shares.sum() * (count - len(shares))
    counts = 1 + exact.astype(int)
    short = count - counts.sum()
    counts[np.argsort(-(exact % 1), kind="stable")[:short]] += 1
    return rng.permutation(np.repeat(np.arange(len(shares)), counts))

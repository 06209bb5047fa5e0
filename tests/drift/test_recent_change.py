"""Recent changes against urns drawn from one event at a time, and on users whose interest changes or does not."""

import math

import numpy as np
import pandas as pd
import pytest

from recsys.core import Dataset
from recsys.datasets.build import build_dataset
from recsys.drift import FeatureSpace, build_feature_space
from recsys.drift.recent_change import EVIDENT, MIN_EVENTS, PRIOR_EVENTS, WINDOWS, find_recent_changes


def live(kinds: list[np.ndarray], days: float = 1.0, places: bool = False) -> Dataset:
    """One user for each array of kinds, an event every so many days, at an item of each kind."""
    n_items = int(max(each.max() for each in kinds)) + 1
    index = [f"i{at:02}" for at in range(n_items)]
    items = pd.DataFrame({"title": index, "category": [f"kind {at}" for at in range(n_items)]}, index=index)
    if places:
        items = items.assign(latitude=40 + np.arange(n_items) / 50, longitude=-74.0)
    return build_dataset(
        name="lived",
        title="Lived",
        interactions=pd.DataFrame({
            "user_id": np.repeat([f"u{at:03}" for at in range(len(kinds))], [len(each) for each in kinds]),
            "item_id": np.array(index)[np.concatenate(kinds)],
            "timestamp": pd.Timestamp("2024-01-01", tz="UTC")
            + pd.to_timedelta(np.concatenate([days * np.arange(len(each)) for each in kinds]), unit="D"),
        }),
        items=items,
        repeats=True,
    )  # fmt: skip


def find_at(dataset: Dataset, users: np.ndarray, steps: np.ndarray) -> np.ndarray:
    return find_recent_changes(dataset, build_feature_space(dataset), users, steps)


def slowly(dataset: Dataset, space: FeatureSpace, user: int, step: int) -> bool:
    """The mean Bayes factor by drawing event after event from two urns, one of which has seen the events before."""
    row, people = int(dataset.user_starts[user]), dataset.interactions["user_id"].tolist()
    views = [space.kinds[dataset.item_codes - 1]]
    if dataset.places is not None:
        views.append(space.areas_of(dataset.places))
    factors = []
    for codes in views:
        met, kept = set(), []
        for person, time, code in zip(people, dataset.times, codes, strict=True):
            kept.append((person, time // 86_400, code) not in met)
            met.add((person, time // 86_400, code))
        everyone = [code for code, keep in zip(codes, kept, strict=True) if keep]
        prior = {code: PRIOR_EVENTS * everyone.count(code) / len(everyone) for code in set(everyone)}
        for window in WINDOWS:
            if step < 2 * window:
                continue
            mine = [(code if keep else None) for code, keep in zip(codes[row : row + step], kept[row : row + step], strict=True)]
            factor, anew = 0.0, dict(prior)
            known = {code: weight + mine[:-window].count(code) for code, weight in prior.items()}
            for code in mine[-window:]:
                if code is not None:
                    factor += math.log(anew[code] / sum(anew.values())) - math.log(known[code] / sum(known.values()))
                    anew[code] += 1
                    known[code] += 1
            factors.append(math.exp(factor))
    return bool(factors) and float(np.mean(factors)) > EVIDENT


@pytest.mark.parametrize("days", [1.0, 0.2])
def test_the_evidence_is_that_of_two_urns(days: float) -> None:
    random = np.random.default_rng(4)
    kinds = [np.concatenate([random.integers(0, 4, 35), random.integers(2 + at, 6, 25)]) for at in range(3)]
    dataset = live(kinds, days, places=True)
    steps = np.arange(20, 60, 3)
    found = [find_at(dataset, np.full(len(steps), user), steps) for user in range(3)]
    expected = [[slowly(dataset, build_feature_space(dataset), user, step) for step in steps] for user in range(3)]
    assert np.array(found).tolist() == expected
    assert 0 < np.mean(expected) < 1


def test_later_events_change_nothing() -> None:
    random = np.random.default_rng(5)
    before, users, steps = random.integers(0, 6, 60), np.zeros(30, dtype=np.int64), np.arange(30, 60)
    others = random.integers(0, 6, 500)
    one, other = (
        find_at(live([np.concatenate([before, random.permutation(after)]), others]), users, steps)
        for after in (np.repeat(np.arange(6), 5), np.repeat(np.arange(6), 5))
    )
    assert one.tolist() == other.tolist()


def test_changes_are_found_and_steadiness_is_left_alone() -> None:
    random = np.random.default_rng(6)
    shares = random.dirichlet(np.full(8, 0.4), size=200)
    changed = random.dirichlet(np.full(8, 0.4), size=200)
    steady = [random.choice(8, size=120, p=each) for each in shares]
    changing = [
        np.concatenate([random.choice(8, size=80, p=one), random.choice(8, size=40, p=other)]) for one, other in zip(shares, changed)
    ]
    users = np.arange(200)
    dataset = live([*steady, *changing])
    assert find_at(dataset, users, np.full(200, 110)).mean() < 0.1, "one of EVIDENT at most"
    assert find_at(dataset, 200 + users, np.full(200, 80)).mean() < 0.1, "before the change"
    assert find_at(dataset, 200 + users, np.full(200, 110)).mean() > 0.8


def test_a_repeated_kind_of_one_day_counts_once() -> None:
    """A morning at one place is not a change of interest."""
    random = np.random.default_rng(7)
    dataset = live([np.concatenate([random.integers(0, 6, 60), np.full(15, 5)]), random.integers(0, 6, 300)])
    last = np.array([75])
    assert find_at(dataset, np.array([0]), last)[0]
    stamps = dataset.interactions["timestamp"].copy()
    stamps.iloc[60:75] = stamps.iloc[60]
    crowded = build_dataset(
        name="crowded", title="Crowded", interactions=dataset.interactions.assign(timestamp=stamps), items=dataset.items, repeats=True
    )
    assert not find_at(crowded, np.array([0]), last)[0]


def test_short_histories_and_data_without_kinds() -> None:
    random = np.random.default_rng(8)
    dataset = live([np.concatenate([np.zeros(15, dtype=int), np.full(14, 1)]), random.integers(0, 2, 50)])
    assert not find_at(dataset, np.array([0, 0]), np.array([0, MIN_EVENTS - 1])).any()
    plain = build_dataset(name="plain", title="Plain", interactions=dataset.interactions, items=dataset.items[["title"]], repeats=True)
    assert not find_at(plain, np.array([1]), np.array([50])).any()

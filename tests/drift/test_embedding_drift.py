"""Drift in embedding space against direct loops, scipy's distances and timelines with a known change."""

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cosine, jensenshannon

from recsys.core import Dataset
from recsys.drift import build_feature_space
from recsys.drift.detection.event_features import UserEvents, read_user_events
from recsys.drift.embedding_drift import (
    ALPHA,
    measure_change_support,
    measure_embedding_drift,
    measure_share_gap,
    measure_vector_gap,
    project_trajectory,
)
from tests.drift.test_report import ITEMS, dataset_of, random_timeline


def events(seed: int, count: int = 150, split: float | None = 250) -> UserEvents:
    dataset = dataset_of(*random_timeline(np.random.default_rng(seed), count, 500, split))
    return read_user_events(dataset, build_feature_space(dataset), "anna")


def clouds(found: UserEvents, seed: int, apart: float) -> np.ndarray:
    """One vector per event, around one point before day 250 and around another after."""
    assert found.times is not None
    random = np.random.default_rng(seed)
    after = (found.times - found.times[0]) / 86_400 >= 250
    return np.asarray(random.normal(size=(len(found), 24)) + 1 + apart * after[:, None] * np.eye(24)[0])


def test_trajectory_is_the_mean_of_the_latest_twenty_in_two_components() -> None:
    found, vectors = events(1), clouds(events(1), 1, 8.0)
    vectors[5] = 0
    way = project_trajectory(vectors, found.views["category"])
    assert way is not None
    known = np.abs(vectors).sum(axis=1) > 0
    centred = vectors[known] - vectors[known].mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    assert way.shares == pytest.approx((sizes**2 / (sizes**2).sum())[:2], abs=1e-4)
    flat = np.zeros((len(vectors), 2))
    flat[known] = centred @ directions[:2].T
    for step in (0, 4, 5, 30, len(vectors) - 1):
        latest = np.flatnonzero(known[: step + 1])[-20:]
        assert np.abs(way.path[step]) == pytest.approx(np.abs(flat[latest].mean(axis=0)), abs=1e-3)
    assert abs(way.path[-1, 0] - way.path[30, 0]) > 6, "the first direction is the one that changed"
    at = way.names.index("kind 3")
    inside = known & (found.views["category"].codes == found.views["category"].levels.index("kind 3"))
    assert np.abs(way.marks[at]) == pytest.approx(np.abs(flat[inside].mean(axis=0)), abs=1e-3)


def test_unknown_vectors_have_no_trajectory() -> None:
    found = events(1)
    vectors = np.zeros((len(found), 8))
    assert project_trajectory(vectors, found.views["category"]) is None
    assert measure_change_support(vectors, found, 0, 70, len(found)) is None
    assert not len(measure_vector_gap(vectors, found).steps)
    vectors[3:5] = 1.0
    assert project_trajectory(vectors, found.views["category"]) is None


def test_gaps_are_the_distances_of_scipy() -> None:
    found, vectors = events(2), clouds(events(2), 2, 3.0)
    gap, counted = measure_vector_gap(vectors, found), measure_share_gap(found)
    codes = found.views["category"].codes
    taken = np.eye(codes.max() + 1)[codes]
    for at in (0, 40, len(gap.steps) - 1):
        step = gap.steps[at]
        wanted = cosine(vectors[step - 20 : step].mean(axis=0), vectors[:step].mean(axis=0))
        assert gap.distances[at] == pytest.approx(wanted, abs=1e-9)
        divergence = jensenshannon(taken[step - 20 : step].mean(axis=0), taken[:step].mean(axis=0), base=2) ** 2
        assert counted.distances[at] == pytest.approx(divergence, abs=1e-9)


def test_gap_without_a_change_is_the_expected_one() -> None:
    ratios = []
    for seed in range(8):
        found = events(seed, split=None)
        gap = measure_vector_gap(clouds(found, seed, 0.0), found)
        ratios.append(float((gap.distances / gap.expected).mean()))
    assert np.mean(ratios) == pytest.approx(1, abs=0.25)
    found = events(3)
    gap = measure_vector_gap(clouds(found, 3, 3.0), found)
    assert (gap.distances / gap.expected).max() > 2


def test_vectors_support_real_changes_only() -> None:
    right, alarms = 0, 0
    for seed in range(40):
        found = events(seed)
        assert found.times is not None
        step = int(np.searchsorted(found.times, found.times[0] + 250 * 86_400))
        seen, unseen = (measure_change_support(clouds(found, seed, apart), found, 0, step, len(found)) for apart in (2.5, 0.0))
        assert seen is not None and unseen is not None
        right += seen.agrees and abs(seen.step - step) <= 10
        alarms += unseen.p_value <= ALPHA
    assert right >= 38
    assert alarms <= 5  # at .03 more than five of forty would come about one time in 500


def test_a_split_at_another_date_is_not_support() -> None:
    found = events(4)
    seen = measure_change_support(clouds(found, 4, 5.0), found, 0, 15, len(found))
    assert seen is not None and seen.p_value <= ALPHA and not seen.agrees


def test_every_change_is_tested_between_its_neighbours(make_dataset: Callable[..., Dataset]) -> None:
    """Steps instead of dates: three mixtures, and vectors that change with the first of the two changes alone."""
    random = np.random.default_rng(13)
    items = random.integers(0, 10, 240) + np.repeat([0, 10, 20], 80)
    pairs = [("anna", ITEMS[at]) for at in items] + [("zoe", item) for item in ITEMS]
    table = pd.DataFrame({"category": [f"kind {at // 10}" for at in range(40)]}, index=ITEMS)
    dataset = make_dataset(pairs, items=table)
    found = read_user_events(dataset, build_feature_space(dataset), "anna")
    vectors = random.normal(size=(240, 8)) + 4 * (np.arange(240) >= 80)[:, None]
    seen = measure_embedding_drift(vectors, found, [80, 160]).supports
    assert [each is not None and each.agrees for each in seen] == [True, False]


def test_a_trend_of_states_is_not_a_change() -> None:
    """States that move with the logarithm of the number of events: taken as they are they always break, as states hardly ever."""
    raw, settled, seen = 0, 0, 0
    for seed in range(30):
        found = events(seed, split=None)
        assert found.times is not None
        step = int(np.searchsorted(found.times, found.times[0] + 250 * 86_400))
        states = clouds(found, seed, 0.0) + np.outer(np.log(np.arange(1, len(found) + 1)), np.full(24, 1.0))
        for way, jump in (("raw", 0.0), ("settled", 0.0), ("seen", 6.0)):
            moved = states + jump * (np.arange(len(found)) >= step)[:, None] * np.eye(24)[0]
            (one,) = measure_embedding_drift(moved, found, [step], states=way != "raw").supports
            assert one is not None
            raw, settled, seen = (
                raw + (way == "raw" and one.p_value <= ALPHA),
                settled + (way == "settled" and one.p_value <= ALPHA),
                seen + (way == "seen" and one.agrees),
            )
    assert raw == 30 and settled <= 4 and seen >= 27


@pytest.mark.parametrize("count", [1, 3, 23])
def test_few_events_have_no_gap(count: int) -> None:
    dataset = dataset_of(np.arange(float(count)), np.arange(count))
    found = read_user_events(dataset, build_feature_space(dataset), "anna")
    seen = measure_embedding_drift(np.random.default_rng(0).normal(size=(count, 5)), found, [])
    assert (seen.trajectory is None) == (count < 3) and not len(seen.gap.steps) and seen.supports == ()
    if seen.trajectory is not None:
        assert np.isfinite(seen.trajectory.path).all()


def test_one_repeated_item_does_not_move() -> None:
    dataset = dataset_of(np.arange(100.0) * 4, np.full(100, 7))
    found = read_user_events(dataset, build_feature_space(dataset), "anna")
    seen = measure_embedding_drift(np.ones((100, 5)), found, [50])
    assert seen.trajectory is not None and np.ptp(seen.trajectory.path, axis=0) == pytest.approx([0, 0])
    assert seen.gap.distances == pytest.approx(0, abs=1e-9)
    assert seen.supports[0] is None or not seen.supports[0].agrees


def test_twenty_thousand_events_take_seconds() -> None:
    when, items = random_timeline(np.random.default_rng(11), 20_000, 900, 400)
    dataset = dataset_of(when, items)
    found = read_user_events(dataset, build_feature_space(dataset), "anna")
    step = int(np.searchsorted(when, 400))
    vectors = np.random.default_rng(1).normal(size=(20_000, 64)) + (np.arange(20_000) >= step)[:, None]
    began = time.process_time()
    seen = measure_embedding_drift(vectors, found, [step])
    assert time.process_time() - began < 20
    assert len(seen.gap.steps) <= 240 and seen.supports[0] is not None and seen.supports[0].agrees

"""Drift reports: planted changes are detected and dated, stable timelines have none, and unusual data does not fail."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.core import Dataset
from recsys.drift import DriftReport, build_feature_space, detect_drift
from recsys.drift.mobility import middle
from recsys.storage.serialization import to_json
from tests.conftest import build

START = pd.Timestamp("2024-01-01", tz="UTC")
ITEMS = [f"i{at:02}" for at in range(40)]
TABLE = pd.DataFrame(
    {
        "title": [f"Place {at}" for at in range(40)],
        "category": [f"kind {at % 8}" for at in range(40)],
        "latitude": 50 + 0.05 * (np.arange(40) // 10),
        "longitude": 8 + 0.05 * (np.arange(40) // 10),
    },
    index=ITEMS,
)


def dataset_of(days: np.ndarray, items: np.ndarray, table: pd.DataFrame = TABLE, user: str = "anna", **columns: Any) -> Dataset:
    """A dataset of one user, and of another with one event per item, so that every item has an event."""
    days = np.concatenate([days, np.arange(len(ITEMS)) * 3])
    stamps = START + pd.to_timedelta((days * 86_400).round(), unit="s")
    pairs = [(user, ITEMS[item]) for item in items] + [("zoe", item) for item in ITEMS]
    columns = {name: np.concatenate([values, np.full(len(ITEMS), np.nan)]) for name, values in columns.items()}
    return build(pairs, name="lived", items=table, timestamp=stamps, **columns)


def report_of(dataset: Dataset, user: str = "anna") -> DriftReport:
    return detect_drift(dataset, build_feature_space(dataset), user)


def random_timeline(random: np.random.Generator, count: int, days: int, split: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Times over so many days, and items: of the first half of the catalogue, after the split of the second."""
    when = np.sort(random.uniform(0, days, count))
    items = random.integers(0, 20, count)
    return when, items if split is None else np.where(when >= split, items + 20, items)


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), split=st.integers(120, 400))
def test_a_planted_change_is_found_and_dated(seed: int, split: int) -> None:
    when, items = random_timeline(np.random.default_rng(seed), 150, 520, split)
    found = report_of(dataset_of(when, items)).lasting
    assert len(found) == 1
    assert abs(found[0].time - (START.timestamp() + split * 86_400)) < 21 * 86_400
    assert found[0].low <= found[0].time <= found[0].high
    assert found[0].p_value <= 0.01 and found[0].size > 0.2


def test_date_intervals_cover_nine_of_ten() -> None:
    """Of 40 small changes at least 32 lie in their interval: the probability of fewer is one in seventy."""
    held = 0
    for seed in range(40):
        when, items = random_timeline(np.random.default_rng(seed), 200, 500, None)
        (found,) = report_of(dataset_of(when, np.where(when < 260, items, items + 8))).lasting[:1]
        held += found.low <= START.timestamp() + 260 * 86_400 <= found.high
    assert held >= 32


def test_stable_users_have_no_changes() -> None:
    """Of 60 stable users at most five have a false alarm: the probability of six is one in three hundred."""
    alarms = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        alarms += bool(report_of(dataset_of(*random_timeline(random, int(random.integers(40, 200)), 500, None))).lasting)
    assert alarms <= 5


def test_two_weeks_elsewhere_are_temporary() -> None:
    random = np.random.default_rng(5)
    when, items = random_timeline(random, 200, 500, None)
    away = np.sort(random.uniform(250, 262, 30))
    when, items = np.concatenate([when, away]), np.concatenate([items, random.integers(30, 40, 30)])
    order = np.argsort(when)
    report = report_of(dataset_of(when[order], items[order]))
    assert [change.kind for change in report.changes] == ["temporary"]
    assert "then back" in report.changes[0].words
    assert abs(report.changes[0].time - (START.timestamp() + 250 * 86_400)) < 5 * 86_400


def test_place_taste_and_rhythm_are_distinguished() -> None:
    random = np.random.default_rng(6)
    when = np.sort(random.integers(0, 500, 200).astype(float))
    after = when >= 250
    moved = np.where(after, 10, 0) + random.integers(0, 8, 200)
    turned = random.integers(0, 5, 200) * 8 + np.where(after, 4, 0) + random.integers(0, 4, 200)
    same = random.integers(0, 40, 200)
    late = when + np.where(after, 21.0, 7.0) / 24
    kinds = [
        report_of(dataset_of(days, items)).lasting[0].kind for days, items in ((when + 0.5, moved), (when + 0.5, turned), (late, same))
    ]
    assert kinds == ["place", "taste", "rhythm"]
    assert report_of(dataset_of(late, same)).lasting[0].words == "from early mornings to evenings"


def test_the_order_of_the_file_does_not_matter() -> None:
    random = np.random.default_rng(7)
    when, items = random_timeline(random, 120, 400, 200)
    shuffled = random.permutation(120)
    one, other = report_of(dataset_of(when, items)), report_of(dataset_of(when[shuffled], items[shuffled]))
    assert [change.time for change in one.changes] == [change.time for change in other.changes]
    assert np.array_equal(one.window_shares["category"], other.window_shares["category"])


def test_data_without_times_reports_steps() -> None:
    items = np.random.default_rng(8).integers(0, 20, 160)
    items[80:] += 20
    pairs = [("anna", ITEMS[at]) for at in items] + [("zoe", item) for item in ITEMS]
    table = pd.DataFrame({"category": [f"kind {at // 10}" for at in range(40)]}, index=ITEMS)
    report = report_of(build(pairs, name="steps", items=table))
    assert report.clock == "steps" and report.mobility.gap is None
    assert len(report.lasting) == 1 and abs(report.lasting[0].step - 80) <= 5
    assert report.plain()["changes"][0]["time"] == round(report.lasting[0].time)


def test_several_changes_have_their_own_steps() -> None:
    """Three mixtures one after another: each date is the step of its change, in order."""
    items = np.random.default_rng(13).integers(0, 10, 240) + np.repeat([0, 10, 20], 80)
    pairs = [("anna", ITEMS[at]) for at in items] + [("zoe", item) for item in ITEMS]
    table = pd.DataFrame({"category": [f"kind {at // 10}" for at in range(40)]}, index=ITEMS)
    found = report_of(build(pairs, name="steps", items=table)).lasting
    assert [round(change.time) for change in found] == [change.step for change in found]
    assert [abs(change.step - at) <= 5 for change, at in zip(found, (80, 160), strict=True)] == [True, True]


def test_a_temporary_change_has_a_beginning_and_an_end() -> None:
    """One mixture, another, and the first again: one temporary change with its end as the upper date."""
    items = np.random.default_rng(15).integers(0, 10, 240) + np.repeat([0, 10, 0], 80)
    pairs = [("anna", ITEMS[at]) for at in items] + [("zoe", item) for item in ITEMS]
    table = pd.DataFrame({"category": [f"kind {at // 10}" for at in range(40)]}, index=ITEMS)
    (found,) = report_of(build(pairs, name="steps", items=table)).changes
    assert found.kind == "temporary" and found.until is not None
    assert abs(found.step - 80) <= 5 and abs(found.until - 160) <= 5
    assert (found.time, found.high) == (found.step, found.until)


@pytest.mark.parametrize("count", [1, 3, 23])
def test_too_few_events_are_untested(count: int) -> None:
    report = report_of(dataset_of(np.arange(float(count)), np.arange(count)))
    assert report.untested is not None and not report.changes
    to_json(report.plain())


@pytest.mark.parametrize("days", [np.zeros(60), np.linspace(0, 1 / 1440, 60)], ids=["one moment", "one minute"])
def test_a_short_time_is_untested(days: np.ndarray) -> None:
    report = report_of(dataset_of(days, np.arange(60) % 40))
    assert "too short" in str(report.untested) and not report.changes
    to_json(report.plain())


def test_one_place_all_the_time() -> None:
    report = report_of(dataset_of(np.arange(100.0) * 4, np.full(100, 7)))
    assert not report.changes
    assert report.mobility.radius == pytest.approx(0, abs=1e-3) and report.mobility.step == pytest.approx(0, abs=1e-3)


def test_places_kinds_and_times_that_are_missing_here_and_there() -> None:
    random = np.random.default_rng(9)
    table = TABLE.copy()
    table.loc[ITEMS[::3], ["latitude", "longitude"]] = np.nan
    table.loc[ITEMS[::4], "category"] = None
    dataset = dataset_of(*random_timeline(random, 150, 500, 250), table=table)
    dataset.interactions.loc[dataset.interactions.index[::7], "timestamp"] = pd.NaT
    report = report_of(dataset)
    assert len(report.lasting) == 1
    to_json(report.plain())


def test_the_middle_is_right_at_the_poles_and_across_the_date_line() -> None:
    assert middle(np.array([[10.0, 179.0], [10.0, -179.0]]))[1] % 360 == pytest.approx(180)
    assert middle(np.array([[89.0, 0.0], [89.0, 90.0], [89.0, 180.0], [89.0, -90.0]]))[0] == pytest.approx(90)


@pytest.mark.parametrize("latitude,longitude", [(89.99, 0.0), (-89.99, 120.0), (0.0, 179.999)])
def test_distances_hold_at_any_latitude(latitude: float, longitude: float) -> None:
    """All within some hundred metres of one point, whatever the degrees say."""
    random = np.random.default_rng(10)
    north, east = random.normal(scale=0.001, size=(2, 40))
    table = TABLE.assign(
        latitude=np.clip(latitude + north, -90, 90),
        longitude=(longitude + east / max(np.cos(np.radians(latitude)), 1e-4) + 180) % 360 - 180,
    )
    report = report_of(dataset_of(*random_timeline(random, 100, 400, None), table=table))
    assert report.mobility.radius is not None and report.mobility.radius < 0.5
    assert report.mobility.near_home is not None and report.mobility.near_home > 0.9


def test_summer_time_does_not_move_a_habit() -> None:
    """Breakfast at eight by the clock of the place, before and after the clocks change: the hours stay, and UTC would see a change."""
    days = np.arange(0, 360, 2.0)
    offsets = np.where((days >= 90) & (days < 300), 120.0, 60.0)
    report = report_of(dataset_of(days + (8.5 - offsets / 60) / 24, np.arange(180) % 5, utc_offset=offsets))
    assert report.clock == "local time"
    assert (report.window_shares["hour"][:, 0] == 1).all() and not report.changes


def test_twenty_thousand_events_take_seconds() -> None:
    when, items = random_timeline(np.random.default_rng(11), 20_000, 900, 400)
    dataset = dataset_of(when, items)
    began = time.process_time()
    report = report_of(dataset)
    assert time.process_time() - began < 20
    assert len(report.lasting) == 1 and abs(report.lasting[0].time - START.timestamp() - 400 * 86_400) < 21 * 86_400


def test_home_by_nights_and_work_by_days() -> None:
    days = np.repeat(np.arange(0.0, 300), 2)
    hours = np.tile([22.0, 11.0], 300)
    report = report_of(dataset_of(days + hours / 24, np.tile([0, 35], 300)))
    assert report.mobility.home is not None and report.mobility.work is not None
    assert report.mobility.home.latitude == pytest.approx(50.0) and report.mobility.work.latitude == pytest.approx(50.15)


def test_items_without_categories_are_clustered(make_dataset: Callable[..., Dataset]) -> None:
    """Two groups of users that never share an item: no cluster mixes their items."""
    random = np.random.default_rng(12)
    pairs = [(f"u{user:02}", ITEMS[(user % 2) * 20 + item]) for user in range(40) for item in random.permutation(20)[:12]]
    feature_space = build_feature_space(make_dataset(pairs))
    assert feature_space.clustered and all(name.startswith("things like") for name in feature_space.kind_names)
    assert not set(feature_space.kinds[:20]) & set(feature_space.kinds[20:])


def test_events_without_a_place_are_left_out_of_mobility_only() -> None:
    """Every third event has no place: distances are those of the others, and the change is detected."""
    random = np.random.default_rng(14)
    when, items = random_timeline(random, 150, 500, 250)
    latitude, longitude = TABLE["latitude"].to_numpy()[items].copy(), TABLE["longitude"].to_numpy()[items].copy()
    latitude[::3] = longitude[::3] = np.nan
    report = report_of(dataset_of(when, items, latitude=latitude, longitude=longitude))
    known = report_of(dataset_of(when[np.arange(150) % 3 > 0], items[np.arange(150) % 3 > 0]))
    assert len(report.lasting) == 1
    assert report.mobility.radius == pytest.approx(known.mobility.radius, rel=1e-6)
    assert report.places is not None and np.isnan(report.places).any(axis=1).sum() == 50


@pytest.mark.parametrize("known,kind", [(False, "novelty"), (True, "return")])
def test_novelty_and_return_are_distinguished(known: bool, kind: str) -> None:
    """Two items of one category in one street at one hour: a change from one to the other is a change of items only."""
    items = np.where(np.arange(120) < 60, 0, 8)
    items[:60:6] = 8 if known else 0
    items[::4] = np.arange(30) % 3 + 1
    report = report_of(dataset_of(np.arange(120) * 4 + 0.5, items, TABLE.assign(category="bar", latitude=50.0, longitude=8.0)))
    (found,) = report.lasting
    assert found.kind == kind and found.words == "from Place 0 to Place 8"
    assert found.size > 0.3, "how different the places are, not their kinds"


def test_areas_are_named_after_items() -> None:
    feature_space = build_feature_space(dataset_of(np.arange(40.0), np.arange(40)))
    assert feature_space.area_names and all(name.startswith("around Place ") for name in feature_space.area_names)

"""Detection features against direct counts, and changes that only they detect."""

from dataclasses import replace

import numpy as np
import pandas as pd

from recsys.core import Dataset
from recsys.core.geography import kilometres_apart
from recsys.drift import DetectionConfig, build_feature_space, detect_drift
from recsys.drift.detection.change_date import date_change
from recsys.drift.detection.change_points import find_change_points
from recsys.drift.detection.event_features import UserEvents, read_user_events, strongest_features
from recsys.drift.detection.likelihood_ratio import block_counts
from tests.conftest import build
from tests.drift.test_report import ITEMS, TABLE, dataset_of, random_timeline

BASES = ("base", "nearest base in working hours", "nearest base at other hours")
OLD, NEW = (50.31, 8.31), (50.32, 8.39)  # two homes, far from every place


def events(dataset: Dataset, without: tuple[str, ...] = ()) -> UserEvents:
    found = read_user_events(dataset, build_feature_space(dataset), "anna")
    return replace(found, features={name: feature for name, feature in found.features.items() if name not in without})


def with_searches(random: np.random.Generator, when: np.ndarray, homes: np.ndarray, items: np.ndarray) -> Dataset:
    """Every third event is a search at home, within about 50 m; the others are at the item. The clock is local."""
    at = TABLE[["latitude", "longitude"]].to_numpy()[items]
    home = np.arange(len(when)) % 3 == 0
    at[home] = homes[home] + random.normal(scale=0.0005, size=(int(home.sum()), 2))
    return dataset_of(when, items, latitude=at[:, 0], longitude=at[:, 1], utc_offset=np.zeros(len(when)))


def test_bases_are_groups_of_search_places() -> None:
    when = np.arange(60) * 5.0
    after = when >= 150
    base = events(with_searches(np.random.default_rng(1), when, np.where(after[:, None], NEW, OLD), np.arange(60) % 40)).features["base"]
    home = np.arange(60) % 3 == 0
    assert base.codes.tolist() == np.where(home, np.where(after, 1, 0), -1).tolist()
    assert len(base.levels) == 2


def test_nearest_bases_have_two_or_more_events() -> None:
    """By the distance to each search and its group; a base with a single search is not used."""
    when = np.arange(66) * 5.0 / 24 * 11  # every 55 hours: at all hours of all days
    homes = np.where((when >= 75)[:, None], NEW, OLD)
    homes[33] = (60.0, 9.0)
    dataset = with_searches(np.random.default_rng(3), when, homes, np.arange(66) % 40)
    one = events(dataset)
    again = {0: OLD, 2: NEW}
    places = dataset.places[dataset.rows("anna")]
    expected = [min(again, key=lambda base: kilometres_apart(place, np.array(again[base]))) for place in places]
    found = [one.features[name].codes for name in BASES[1:]]
    assert np.maximum(*found).tolist() == expected
    assert (np.minimum(*found) == -1).all()
    assert all((codes >= 0).any() for codes in found)


def test_the_nearest_base_is_right_at_the_date_line() -> None:
    """Two homes a degree apart, one with searches on both sides of the line."""
    when = np.arange(60) * 5.0
    home = np.where((when >= 150)[:, None], (50.3, 179.0), (50.3, 179.9999))
    home[::6, 1] *= np.where(when[::6] >= 150, 1, -1)
    dataset = with_searches(np.random.default_rng(4), when, home, np.arange(60) % 40)
    found = [events(dataset).features[name].codes for name in BASES]
    there = found[0] >= 0
    assert there.any()
    assert np.maximum(*found[1:])[there].tolist() == found[0][there].tolist()


def test_number_of_bases_is_limited() -> None:
    random = np.random.default_rng(2)
    homes = np.column_stack([random.uniform(-80, 80, 600), random.uniform(-180, 180, 600)])
    base = events(with_searches(random, np.arange(600) * 1.0, homes, np.arange(600) % 40)).features["base"]
    assert len(base.levels) == base.codes.max() + 1 == 31


def test_a_move_visible_only_in_searches_is_detected() -> None:
    """The same items at the same hours, from another home two streets on, in the same area."""
    found = {}
    for without in ((), BASES):
        dates = []
        for seed in range(10):
            random = np.random.default_rng(seed)
            when, items = random_timeline(random, 120, 500, None)
            dataset = with_searches(random, when, np.where((when >= 240)[:, None], (50.31, 8.315), OLD), items)
            dates.append(
                [
                    (one.date.time / 86_400 - 19_723 - 240, one.z)
                    for one in find_change_points(events(dataset, without))
                    if one.until is None
                ]
            )
        found[without] = dates
    assert sum(len(each) == 1 and abs(each[0][0]) < 21 and max(each[0][1], key=each[0][1].__getitem__) == "area" for each in found[()]) >= 9
    assert sum(bool(each) for each in found[BASES]) <= 2


def test_areas_are_split_by_working_hours_only_on_a_local_clock() -> None:
    hours = np.arange(0, 21 * 24, 3.0)
    items = np.arange(len(hours)) % 40
    one = events(dataset_of(hours / 24, items, utc_offset=np.full(len(hours), 120.0)))
    stamps = pd.Timestamp("2024-01-01") + pd.to_timedelta(hours + 2, unit="h")
    working = np.array([stamp.dayofweek < 5 and 5 <= stamp.hour < 19 for stamp in stamps])
    area = one.views["area"].codes
    assert one.features["area in working hours"].codes.tolist() == np.where(working, area, -1).tolist()
    assert one.features["area at other hours"].codes.tolist() == np.where(working, -1, area).tolist()
    assert "area" not in one.features
    unknown = events(dataset_of(hours / 24, items)).features
    assert "area" in unknown and "area at other hours" not in unknown


def test_an_outing_begins_after_four_hours_without_events() -> None:
    when = np.array([0.0, 1.0, 4.5, 9.0, 12.9, 17.0]) / 24
    one = events(dataset_of(when, np.array([3, 4, 5, 6, 7, 8])))
    kinds = one.views["category"].codes
    assert one.features["outing"].codes.tolist() == [kinds[0], -1, -1, kinds[3], -1, kinds[5]]


def test_repeated_levels_count_once_a_day_and_first_events_twice() -> None:
    """Against a direct count of the same events in a table of days."""
    random = np.random.default_rng(4)
    when = np.sort(random.integers(0, 40 * 24, 150) / 24)
    one = events(dataset_of(when, random.integers(0, 40, 150)))
    view = one.views["category"]
    wanted = np.zeros((int(one.blocks[-1]) + 1, len(view.levels)), dtype=int)
    for begins_only in (False, True):
        days = {
            (block, day, kind)
            for block, day, kind, begins in zip(one.blocks, one.dates, view.codes, one.begins_outing, strict=True)
            if begins or not begins_only
        }
        for block, _, kind in days:
            wanted[block, kind] += 1
    assert np.array_equal(block_counts(view, one, one.blocks), wanted)


def test_first_events_of_outings_count_twice_for_the_date() -> None:
    """Every outing begins with one of two old things before one day and of two new things after another, and is followed by the reverse."""
    days = np.repeat(np.arange(0.0, 200), 2) + np.tile([0.4, 0.45], 200)
    begins = np.where(days < 80, 0, 20)
    follows = np.where(days < 120, 10, 30)
    items = np.where(np.arange(400) % 2 == 0, begins, follows) + np.arange(400) // 2 % 2
    one = events(dataset_of(days, items))
    z = {"category": 5.0}
    dated = date_change(one, 0, 400, z, 8)
    assert abs(dated.step - 160) <= 2
    assert abs(date_change(replace(one, begins_outing=~one.begins_outing), 0, 400, z, 8).step - 240) <= 2


def test_data_without_times_has_only_views() -> None:
    dataset = build([("anna", item) for item in ITEMS] + [("zoe", item) for item in ITEMS], name="steps", items=TABLE)
    found = events(dataset)
    assert set(found.features) == set(found.views)


def test_a_view_has_its_strongest_feature() -> None:
    z = {"base": 4.0, "area at other hours": 2.0, "outing": 1.0, "category": 3.0, "hour": -1.0}
    assert strongest_features(z) == {"area": "base", "category": "category", "hour": "hour"}


def test_a_change_is_measured_among_the_events_that_show_it() -> None:
    """Another place to work, seen on working days alone: the size is that of working hours, and says so."""
    random = np.random.default_rng(5)
    days = np.sort(random.integers(0, 500, 300)).astype(float)
    working = (days.astype(int) % 7 < 5) & (random.random(300) < 0.4)  # 1 January 2024 was a Monday
    items = np.where(working, np.where(days < 250, 0, 30), 10) + random.integers(0, 8, 300)
    dataset = dataset_of(days + np.where(working, 11, 20) / 24, items, utc_offset=np.zeros(300))
    (change,) = detect_drift(dataset, build_feature_space(dataset), "anna").lasting
    assert (change.kind, change.among["area"]) == ("place", "in working hours")
    assert change.sizes["area"] == change.size == 1.0


def test_changes_without_a_clear_date_are_dropped() -> None:
    when, items = random_timeline(np.random.default_rng(3), 150, 520, 260)
    one = events(dataset_of(when, items))
    (found,) = find_change_points(one)
    share = (found.date.high - found.date.low) / (one.times[-1] - one.times[0])  # type: ignore[index]
    assert len(find_change_points(one, config=DetectionConfig(max_date_share=share * 1.01))) == 1
    assert find_change_points(one, config=DetectionConfig(max_date_share=share * 0.99)) == []

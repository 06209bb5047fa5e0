"""Statistics of a dataset, counted by hand."""

import numpy as np
import pandas as pd
import pytest

from recsys.analysis.dataset_stats import summarize_dataset
from recsys.core import Dataset
from recsys.datasets.build import build_dataset


def made(**columns: list[object]) -> Dataset:
    events = pd.DataFrame({"user_id": ["a", "a", "a", "b"], "item_id": ["x", "y", "x", "x"], **columns})
    items = pd.DataFrame({"item_id": ["x", "y"]})
    return build_dataset(name="made", title="Made", interactions=events, items=items, repeats=True)


def test_order_only_data_has_no_weeks_and_no_hours() -> None:
    found = summarize_dataset(made())
    assert found.weeks is None and found.hours is None and found.first is None and found.busiest_hour() is None
    assert found.item_counts.tolist() == [3, 1]
    assert found.user_counts.tolist() == [3, 1]
    assert found.top_items == ("x", "y")
    assert found.share_of_top(0.1) == 0.75


def test_weeks_begin_on_monday_and_empty_ones_count() -> None:
    times = ["2024-01-01 00:00", "2024-01-07 23:59", "2024-01-15 12:00", "2023-12-31 23:59"]
    found = summarize_dataset(made(timestamp=pd.to_datetime(times)))
    assert found.weeks is not None and found.weekly is not None
    assert [str(week) for week in found.weeks] == ["2023-12-25", "2024-01-01", "2024-01-08", "2024-01-15"]
    assert found.weekly.tolist() == [1, 2, 0, 1]


def test_hours_are_local_where_the_offset_is_known() -> None:
    times = pd.to_datetime(["2024-01-01 03:00"] * 4)  # a Monday in UTC
    found = summarize_dataset(made(timestamp=times, utc_offset=[-240.0, -240.0, -240.0, np.nan]))
    assert found.hours is not None
    assert found.hours[6, 23] == 3  # Sunday evening by the clock of the place
    assert found.hours[0, 3] == 1
    assert found.local == pytest.approx(0.75)
    assert found.busiest_hour() == (6, 23)


def test_behaviours_and_ratings_are_counted() -> None:
    found = summarize_dataset(made(behaviour=["view", "view", "save", "view"], rating=[4.0, 5.0, np.nan, 4.0]))
    assert found.behaviours == {"view": 3, "save": 1}
    assert found.ratings == {4.0: 2, 5.0: 1}

"""Paths from a history to an item, counted by hand."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from recsys.analysis.knowledge_graph import Graph
from recsys.core import Dataset, Request
from recsys.core.split import split_interactions


@pytest.fixture
def city(make_dataset: Callable[..., Dataset]) -> Dataset:
    items = pd.DataFrame(
        {
            "title": ["Bean", "Cup", "Gym", "Far cup"],
            "category": ["cafe", "cafe", "sport", "cafe"],
            "latitude": [40.0, 40.002, 41.0, 45.0],
            "longitude": [-73.0, -73.0, -73.0, -73.0],
        },
        index=["bean", "cup", "gym", "far"],
    )
    ann, ben, cat = (["ann"] * 5, ["ben"] * 5, ["cat"] * 5)
    took = ["bean", "bean", "gym", "bean", "gym", "bean", "cup", "gym", "bean", "cup", "cup", "bean", "bean", "cup", "far"]
    start = pd.Timestamp("2024-01-01 08:00", tz="UTC")
    return make_dataset(
        list(zip(ann + ben + cat, took, strict=True)), items=items, timestamp=[start + pd.Timedelta(days=d % 5) for d in range(15)]
    )


def test_paths_say_what_can_be_counted(city: Dataset) -> None:
    graph, history = Graph(city, split_interactions(city, "last-out")), city.history("ann")
    found = {path.kind: path for path in graph.paths(history, "cup", most=9)}
    assert set(found) == {"category", "place", "people"}
    assert (found["category"].events, found["category"].words) == (3, "3 of 5 events were cafe, such as Bean")
    assert found["place"].words == "220 m from Bean, where 3 of 5 events were"
    assert found["people"].words == "2 of 3 people who took Bean took it too"


def test_what_was_taken_before_is_said_and_its_hour(city: Dataset) -> None:
    graph, history = Graph(city, split_interactions(city, "last-out")), city.history("ann")
    morning = Request(history, time=float(history.times[-1]) + 86_400.0)
    found = {path.kind: path.words for path in graph.paths(history, "bean", most=9, request=morning)}
    assert found["again"] == "taken 3 times before"
    assert found["hour"] == "taken 3 times in the morning"


def test_held_back_events_connect_nothing(city: Dataset) -> None:
    """cat's last event is the test event: nobody took the far cup in training."""
    found = Graph(city, split_interactions(city, "last-out")).paths(city.history("ann"), "far", most=9)
    assert {path.kind for path in found} == {"category"}


def test_nothing_known_no_path(city: Dataset) -> None:
    graph = Graph(city, split_interactions(city, "last-out"))
    assert graph.paths(city.history("ann").until(0), "cup") == []
    assert graph.paths(city.history("ann"), "nowhere") == []
    assert np.isfinite([path.share for path in graph.paths(city.history("ben"), "cup")]).all()

"""Paths from a history to an item, counted by hand."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from recsys.analysis.knowledge_graph import KnowledgeGraph
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


def test_paths_state_counts(city: Dataset) -> None:
    graph, history = KnowledgeGraph(city, split_interactions(city, "last-out")), city.history("ann")
    found = {path.kind: path for path in graph.find_paths(history, "cup", most=9)}
    assert set(found) == {"category", "place", "users"}
    assert (found["category"].events, found["category"].words) == (3, "3 of 5 events were cafe, such as Bean")
    assert found["place"].words == "220 m from Bean, where 3 of 5 events took place"
    assert found["users"].words == "2 of 3 users who chose Bean chose it too"


def test_earlier_events_of_the_item_and_their_hour_are_paths(city: Dataset) -> None:
    graph, history = KnowledgeGraph(city, split_interactions(city, "last-out")), city.history("ann")
    morning = Request(history, time=float(history.times[-1]) + 86_400.0)
    found = {path.kind: path.words for path in graph.find_paths(history, "bean", most=9, request=morning)}
    assert found["again"] == "chosen 3 times before"
    assert found["hour"] == "chosen 3 times at this time of day (morning)"


def test_held_back_events_connect_nothing(city: Dataset) -> None:
    """cat's last event is the test event: nobody took the far cup in training."""
    found = KnowledgeGraph(city, split_interactions(city, "last-out")).find_paths(city.history("ann"), "far", most=9)
    assert {path.kind for path in found} == {"category"}


def test_nothing_known_no_path(city: Dataset) -> None:
    graph = KnowledgeGraph(city, split_interactions(city, "last-out"))
    assert graph.find_paths(city.history("ann").until(0), "cup") == []
    assert graph.find_paths(city.history("ann"), "nowhere") == []
    assert np.isfinite([path.share for path in graph.find_paths(city.history("ben"), "cup")]).all()

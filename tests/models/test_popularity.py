"""Popularity of three kinds, by hand."""

from collections.abc import Callable
from math import asin, cos, exp, radians, sin, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import Dataset, Event, History, Request, empty_history
from recsys.core.errors import DataError
from recsys.core.geography import kilometres
from recsys.core.split import TRAIN, Split, split_interactions
from recsys.datasets import read_file
from recsys.models import MODELS, build_config
from recsys.models.popularity import Popularity, _DecayingCounts

DAY = 86_400


def all_train(dataset: Dataset) -> Split:
    return Split("last-out", np.full(len(dataset.interactions), TRAIN, dtype=np.int8))


def fit(name: str, dataset: Dataset, **settings: object) -> Popularity:
    return Popularity.fit(dataset, all_train(dataset), MODELS[name].config(**settings))


def test_it_counts_users_and_not_events(make_dataset: Callable[..., Dataset]) -> None:
    model = fit("popularity", make_dataset([("u", "a"), ("u", "b"), ("u", "b"), ("u", "b"), ("v", "a"), ("w", "a")]))
    assert model.score([Request(empty_history())]).tolist() == [[0.75, 0.25]]


def test_recent_events_count_more_and_later_ones_not_at_all(make_dataset: Callable[..., Dataset]) -> None:
    days = pd.to_datetime(np.array([0, 10, 20]) * DAY, unit="s", utc=True)
    model = fit("popularity-recent", make_dataset([("u", "a"), ("v", "b"), ("w", "c")], timestamp=days), half_life=10.0)
    at = [Request(empty_history(), time=time * DAY) for time in (10.0, 20.0, 30.0, 1e6)]
    expected = [[1, 0, 0], [1 / 3, 2 / 3, 0], [1 / 7, 2 / 7, 4 / 7], [1 / 7, 2 / 7, 4 / 7]]
    np.testing.assert_allclose(model.score(at), expected, rtol=1e-6)
    np.testing.assert_allclose(model.score([Request(empty_history())]), expected[-1:], rtol=1e-6)


def test_before_everything_is_a_fallback(make_dataset: Callable[..., Dataset]) -> None:
    model = fit("popularity-recent", make_dataset([("u", "a"), ("u", "b")], timestamp=pd.to_datetime([DAY, DAY], unit="s", utc=True)))
    early = Request(empty_history(), time=float(DAY))
    assert model.score([early]).tolist() == [[0.5, 0.5]]
    assert "all time" in str(model.fallback(early))
    assert model.fallback(Request(empty_history(), time=DAY + 1.0)) is None


@given(events=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 500)), min_size=1, max_size=30), time=st.integers(0, 600))
def test_snapshots_change_nothing(events: list[tuple[int, int]], time: int) -> None:
    events = sorted(events, key=lambda event: event[1])
    lately = _DecayingCounts(np.array([item for item, _ in events]), np.array([float(at) for _, at in events]), 4, half_life=17.0)
    weights = [sum(0.5 ** ((time - at) / 17) for item, at in events if item == each and at < time) for each in range(4)]
    assert lately.has_events_before(time) == (sum(weights) > 0)
    if lately.has_events_before(time):
        np.testing.assert_allclose(lately.shares(time), np.array(weights) / sum(weights), rtol=1e-9, atol=1e-15)


def haversine(here: tuple[float, float], there: tuple[float, float]) -> float:
    (a, b), (c, d) = (tuple(radians(each) for each in place) for place in (here, there))
    return 2 * 6371 * asin(sqrt(sin((a - c) / 2) ** 2 + cos(a) * cos(c) * sin((b - d) / 2) ** 2))


def test_nearby_items_count_more(make_dataset: Callable[..., Dataset]) -> None:
    places = {"a": (40.0, -74.0), "b": (40.01, -74.0), "c": (41.0, -74.0), "d": (np.nan, np.nan)}
    items = pd.DataFrame(places, index=["latitude", "longitude"]).T
    model = fit(
        "popularity-nearby", make_dataset([("u", "a"), ("u", "b"), ("v", "b"), ("v", "c"), ("v", "d")], items=items), kilometres=2.0
    )
    scores = model.score([Request(empty_history(), place=(40.0, -74.0))])[0]
    for score, share, item in zip(scores, [0.2, 0.4, 0.2, 0.2], places, strict=True):
        near = 0.0 if item == "d" else exp(-haversine((40.0, -74.0), places[item]) / 2)
        assert score == pytest.approx(share * (near + 1e-6), rel=1e-5)


def test_nearby_takes_the_last_place_and_else_says_that_it_knows_none(make_dataset: Callable[..., Dataset]) -> None:
    items = pd.DataFrame({"latitude": [40.0, 41.0], "longitude": [-74.0, -74.0]}, index=["a", "b"])
    model = fit("popularity-nearby", make_dataset([("u", "a"), ("u", "b"), ("u", "b")], items=items))
    nowhere = History(np.array(["b"], dtype=object), places=np.array([[np.nan, np.nan]]))
    somewhere = Request(History(np.array(["a"], dtype=object), places=np.array([[40.0, -74.0]])).then(Event("b")))
    assert model.score([somewhere])[0].argmax() == 0
    assert model.fallback(somewhere) is None
    for lost in (Request(nowhere), Request(empty_history())):
        np.testing.assert_allclose(model.score([lost]), [[1 / 3, 2 / 3]], rtol=1e-6)
        assert "no place known" in str(model.fallback(lost))


def test_an_items_place_may_be_that_of_its_events(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset([("u", "a"), ("u", "a"), ("u", "b")], latitude=[40.0, 42.0, np.nan], longitude=[10.0, 12.0, np.nan])
    np.testing.assert_array_equal(fit("popularity-nearby", dataset).arrays()["places"], [[41.0, 11.0], [np.nan, np.nan]])


def test_the_place_of_a_test_event_changes_no_model(tmp_path: Path) -> None:
    def fitted(last: str) -> Dataset:
        rows = [f"u{n % 4},i{n % 3},{1_600_000_000 + n},{40.7123 + n % 5 / 10_000},-74.01" for n in range(24)]
        rows[-1] = rows[-1].replace("40.71", last)
        (tmp_path / "t.csv").write_text("\n".join(["user,item,time,latitude,longitude", *rows]))
        data = read_file(tmp_path / "t.csv")
        assert data.item_places is not None and data.places_of_events
        return data

    one, other = fitted("40.71"), fitted("40.70")
    assert split_interactions(one, "last-out").labels[one.rows("u3")][-1] != TRAIN
    assert not np.array_equal(one.item_places, other.item_places)
    arrays = [
        Popularity.fit(each, split_interactions(each, "last-out"), MODELS["popularity-nearby"].config()).arrays() for each in (one, other)
    ]
    np.testing.assert_array_equal(arrays[0]["places"], arrays[1]["places"])


def test_distances() -> None:
    found = kilometres(np.array([[40.0, 179.9], [np.nan, 0.0]]), np.array([[40.0, -179.9], [40.0, 179.9], [-40.0, -0.1]]))
    np.testing.assert_allclose(found[0], [haversine((40.0, 179.9), (40.0, -179.9)), 0.0, 6371 * np.pi], rtol=1e-6)
    assert np.isnan(found[1]).all()


def test_data_that_lacks_what_is_needed(order_only: Dataset) -> None:
    for name, word in {"popularity-recent": "times", "popularity-nearby": "places"}.items():
        with pytest.raises(DataError, match=word):
            Popularity.fit(order_only, split_interactions(order_only, "last-out"), MODELS[name].config())
    with pytest.raises(DataError, match="all, recent or nearby"):
        build_config(Popularity.Config, {"kind": "best"})
    with pytest.raises(DataError, match="choose popularity-recent or popularity-nearby instead"):
        MODELS["popularity"].config(kind="recent")
    for text in ("inf", "nan"):
        with pytest.raises(DataError, match="half_life"):
            MODELS["popularity-recent"].config(half_life=text)

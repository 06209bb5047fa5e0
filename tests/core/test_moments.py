"""Moments, targets and returns against loops over the events."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import Dataset, Event, request_at
from recsys.core.moments import describe_order
from recsys.core.split import SPLIT_NAMES, split_interactions

Row = tuple[int, int, int, int]  # user, item, moment, behaviour
rows_of_events = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=30)


def make(make_dataset: Callable[..., Dataset], rows: list[Row], kind: str, behaviours: bool) -> tuple[Dataset, list[Row]]:
    """Return a dataset with times, with positions or with an order only, and its rows in order."""
    key: dict[str, Callable[[Row], Any]] = {"time": lambda row: (row[0], row[2]), "position": lambda row: (row[0], row[2])}
    ordered = sorted(rows, key=key.get(kind, lambda row: row[0]))
    columns: dict[str, Any] = {}
    if kind == "time":
        columns["timestamp"] = pd.to_datetime([1_700_000_000 + row[2] for row in ordered], unit="s", utc=True)
    if kind == "position":
        columns["position"] = [float(row[2]) for row in ordered]
    if behaviours:
        columns["behaviour"] = pd.Categorical([f"b{row[3]}" for row in ordered])
    return make_dataset([(f"u{row[0]}", f"i{row[1]}") for row in ordered], **columns), ordered


def moments_by_hand(rows: list[Row], kind: str, behaviours: bool) -> list[int]:
    """Return a number for each event, equal for events of one moment."""
    moments: list[int] = []
    for at, (user, item, time, behaviour) in enumerate(rows):
        last = [each for each in range(at) if moments[each] == moments[-1]]
        if at == 0:
            joins = False
        elif kind in ("time", "position"):
            joins = (rows[at - 1][0], rows[at - 1][2]) == (user, time)
        else:
            joins = behaviours and rows[at - 1][:2] == (user, item) and behaviour not in {rows[each][3] for each in last}
        moments.append(moments[-1] if joins else at)
    return moments


@pytest.mark.parametrize("behaviours", [True, False])
@pytest.mark.parametrize("kind", ["time", "position", "order"])
@given(rows=rows_of_events)
def test_moments_targets_and_returns(make_dataset: Callable[..., Dataset], kind: str, behaviours: bool, rows: list[Row]) -> None:
    dataset, ordered = make(make_dataset, rows, kind, behaviours)
    moments = moments_by_hand(ordered, kind, behaviours)
    assert dataset.moments.tolist() == moments
    shared = sum(moments.count(each) > 1 for each in moments)
    assert dataset.tied_events == (None if kind == "order" else shared)
    seen: set[tuple[int, int]] = set()
    for at, moment in enumerate(moments):
        pair = (moment, ordered[at][1])
        assert dataset.is_target[at] == (not behaviours or pair not in seen)
        seen.add(pair)
    pairs = {(ordered[at][0], ordered[at][1], moment) for at, moment in enumerate(moments)}
    assert dataset.has_returns == (len({pair[:2] for pair in pairs}) < len(pairs))


@pytest.mark.parametrize("kind", ["time", "position"])
@given(rows=rows_of_events)
def test_together_a_history_has_earlier_moments_only(make_dataset: Callable[..., Dataset], kind: str, rows: list[Row]) -> None:
    made, ordered = make(make_dataset, rows, kind, behaviours=True)
    dataset = replace(made, ties="together")
    for code, user_id in enumerate(dataset.user_ids):
        own = [row for row in ordered if f"u{row[0]}" == user_id]
        history = dataset.history(user_id)
        for step in range(len(own)):
            known = request_at(history, step).history
            assert list(known.items) == [f"i{row[1]}" for row in own if row[2] < own[step][2]]
            assert len(known) == dataset.history_ends[dataset.user_starts[code] + step] - dataset.user_starts[code]
        assert len(request_at(history, len(own)).history) == len(own)
        longer = history.then(Event("i0"))
        assert len(request_at(longer, len(own)).history) == len(own)
    labels = split_interactions(dataset, "last-out").labels
    for user in {row[0] for row in ordered}:
        own_labels = [(row[2], SPLIT_NAMES[label]) for row, label in zip(ordered, labels, strict=True) if row[0] == user]
        times = sorted({time for time, _label in own_labels})
        expected = dict.fromkeys(times, "train")
        if len(times) >= 3:
            expected |= {times[-1]: "test", times[-2]: "validation"}
        assert own_labels == [(time, expected[time]) for time, _label in own_labels]


def test_a_purchase_and_its_play_are_one_event(make_dataset: Callable[..., Dataset]) -> None:
    events = [("ann", "go", "buy"), ("ann", "go", "play"), ("ann", "chess", "buy"), ("ann", "poker", "buy"), ("ann", "poker", "play")]
    dataset = make_dataset([event[:2] for event in events], behaviour=pd.Categorical([event[2] for event in events]))
    assert not dataset.has_returns
    assert dataset.is_target.tolist() == [True, False, True, True, False]
    assert split_interactions(dataset, "last-out").labels.tolist() == [0, 0, 1, 2, 2]
    assert list(request_at(dataset.history("ann"), 4).history.items) == ["go", "go", "chess"]
    assert "no times" in describe_order(dataset)


def test_events_without_a_time_share_no_moment(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset(
        [("u", "a"), ("u", "b"), ("u", "c"), ("u", "d")], timestamp=pd.to_datetime(["2024-01-01"] * 2 + [None] * 2, utc=True)
    )
    assert dataset.tied_events == 2


@pytest.mark.parametrize(("tied", "is_said"), [(2, True), (0, False)])
def test_the_order_is_mentioned_where_it_matters(make_dataset: Callable[..., Dataset], tied: int, is_said: bool) -> None:
    days = np.arange(100) - np.arange(100).clip(0, tied // 2)
    dataset = make_dataset(
        [("u", f"i{at:03}") for at in range(100)], timestamp=pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(days, "D")
    )
    assert dataset.tied_events == tied
    assert (f"{tied} of 100 events share their moment" in describe_order(dataset)) == is_said

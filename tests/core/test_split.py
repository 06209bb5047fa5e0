"""Splits into training, validation and test events."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import Dataset
from recsys.core.errors import DataError, UnknownNameError
from recsys.core.split import TEST, TRAIN, VALIDATION, default_protocol, split_interactions

lengths_of_users = st.lists(st.integers(1, 8), min_size=1, max_size=8)


def timed(make_dataset: Callable[..., Dataset], lengths: list[int], seconds: list[int]) -> Dataset:
    """Users with so many events, at the given times in order."""
    users = [f"u{i}" for i, length in enumerate(lengths) for _ in range(length)]
    times = np.concatenate([np.sort(part) for part in np.split(np.array(seconds), np.cumsum(lengths)[:-1])])
    return make_dataset([(user, f"i{n % 5}") for n, user in enumerate(users)], timestamp=pd.to_datetime(times, unit="s", utc=True))


@given(lengths=lengths_of_users)
def test_last_out_judges_one_event_a_user(make_dataset: Callable[..., Dataset], lengths: list[int]) -> None:
    dataset = make_dataset([(f"u{i}", f"i{n}") for i, length in enumerate(lengths) for n in range(length)])
    made = split_interactions(dataset, "last-out")
    for user, length in enumerate(lengths):
        labels = list(made.labels[dataset.user_starts[user] : dataset.user_starts[user + 1]])
        assert labels == ([TRAIN] * (length - 2) + [VALIDATION, TEST] if length >= 3 else [TRAIN] * length)
    assert made.left_out == sum(length < 3 for length in lengths)
    assert made.cuts is None


@given(data=st.data(), lengths=lengths_of_users)
def test_temporal_learns_from_nothing_later_than_it_judges(
    make_dataset: Callable[..., Dataset], data: st.DataObject, lengths: list[int]
) -> None:
    seconds = data.draw(st.lists(st.integers(0, 50), min_size=sum(lengths), max_size=sum(lengths)))
    dataset = timed(make_dataset, lengths, seconds)
    made = split_interactions(dataset, "temporal")
    assert dataset.times is not None and made.cuts is not None
    first, second = made.cuts
    assert first <= second
    for label, low, high in ((TRAIN, -np.inf, first), (VALIDATION, first, second), (TEST, second, np.inf)):
        chosen = dataset.times[made.labels == label]
        assert ((chosen >= low) & (chosen < high)).all()
    for user in range(len(lengths)):
        labels = made.labels[dataset.user_starts[user] : dataset.user_starts[user + 1]]
        assert (np.diff(labels) >= 0).all()


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_temporal_counts_are_80_10_10(make_dataset: Callable[..., Dataset], lengths: list[int]) -> None:
    total = sum(lengths)
    labels = split_interactions(timed(make_dataset, lengths, list(np.random.default_rng(0).permutation(total))), "temporal").labels
    first, second = int(total * 0.8), int(total * 0.9)
    assert np.bincount(labels, minlength=3).tolist() == [first, second - first, total - second]


def test_order_alone_has_no_temporal_split(order_only: Dataset) -> None:
    with pytest.raises(DataError, match="last-out"):
        split_interactions(order_only, "temporal")


def test_events_without_a_time_have_no_temporal_split(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset([("u", "a"), ("u", "b")], timestamp=pd.to_datetime(["2024-01-01", None], utc=True))
    with pytest.raises(DataError, match="1 event without a time"):
        split_interactions(dataset, "temporal")


def test_unknown_protocol(tiny: Dataset) -> None:
    with pytest.raises(UnknownNameError, match="did you mean last-out"):
        split_interactions(tiny, "lastout")


def test_default_protocol(tiny: Dataset, order_only: Dataset) -> None:
    assert default_protocol(tiny) == default_protocol(order_only) == "last-out"


@pytest.mark.parametrize(("users", "expected"), [(1, "temporal"), (9, "temporal"), (10, "last-out")])
def test_few_users_are_split_in_time(make_dataset: Callable[..., Dataset], users: int, expected: str) -> None:
    lengths = [10] * users + [2] * 15  # those with two events are in no last-out split
    assert default_protocol(timed(make_dataset, lengths, list(range(sum(lengths))))) == expected
    assert default_protocol(make_dataset([("u", "a"), ("u", "b"), ("u", "c")])) == "last-out", "it has no times"
    at_once = timed(make_dataset, [10], [5] * 10)
    assert default_protocol(at_once) == "last-out", "a split in time has no training events"

"""The user's own items, compared with a calculation by hand."""

from collections.abc import Callable
from datetime import UTC, datetime
from math import exp

import numpy as np
import pytest

from recsys.core import Dataset, History, Request, empty_history
from recsys.core.split import split_interactions
from recsys.models.frequency import Frequency, FrequencyConfig

CONFIG = FrequencyConfig(hours=2.0, other_day=0.5, half_life=10.0, popularity=0.01)


@pytest.fixture
def model(make_dataset: Callable[..., Dataset]) -> Frequency:
    dataset = make_dataset([(user, item) for user in "xy" for item in "aaabc"])  # for training: a three times, twice
    return Frequency.fit(dataset, split_interactions(dataset, "last-out"), CONFIG)


def at(*when: tuple[int, int]) -> np.ndarray:
    """Seconds of (day of January 2024, hour); the 1st was a Monday."""
    return np.array([datetime(2024, 1, day, hour, tzinfo=UTC).timestamp() for day, hour in when])


def test_without_times_it_counts(model: Frequency) -> None:
    history = History(np.array(["b", "c", "b", "b"], dtype=object))
    np.testing.assert_allclose(model.score([Request(history)]), [[0.01, 0.75, 0.25]], rtol=1e-6)
    assert model.fallback(Request(history)) is None


def test_an_unknown_history_falls_back(model: Frequency) -> None:
    for history in (empty_history(), History(np.array(["unknown"], dtype=object))):
        np.testing.assert_allclose(model.score([Request(history)]), [[0.01, 0, 0]], rtol=1e-6)
        assert "no history" in str(model.fallback(Request(history)))


def test_hour_day_and_age(model: Frequency) -> None:
    # b: Monday at 23, c: Saturday at 4; asked on Thursday at 1
    times = at((1, 23), (6, 4))
    history = History(np.array(["b", "c"], dtype=object), times=times)
    now = at((11, 1))[0]
    b = exp(-2 / 2) * 0.5 ** ((now - times[0]) / 86_400 / 10)
    c = exp(-3 / 2) * 0.5 * 0.5 ** ((now - times[1]) / 86_400 / 10)
    np.testing.assert_allclose(model.score([Request(history, time=now)]), [[0.01, b / (b + c), c / (b + c)]], rtol=1e-5)


def test_hours_are_local(model: Frequency) -> None:
    # both at 12 where they were; it is 12 in UTC, and 2 o'clock the next day in Japan
    times = at((2, 12), (2, 3))
    history = History(np.array(["b", "c"], dtype=object), times=times, utc_offsets=np.array([0.0, 540.0]))
    scores = model.score([Request(history, time=at((3, 12))[0], utc_offset=offset) for offset in (0.0, 540.0)])
    b, c = 1.0, 0.5 ** (-9 / 24 / 10)
    for row in scores:
        assert row[1] / row[2] == pytest.approx(b / (c * 0.5 ** (18 / 24 / 10)), rel=1e-3)


def test_an_event_without_a_time_counts_fully(model: Frequency) -> None:
    history = History(np.array(["b", "c"], dtype=object), times=np.array([np.nan, at((1, 0))[0]]))
    b, c = 1.0, exp(-12 / 2)
    np.testing.assert_allclose(
        model.score([Request(history, time=at((1, 12))[0])])[0, 1:],
        [b / (b + c * 0.5**0.05), c * 0.5**0.05 / (b + c * 0.5**0.05)],
        rtol=1e-4,
    )


def test_events_after_the_request_have_the_full_weight_at_most(model: Frequency) -> None:
    history = History(np.array(["b", "c"], dtype=object), times=at((8, 9), (15, 9)))
    np.testing.assert_allclose(model.score([Request(history, time=at((1, 9))[0])]), [[0.01, 0.5, 0.5]], rtol=1e-6)

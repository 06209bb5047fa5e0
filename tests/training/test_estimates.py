"""Estimates of training time against the clock and against work that is known."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from recsys.core import Dataset
from recsys.training import estimates
from recsys.training.estimates import estimate_gradient, make_count_estimator
from recsys.training.loop import train_model


@pytest.fixture
def wide(make_dataset: Callable[..., Dataset]) -> Dataset:
    """160 people and 400 items, enough for samples of a sixteenth."""
    random = np.random.default_rng(3)
    events = [(f"u{user:03}", f"i{item:03}") for user in range(160) for item in random.choice(400, size=60)]
    events += [("u000", f"i{item:03}") for item in range(400)]
    return make_dataset(sorted(events, key=lambda event: event[0]), name="wide")


@pytest.mark.parametrize("power", [1, 2, 3])
def test_time_that_grows_with_a_power_of_size_is_extrapolated(power: int, wide: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = 40.0

    def work(model: str, sample: Dataset | None) -> float:
        assert sample is not None
        return 0.1 + whole * (len(sample.user_ids) / len(wide.user_ids)) ** power  # an overhead, and work

    monkeypatch.setattr(estimates, "SMALL", 0)
    monkeypatch.setattr(estimates, "_time_counting", work)
    assert make_count_estimator(wide)("ease", 20.0) == pytest.approx(0.1 + whole)


def test_samples_have_a_part_of_the_users_and_of_the_items(wide: Dataset) -> None:
    sample = estimates._sample(wide, 4)
    assert sample is not None
    assert set(sample.user_ids) <= set(wide.user_ids) and set(sample.item_ids) <= set(wide.item_ids)
    assert len(sample.user_ids) == len(wide.user_ids) / 4
    assert len(sample.item_ids) == pytest.approx(len(wide.item_ids) / 4, rel=0.1)


def test_small_data_is_not_tried_first(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "_time_counting", lambda *_: pytest.fail("tried"))
    assert make_count_estimator(tiny)("ease", 20.0) == 0.0


def test_the_estimate_of_a_gradient_model_is_near_its_time(wide: Dataset) -> None:
    list(train_model("lstm-lm", wide, settings={"epochs": 1}, device="cpu", name="warm"))
    estimate = estimate_gradient("lstm-lm", wide, "cpu")
    began = time.monotonic()
    last = None
    for progress in train_model("lstm-lm", wide, device="cpu"):
        if progress.history:
            last = progress
        if time.monotonic() - began > 8:
            break
    assert last is not None
    per_epoch = last.seconds / len(last.history)
    assert per_epoch * last.epochs / 4 < estimate < per_epoch * last.epochs * 4

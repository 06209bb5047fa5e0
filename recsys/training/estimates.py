"""Estimates of how long training will take, from trying it on a part of the data or for a moment."""

import math
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from recsys.core import Dataset
from recsys.core.errors import RecsysError
from recsys.datasets.build import build_dataset
from recsys.training.loop import train_model

SMALL = 50_000_000  # events × items: below, every count-based model takes a few seconds
DOUBLING = (2.0, 8.0)  # times by which the work grows where users and items double: linear, or cubic as in EASE
USUAL = 4.0  # the same where the samples are too small to tell
MEASURABLE = 0.05  # seconds
PROBE = 2.0  # seconds of training by gradient
WITH_VALIDATION = 4 / 3  # an epoch validates without the backward pass, which is two thirds of the work


def make_count_estimator(dataset: Dataset) -> Callable[[str, float], float]:
    """Return a function that estimates the seconds of fitting and evaluating a count-based model, given its name and a limit.

    Where users and items both double, events, cases and catalogue grow by fixed factors, and so does the work beyond a fixed overhead:
    three samples tell by how much. A larger one is tried only where these say that the limit is exceeded and trying is cheap.
    """
    sample = cache(lambda parts: _sample(dataset, parts))

    def estimate(model: str, limit: float) -> float:
        if len(dataset.interactions) * len(dataset.items) < SMALL:
            return 0.0
        smaller, small, seconds = (_time_counting(model, sample(parts)) for parts in (16, 8, 4))
        guess = _extrapolate(smaller, small, seconds, doublings=2)
        if guess > limit and seconds * DOUBLING[1] < limit / 3:
            guess = _extrapolate(small, seconds, _time_counting(model, sample(2)), doublings=1)
        return guess

    return estimate


def _extrapolate(smaller: float, small: float, seconds: float, doublings: int) -> float:
    """Return the time after further doublings of the size, given those of the last three sizes."""
    before, rise = small - smaller, max(seconds - small, 0.0)
    growth = min(max(rise / before, DOUBLING[0]), DOUBLING[1]) if before > MEASURABLE else USUAL
    return seconds + rise * sum(growth**n for n in range(1, doublings + 1))


def estimate_gradient(model: str, dataset: Dataset, device: str = "auto", stop: Callable[[], bool] = lambda: False) -> float:
    """Return the seconds that all epochs of a model take, from two seconds of training it; early stopping makes it less.

    NaN where `stop` ended the attempt before two batches.
    """
    times: list[float] = []

    def is_enough() -> bool:  # asked after every batch
        times.append(time.perf_counter())
        return stop() or times[-1] - times[0] > PROBE  # the first batch also loads libraries

    with TemporaryDirectory() as folder:
        for progress in train_model(model, dataset, device=device, folder=Path(folder) / model, stop=is_enough):
            last = progress
            if stop() or times[-1] - times[0] > PROBE:
                break
    if last.history:
        return last.seconds + last.seconds_left
    if len(times) < 2:
        return math.nan
    per_batch = (times[-1] - times[0]) / (len(times) - 1)
    return per_batch * last.batches * last.epochs * WITH_VALIDATION


def _sample(dataset: Dataset, parts: int) -> Dataset | None:
    """Return the events of every n-th user with every n-th item; None where there are none."""
    events = dataset.interactions
    chosen = (events["user_id"].cat.codes % parts == 0) & (events["item_id"].cat.codes % parts == 0)
    if not chosen.any():
        return None
    return build_dataset(
        name=dataset.name,
        title=dataset.title,
        interactions=events[chosen],
        items=dataset.items,
        repeats=dataset.repeats,
        users=dataset.users,
    )


def _time_counting(model: str, sample: Dataset | None) -> float:
    """Return the seconds of training a model on a sample; 0 for one that is too small for it."""
    if sample is None:
        return 0.0
    with TemporaryDirectory() as folder:
        began = time.perf_counter()
        try:
            list(train_model(model, sample, folder=Path(folder) / model))
        except RecsysError:
            return 0.0
        return time.perf_counter() - began

"""EASE compared with its closed form in double precision, and with the problem that the closed form solves."""

from collections.abc import Callable

import numpy as np
import pytest

from recsys.core import Dataset, History, Request, empty_history
from recsys.core.errors import DataError
from recsys.core.split import TRAIN, Split
from recsys.models import ease as module
from recsys.models.ease import Ease, EaseConfig

PAPER = {"own": 0.0, "half_life": 1e12, "keep": 10_000}


def fit(dataset: Dataset, **settings: float) -> Ease:
    train = Split("temporal", np.full(len(dataset.interactions), TRAIN, dtype=np.int8))
    return Ease.fit(dataset, train, EaseConfig(**settings))


def counted(dataset: Dataset) -> np.ndarray:
    """(n_users, n_items) of zeros and ones."""
    matrix = np.zeros((len(dataset.user_ids), len(dataset.item_ids)))
    matrix[dataset.interactions["user_id"].cat.codes, dataset.item_codes - 1] = 1
    return matrix


def weights_of(model: Ease) -> np.ndarray:
    """(n_items, n_items) read off the scores of histories of one event."""
    empty = model.score([Request(empty_history())])
    return model.score([Request(History(np.array([item], dtype=object))) for item in model.item_ids]) - empty


def closed_form(x: np.ndarray, regularisation: float) -> np.ndarray:
    inverse = np.linalg.inv(x.T @ x + regularisation * np.eye(x.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


def test_the_closed_form(tiny: Dataset) -> None:
    found = weights_of(fit(tiny, regularisation=5.0, **PAPER))
    np.testing.assert_allclose(found, closed_form(counted(tiny), 5.0), atol=1e-5)


def test_no_weights_are_better(tiny: Dataset) -> None:
    x, weights = counted(tiny), weights_of(fit(tiny, regularisation=5.0, **PAPER)).astype(np.float64)

    def loss(b: np.ndarray) -> float:
        return float(((x - x @ b) ** 2).sum() + 5.0 * (b**2).sum())

    random = np.random.default_rng(0)
    for _ in range(20):
        step = random.normal(size=weights.shape) * 0.01
        np.fill_diagonal(step, 0)
        assert loss(weights + step) > loss(weights)


def test_blocks_give_the_same(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fit(tiny, keep=6)
    monkeypatch.setattr(module, "BLOCK", 4)
    for name, value in fit(tiny, keep=6).arrays().items():
        np.testing.assert_array_equal(value, whole.arrays()[name])


def test_the_largest_absolute_weights_are_kept(tiny: Dataset) -> None:
    whole, kept = weights_of(fit(tiny, **PAPER)), weights_of(fit(tiny, **{**PAPER, "keep": 4}))
    assert ((np.abs(kept) > 1e-7).sum(axis=1) == 4).all()
    smallest_kept = np.where(np.abs(kept) > 1e-7, np.abs(kept), np.inf).min(axis=1)
    assert (np.where(np.abs(kept) > 1e-7, 0, np.abs(whole)).max(axis=1) <= smallest_kept + 1e-7).all()


def test_newer_events_count_more_and_own_items_return(make_dataset: Callable[..., Dataset]) -> None:
    model = fit(make_dataset([("u", "a"), ("u", "b"), ("v", "c"), ("v", "d")]), half_life=1.0, own=0.5, regularisation=1.0)
    scores = model.score([Request(History(np.array(["a", "c"], dtype=object)))])[0]
    assert scores[2] == pytest.approx(0.5, abs=1e-5) and scores[0] == pytest.approx(0.25, abs=1e-5)
    assert scores[3] == pytest.approx(2 * scores[1], rel=1e-3)


def test_more_items_than_fit_are_refused_with_the_reason(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ITEMS", 10)
    with pytest.raises(DataError, match="15 items, more than the 10 that fit into memory"):
        fit(tiny)

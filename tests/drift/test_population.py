"""Population drift against direct loops, and a day's forecast against scores of single hours."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset, request_at
from recsys.core.errors import DataError
from recsys.drift import build_feature_space
from recsys.drift.forecast import HOURS, forecast_day
from recsys.drift.population import summarize_population


@pytest.mark.parametrize("view", ["category", "area"])
def test_shares_and_distances_match_a_direct_count(view: str, tiny: Dataset) -> None:
    feature_space = build_feature_space(tiny)
    found = summarize_population(tiny, feature_space, view)
    assert tiny.times is not None and tiny.places is not None
    counts = np.zeros_like(found.shares)
    levels = feature_space.kinds[tiny.item_codes - 1] if view == "category" else feature_space.areas_of(tiny.places)
    for time, level in zip(tiny.times, levels, strict=True):
        if level >= 0:
            at = next(
                at for at in range(len(counts)) if time <= found.edges[at + 1] and (time < found.edges[at + 1] or at == len(counts) - 1)
            )
            counts[at, level] += 1
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert found.shares == pytest.approx(shares, abs=1e-6)
    assert found.counts.tolist() == counts.sum(axis=1).tolist()
    floored = np.maximum(shares, 1e-4)
    wanted = [sum((a - b) * np.log(a / b) for a, b in zip(row, floored[0], strict=True)) for row in floored]
    assert found.stability[:, 0] == pytest.approx(wanted, abs=1e-4)
    assert found.stability[0].tolist() == [0, 0, 0]
    assert (found.gains[:, 1] <= found.gains[:, 2]).all() and abs(found.gains[:, 0].sum()) < 1e-6


def test_unknown_levels_are_not_counted(tiny: Dataset) -> None:
    """Every third item has no category: only the others are counted, and data without any is an error."""
    dataset = replace(tiny, items=tiny.items.assign(category=tiny.items["category"].where(np.arange(len(tiny.items)) % 3 > 0, None)))
    feature_space = build_feature_space(dataset)
    found = summarize_population(dataset, feature_space, "category")
    kinds = feature_space.kinds[dataset.item_codes - 1]
    assert found.counts.sum() == (kinds >= 0).sum() < len(kinds)
    late = slice(-max(len(found.counts) // 3, 1), None)
    assert found.shares[late].sum(axis=1) == pytest.approx(1)
    nothing = replace(tiny, items=tiny.items.assign(category=None))
    with pytest.raises(DataError, match="no known category"):
        summarize_population(nothing, build_feature_space(nothing), "category")


def test_data_without_times_is_an_error(order_only: Dataset) -> None:
    with pytest.raises(DataError, match="no times"):
        summarize_population(order_only, build_feature_space(order_only), "category")


def test_a_forecast_sums_the_models_own_probabilities(tiny: Dataset, trained: Callable[..., Any]) -> None:
    model, feature_space, history = trained("spatiotemporal", tiny), build_feature_space(tiny), tiny.history("u03")
    midnight = 1_711_000_800.0
    found = forecast_day(model, tiny, feature_space, history, 3, midnight, -240.0)
    assert found.shares.sum(axis=1) == pytest.approx(np.ones(len(HOURS)))
    request = replace(request_at(history, 3), time=midnight + HOURS[4] * 3600, utc_offset=-240.0)
    scores = model.score([request])[0].astype(np.float64)
    chances = np.exp(scores) / np.exp(scores).sum()
    assert tiny.item_places is not None
    wanted = np.zeros(len(feature_space.area_names))
    for chance, place in zip(chances, tiny.item_places, strict=True):
        if np.isfinite(place).all():
            wanted[feature_space.areas_of(place[None])[0]] += chance
    assert found.shares[4] == pytest.approx(wanted / wanted.sum(), abs=1e-5)

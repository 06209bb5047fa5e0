"""Impact of changes on a model, planted and not, against direct loops and scipy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from recsys.core import Dataset
from recsys.core.split import split_interactions
from recsys.drift.impact import Moment, MomentEffect, measure_impacts, sample_moments, summarize_impact
from recsys.evaluation.replay import replay_history
from recsys.figures.palette import LIGHT
from recsys.figures.population import impact_scatter
from tests.conftest import build
from tests.figures.test_figures import checked


def rows(loss: float, slope: float, count: int = 80) -> list[MomentEffect]:
    """Users with a change lose `loss`, and `slope` more per unit of size; the others lose nothing."""
    random = np.random.default_rng(4)
    sizes = np.concatenate([random.uniform(0.1, 1, count), np.zeros(count)])
    noise = random.normal(scale=0.1, size=(2, 2 * count))
    return [
        MomentEffect(
            Moment(f"u{at}", 20, size),
            float(noise[0, at] - (loss + slope * size if size else 0)),
            float(noise[1, at]),
            0.25 if size else 0.75,
        )
        for at, size in enumerate(sizes)
    ]


def test_a_planted_impact_is_measured_with_its_correlation() -> None:
    found = summarize_impact(rows(0.1, 0.4))
    sizes = np.array([row.moment.size for row in found.rows])
    values = np.array([row.reciprocal for row in found.rows])
    assert found.changed[0] == pytest.approx(values[sizes > 0].mean()) and found.stable[0] == pytest.approx(values[sizes == 0].mean())
    assert found.excess[0] == pytest.approx(found.changed[0] - found.stable[0]) and found.excess[2] < 0
    assert found.train_share == pytest.approx(0.5)
    assert found.relation[0] == pytest.approx(spearmanr(sizes[sizes > 0], values[sizes > 0]).statistic) and found.relation[2] < 0
    error = values[sizes == 0].std() / np.sqrt((sizes == 0).sum())
    assert found.stable[2] - found.stable[1] == pytest.approx(2 * 1.96 * error, rel=0.2)


def test_no_impact_is_measured_as_none() -> None:
    found = summarize_impact(rows(0.0, 0.0))
    assert found.excess[1] < 0 < found.excess[2] and found.relation[1] < 0 < found.relation[2]


def test_moments_are_the_largest_changes_and_equal_fractions_of_other_timelines() -> None:
    """Three users with 40, 60 and 12 events, the first with two changes; the last has too few events."""
    pairs = [(user, f"i{at % 7}") for user, length in (("anna", 40), ("ben", 60), ("zoe", 12)) for at in range(length)]
    starts = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta([at for length in (40, 60, 12) for at in range(length)], unit="D")
    dataset = build(pairs, name="lives", timestamp=starts)
    largest = {"time": "2024-01-25T00:00:00Z", "kind": "place", "size": 0.6}
    changes = [{"time": "2024-01-15T00:00:00Z", "kind": "taste", "size": 0.1}, largest, {**largest, "kind": "temporary", "size": 0.9}]
    reports: list[dict[str, Any]] = [{"user": user, "changes": changes if user == "anna" else []} for user in ("anna", "ben", "zoe")]
    assert sample_moments(dataset, reports) == [Moment("anna", 24, 0.6), Moment("ben", 36, 0.0)]
    reports[0]["changes"][1]["time"] = "2024-02-05T00:00:00Z"
    assert sample_moments(dataset, reports) == [], "five events after it are too few"
    steps = build(pairs, name="steps")
    reports[0]["changes"][1]["time"] = 24
    assert sample_moments(steps, reports) == [Moment("anna", 24, 0.6), Moment("ben", 36, 0.0)]


def test_effects_are_computed_from_ranks(tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained("markov", tiny)
    labels = split_interactions(tiny, "last-out").labels
    (row,) = measure_impacts(model, tiny, [Moment("u03", 5, 0.4)], labels)
    ranks = replay_history(model, tiny.history("u03"), tiny.repeats).ranks
    before, after = [[1 / rank for rank in part if np.isfinite(rank)] for part in (ranks[:5], ranks[5:45])]
    assert row.reciprocal == pytest.approx(sum(after) / len(after) - sum(before) / len(before))
    count = min(len(tiny.history("u03")), 45)
    assert row.train_share == pytest.approx((count - 2) / count), "all but the last two, which validate and test"


def test_the_scatter_has_a_dot_per_user_and_both_means() -> None:
    found = summarize_impact(rows(0.1, 0.4))
    figure = checked(impact_scatter(found, LIGHT))
    assert len(figure.data[0].x) == len(found.rows)
    levels = [shape.y0 for shape in figure.layout.shapes if shape.type == "line"]
    assert levels[:2] == pytest.approx([found.stable[0], found.changed[0]])

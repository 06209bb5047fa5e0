"""Sentences about popularity: the number, its interval and the direction agree."""

from dataclasses import replace

import numpy as np
import pytest

from pages.evaluate.failures.beyond import popularity_sentence
from recsys.failures.beyond_accuracy import BeyondAccuracy, Mean

FOUND = BeyondAccuracy(
    "sasrec", 9, 3, 9, 0.5, Mean(1, 1, 1), None, None, Mean(0, -1, 1), np.empty((3, 2)), np.full(10, 0.1), np.full(10, 0.1), (), np.empty((0, 2))
)  # fmt: skip


@pytest.mark.parametrize(
    ("lift", "coverage", "told"),
    [
        (Mean(0.2, 0.1, 0.3), 0.996, "20% more popular</b> than those in people’s histories (95% interval 10% to 30%), and its top 10 lists hold 99.6%"),
        (Mean(-0.2, -0.3, -0.1), 1.0, "20% less popular</b> than those in people’s histories (95% interval 10% to 30%), and its top 10 lists hold 100%"),
        (Mean(0.02, -0.1, 0.1), 0.034, "about as popular as those in people’s histories, and its top 10 lists hold <b>3.4%"),
        (Mean(0.2, np.nan, np.nan), 0.65, "The top 10 lists of <b>A</b> hold <b>65%</b> of the catalogue."),
    ],
)  # fmt: skip
def test_direction_and_interval_agree(lift: Mean, coverage: float, told: str) -> None:
    assert told in popularity_sentence("A", replace(FOUND, popularity_lift=lift, coverage=coverage))

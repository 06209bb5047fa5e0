"""Shapley values of one item over 50 events to 5 % relative squared error, sasrec d 64, 2 blocks, the slowest of three people; reference:
shap.KernelExplainer with as many evaluations.

What is right comes from 200,000 evaluations of another kind: whole orders and their reversals. The error of either is said on
standard error.
"""

import time
import warnings
from typing import Any

import numpy as np

from recsys.commands.console import say
from recsys.explain import Game
from recsys.explain.shapley import by_orders, sharpening
from tests.bench._explain import EVENTS, games
from tests.bench._timing import measured

REFERENCE, WITHIN = 200_000, 0.05


def measure() -> dict[str, Any]:
    slowest, reference = 0.0, 0.0
    for fresh in games(EVENTS, 3):
        game = fresh()
        *_, truth = by_orders(game, REFERENCE, seed=1, first=REFERENCE, since=game.spent())
        found = next(each for each in sharpening(fresh()) if _apart(each.values, truth.values) <= WITHIN)
        seconds, values = _kernel(fresh(), found.evaluations)
        say(
            f"5 % after {found.evaluations} evaluations and {found.seconds:.3f} s: {_apart(found.values, truth.values):.4f}; "
            f"shap {seconds:.3f} s: {_apart(values, truth.values):.4f}"
        )
        if found.seconds > slowest:
            slowest, reference = found.seconds, seconds
    return measured(slowest, "s", reference)


def _apart(values: np.ndarray, truth: np.ndarray) -> float:
    return float(np.square(values - truth).sum() / np.square(truth).sum())


def _kernel(game: Game, evaluations: int) -> tuple[float, np.ndarray]:
    """Seconds and values of shap's regression on the game's own batched function."""
    import shap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explainer = shap.KernelExplainer(lambda there: game.value(there > 0.5), np.zeros((1, EVENTS)))
        began = time.perf_counter()
        values = explainer.shap_values(np.ones((1, EVENTS)), nsamples=evaluations, l1_reg=0, silent=True)
    return time.perf_counter() - began, values[0]

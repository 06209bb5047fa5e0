"""What the benchmarks of explanations share: games of the shipped transformer (d 64, 2 blocks) on the demo, and shap on the same function."""

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from recsys.cli.console import say
from recsys.core import recommend, request_at
from recsys.datasets import open_dataset
from recsys.explain import Game, explain_item
from recsys.training import checkpoints

EVENTS, BUDGET, REPEATS = 50, 2_048, 5


def games(events: int, count: int) -> list[Callable[[], Game]]:
    """For the first people with enough events: a fresh game, which nobody has asked anything, of the item they are recommended first."""
    data = open_dataset("demo-city")
    model = checkpoints.load_checkpoint(checkpoints.find_checkpoint("sasrec", "demo-city"), "cpu").model

    def cases() -> Iterator[Callable[[], Game]]:
        for user in data.user_ids:
            history = data.history(str(user))
            for step in range(events, len(history), 25 if count > 100 else len(history)):
                request = request_at(history, step)
                request = type(request)(request.history.without(range(step - events)), request.time, request.utc_offset)
                item_id = recommend(model, request, 1)[0].item_id
                yield lambda request=request, item_id=item_id: Game(model, request, item_id)

    return [game for game, _ in zip(cases(), range(count), strict=False)]


def rates(plain: bool = False) -> dict[str, np.ndarray]:
    """Evaluations a second of ours and of shap's two explainers, (repeats,) each, in turn, on one batched function.

    With `plain`, shap gets what a model has anyway, its batched scoring of requests, and ours goes on with its own way. What each
    does once, such as compiling, is done before. How much of shap's time the function takes is said on standard error: the rest is
    all that another way to ask the same function could save.
    """
    import shap

    fresh = games(EVENTS, 1)[0]
    game = fresh()
    rows, inside = [0], [0.0]

    def function(there: np.ndarray) -> np.ndarray:
        began = time.perf_counter()
        if plain:
            scores = game.model.score([game.request(row) for row in there > 0.5])[:, game.column]
        else:
            scores = game.model.score_subsets(game.known_request, there > 0.5, None, game.column)[:, 0]
        rows[0] += len(there)
        inside[0] += time.perf_counter() - began
        return np.asarray(scores, dtype=np.float64)

    nothing, everything = np.zeros((1, EVENTS)), np.ones((1, EVENTS))
    permutation = shap.PermutationExplainer(function, nothing, seed=0)
    kernel = shap.KernelExplainer(function, nothing)

    def ours() -> None:
        rows[0] = explain_item(fresh(), budget=BUDGET).evaluations

    askers: dict[str, Callable[[], Any]] = {
        "ours": ours,
        "permutation": lambda: permutation(everything, max_evals=BUDGET, silent=True),
        "kernel": lambda: kernel.shap_values(everything, nsamples=BUDGET, silent=True),
    }
    found: dict[str, list[float]] = {name: [] for name in askers}
    shares: dict[str, list[float]] = {name: [] for name in askers}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range((1 if plain else REPEATS) + 1):
            for name, ask in askers.items():
                rows[0], inside[0], began = 0, 0.0, time.perf_counter()
                ask()
                seconds = time.perf_counter() - began
                found[name].append(rows[0] / seconds)
                shares[name].append(inside[0] / seconds)
    say("inside the function: " + ", ".join(f"{name} {np.median(shares[name][1:]):.0%}" for name in ("permutation", "kernel")))
    return {name: np.array(values[1:]) for name, values in found.items()}

"""Replay of 200 events at every step with exact ranks over 4,000 items; reference: scoring step by step, in the same run."""

from typing import Any

import numpy as np

from recsys.core import candidate_scores, request_at
from recsys.evaluation import compute_ranks
from recsys.evaluation.replay import replay_history
from tests.bench._timing import made_up, measured, times_of, transformer


def measure() -> dict[str, Any]:
    dataset = made_up()
    model, history = transformer(dataset), dataset.history("u0")
    codes = model.vocabulary.encode(history.items)

    def step_by_step() -> None:
        for step in range(len(history)):
            scores = candidate_scores(model, [request_at(history, step)], model.vocabulary, repeats=True)
            compute_ranks(scores, codes[step : step + 1] - 1)

    fast = np.median(times_of(lambda: replay_history(model, history, repeats=True), repeats=20))
    return measured(float(fast), "ms", float(times_of(step_by_step, repeats=1, warm=0)[0]))

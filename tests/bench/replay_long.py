"""Replay of 20,000 events under count-based models, over 5,000 items; reference: twice the time for half the events, in the same run.

The ratio is 1 where time grows linearly with the number of events, and 2 where it grows with their square.
"""

from typing import Any

import numpy as np

from recsys.core import History
from recsys.core.split import split_interactions
from recsys.evaluation.replay import replay_history
from recsys.models import MODELS
from tests.bench._timing import made_up, measured, times_of

NAMES = ("popularity", "markov", "ngram", "item-knn")


def measure() -> dict[str, Any]:
    dataset = made_up(users=100, items=5_000)
    split = split_interactions(dataset, "last-out")
    models = [MODELS[name].load().fit(dataset, split, MODELS[name].config()) for name in NAMES]
    whole = History(dataset.interactions["item_id"].to_numpy(dtype=object), times=dataset.times)

    def milliseconds(history: History) -> float:
        return float(np.median(times_of(lambda: [replay_history(model, history, repeats=True) for model in models], repeats=3, warm=1)))

    return measured(milliseconds(whole), "ms", 2 * milliseconds(whole.until(len(whole) // 2)))

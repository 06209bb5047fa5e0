"""Replay of 50,000 events of one user under count-based models and a transformer, over 5,000 items; processor time of this process.

Reference: twice the time for half the events, in the same run. The ratio is 1 where time grows linearly with the number of events, and
2 where it grows with their square.
"""

import time
from typing import Any

import numpy as np

from recsys.core import History
from recsys.core.split import split_interactions
from recsys.evaluation.replay import replay_history
from recsys.models import MODELS
from tests.bench._timing import made_up, measured, transformer

NAMES = ("popularity", "popularity-recent", "frequency", "markov", "ngram", "item-knn", "user-knn", "ease")


def measure() -> dict[str, Any]:
    dataset = made_up(users=100, items=5_000, length=500)
    split = split_interactions(dataset, "last-out")
    models = [MODELS[name].load().fit(dataset, split, MODELS[name].config()) for name in NAMES]
    whole = History(dataset.interactions["item_id"].to_numpy(dtype=object), times=dataset.times)

    def milliseconds(history: History) -> float:
        began = time.process_time()
        for model in [*models, transformer(dataset)]:
            replay_history(model, history, repeats=True)
        return 1000 * (time.process_time() - began)

    milliseconds(whole.until(1_000))
    half = np.mean([milliseconds(whole.until(len(whole) // 2)) for _ in range(2)])
    return measured(milliseconds(whole), "ms", 2 * float(half))

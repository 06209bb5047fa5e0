"""How many in a hundred exact values lie within two stated standard errors: 500 cases of 10 events of the demo, 200 evaluations each;
reference: 95, as of a normal distribution.
"""

from typing import Any

import numpy as np
import torch

from recsys.explain import explain_item
from tests.bench._explain import games
from tests.bench._timing import measured

EVENTS, BUDGET, CASES = 10, 200, 500


def measure() -> dict[str, Any]:
    torch.set_num_threads(1)  # the batches are small, and nothing here is a time
    within = []
    for seed, fresh in enumerate(games(EVENTS, CASES)):
        game = fresh()
        sampled, exact = explain_item(game, budget=BUDGET, seed=seed), explain_item(game)
        within.append(np.abs(sampled.values - exact.values) <= 2 * sampled.standard_errors)
    return measured(100 * float(np.mean(within)), "%", 95.0)

"""The fewest of 50 events whose removal drops an item out of ten, sasrec d 64, 2 blocks: seconds, p95 over 40 people, on one thread; reference: the median of
searching all sets of up to three events, over three people whose item no one or two events drop.
"""

import time
from typing import Any

import numpy as np

from tests.bench._counterfactual import answers, fewest
from tests.bench._timing import measured


def measure() -> dict[str, Any]:
    found = answers()
    seconds = float(np.quantile([answer.seconds for _, answer in found], 0.95))
    reference = []
    for fresh, _ in [each for each in found if len(each[1].removed) != 1 and len(each[1].removed) != 2][:3]:
        began = time.perf_counter()
        fewest(fresh())
        reference.append(time.perf_counter() - began)
    return measured(seconds, "s", float(np.median(reference)) if reference else float("nan"))

"""Evaluations a second while explaining 50 events, sasrec d 64, 2 blocks; reference: the faster of shap's two on the model's plain batched scoring."""

from typing import Any

import numpy as np

from tests.bench._explain import rates
from tests.bench._timing import measured


def measure() -> dict[str, Any]:
    found = {name: float(np.median(each)) for name, each in rates(plain=True).items()}
    return measured(found["ours"], "evaluations/s", max(found["permutation"], found["kernel"]))

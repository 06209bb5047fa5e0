"""Evaluations a second while explaining 50 events, sasrec d 64, 2 blocks; reference: shap.PermutationExplainer on the same batched function and run."""

from typing import Any

import numpy as np

from tests.bench._explain import rates
from tests.bench._timing import measured


def measure() -> dict[str, Any]:
    found = rates()
    return measured(float(np.median(found["ours"])), "evaluations/s", float(np.median(found["permutation"])))

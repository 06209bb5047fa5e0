"""All people of Foursquare New York, all views, from an open dataset; reference: the same read from where it is kept."""

import os
import tempfile
import time
from typing import Any

from recsys.datasets import open_dataset
from recsys.drift.report_store import detect_drift_of_all
from tests.bench._timing import measured


def measure() -> dict[str, Any]:
    dataset, taken = open_dataset("foursquare"), []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RECSYS_HOME"] = folder
        for _ in range(2):
            began = time.perf_counter()
            assert sum(1 for _ in detect_drift_of_all(dataset)) == len(dataset.user_ids)
            taken.append(time.perf_counter() - began)
    return measured(taken[0], "s", taken[1])

"""All slices of all cases of the demo city and of Foursquare New York, the slower of the two, from a known evaluation; reference: the
bootstrap of the metrics of the whole evaluation alone.
"""

import time
from typing import Any

from recsys.cli.console import say
from recsys.core import Dataset
from recsys.core.split import default_protocol, split_interactions
from recsys.datasets import open_dataset
from recsys.evaluation import compute_case_metrics, evaluate_model
from recsys.evaluation.bootstrap import bootstrap_intervals
from recsys.failures.slice_report import measure_slices
from recsys.models import MODELS
from tests.bench._timing import measured


def measure() -> dict[str, Any]:
    value, reference = max(_measure(open_dataset(name)) for name in ("demo-city", "foursquare"))
    return measured(value, "s", reference)


def _measure(dataset: Dataset) -> tuple[float, float]:
    """Return the seconds of the slices, the first in this process, and those of the bootstrap."""
    split = split_interactions(dataset, default_protocol(dataset))
    spec = MODELS["popularity"]
    evaluation = evaluate_model(spec.load().fit(dataset, split, spec.config(), seed=0), dataset, split, brief=True)
    began = time.perf_counter()
    report = measure_slices(evaluation, dataset, split)
    taken = time.perf_counter() - began
    say(f"{dataset.name}: {len(report.slices)} slices of {report.cases:,} cases of {report.users:,} users in {taken:.2f} s")
    began = time.perf_counter()
    bootstrap_intervals(compute_case_metrics(evaluation.ranks), evaluation.user_codes, seed=0)
    return taken, time.perf_counter() - began

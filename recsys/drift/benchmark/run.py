"""Benchmark run over all users of a simulated city: our detection and the baselines."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from recsys.core import Dataset
from recsys.drift.benchmark.baselines import BASELINES
from recsys.drift.benchmark.scoring import Finding, score_findings
from recsys.drift.detection.event_features import read_user_events
from recsys.drift.detection.feature_space import build_feature_space
from recsys.drift.report import detect_drift


def benchmark_city(dataset: Dataset, truth: pd.DataFrame) -> Iterator[int | dict[str, Any]]:
    """Yield the number of users done after each user, and at last the metrics, with those of each baseline under `baselines`."""
    feature_space, lengths = build_feature_space(dataset), {}
    found: dict[str, list[Finding]] = {}
    plain: dict[str, dict[str, list[Finding]]] = {name: {} for name in BASELINES}
    for done, user in enumerate(dataset.user_ids, start=1):
        report, events = detect_drift(dataset, feature_space, str(user)), read_user_events(dataset, feature_space, str(user))
        lengths[str(user)] = report.events
        found[str(user)] = [Finding(change.time, change.kind) for change in report.lasting]
        for name, method in BASELINES.items():
            moment = method(events)
            plain[name][str(user)] = [] if moment is None else [Finding(moment)]
        yield done
    yield score_findings(found, truth, lengths) | {
        "baselines": {name: score_findings(each, truth, lengths) for name, each in plain.items()}
    }

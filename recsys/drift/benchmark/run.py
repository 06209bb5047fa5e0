"""Everybody of a simulated city judged: what is found here and by the baselines, in one run."""

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
    """How many people are done, again and again, and at last the figures, with those of each baseline under `baselines`."""
    scene, lengths = build_feature_space(dataset), {}
    found: dict[str, list[Finding]] = {}
    plain: dict[str, dict[str, list[Finding]]] = {name: {} for name in BASELINES}
    for done, user in enumerate(dataset.user_ids, start=1):
        report, events = detect_drift(dataset, scene, str(user)), read_user_events(dataset, scene, str(user))
        lengths[str(user)] = report.events
        found[str(user)] = [Finding(change.time, change.kind) for change in report.lasting]
        for name, method in BASELINES.items():
            moment = method(events)
            plain[name][str(user)] = [] if moment is None else [Finding(moment)]
        yield done
    yield score_findings(found, truth, lengths) | {
        "baselines": {name: score_findings(each, truth, lengths) for name, each in plain.items()}
    }

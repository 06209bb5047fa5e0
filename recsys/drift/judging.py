"""Everybody of a simulated city judged: what is found here and by the baselines, in one run."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from recsys.core import Dataset
from recsys.drift.baselines import BASELINES
from recsys.drift.report import drift
from recsys.drift.score import Finding, judge
from recsys.drift.setting import setting
from recsys.drift.views import events_of


def judge_city(dataset: Dataset, truth: pd.DataFrame) -> Iterator[int | dict[str, Any]]:
    """How many people are done, again and again, and at last the figures, with those of each baseline under `baselines`."""
    scene, lengths = setting(dataset), {}
    found: dict[str, list[Finding]] = {}
    plain: dict[str, dict[str, list[Finding]]] = {name: {} for name in BASELINES}
    for done, user in enumerate(dataset.user_ids, start=1):
        report, events = drift(dataset, scene, str(user)), events_of(dataset, scene, str(user))
        lengths[str(user)] = report.events
        found[str(user)] = [Finding(change.time, change.kind) for change in report.lasting]
        for name, method in BASELINES.items():
            moment = method(events)
            plain[name][str(user)] = [] if moment is None else [Finding(moment)]
        yield done
    yield judge(found, truth, lengths) | {"baselines": {name: judge(each, truth, lengths) for name, each in plain.items()}}

"""A report of ten cases of the demo city under five models, with everything loaded for the first time; reference: 10 seconds.

Megabytes of the file are said on standard error; no line where it has more than 6.
"""

import time
from typing import Any

from recsys.api import load
from recsys.cases.case import Case, View
from recsys.cli.console import say
from recsys.core.errors import DataError
from recsys.datasets import open_dataset
from recsys.reports.html_file import build_report
from tests.bench._timing import measured

MODELS = ("sasrec", "spatiotemporal", "fusion", "markov", "popularity")
PAGES = ("timeline", "explain", "attention", "drift", "recommend")
MOST_SECONDS, MOST_BYTES = 10.0, 6_000_000


def measure() -> dict[str, Any]:
    dataset = open_dataset("demo-city")
    users = sorted(dataset.user_ids, key=lambda user: -len(dataset.history(user)))[::120]  # from the longest history to the shortest
    cases = [
        Case(
            "a" * 32,
            _view(dataset.name, str(user), at, len(dataset.history(user)) - 1),
            "A **note**",
            ("tag",),
            "Ada",
            1.7e9,
            1,
            None,
            None,
        )
        for at, user in enumerate(users[:10])
    ]
    began = time.perf_counter()
    report = build_report(cases, open_dataset, lambda data, name: load(name, data))
    seconds = time.perf_counter() - began
    size = len(report.encode())
    say(f"{len(cases)} cases, {size / 1e6:.2f} MB")
    if size > MOST_BYTES:
        raise DataError(f"the report has {size} bytes, more than {MOST_BYTES}")
    return measured(seconds, "s", MOST_SECONDS)


def _view(dataset: str, user: str, at: int, step: int) -> View:
    return View(dataset, MODELS[at % len(MODELS)], 1, "", user, step, PAGES[at % len(PAGES)])

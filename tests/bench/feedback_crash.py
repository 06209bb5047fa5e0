"""Acknowledged feedback that is lost in 100 kills of the process that saves it, on SQLite and PostgreSQL; reference: what was acknowledged.

RECSYS_BENCH_KILLS sets another number. Kills that left a store that was corrupt, or had half of a write in it, are said on standard error.
"""

import os
import random
import tempfile
from pathlib import Path
from typing import Any

from recsys.cli.console import say
from recsys.core.errors import DataError
from tests.bench._timing import measured
from tests.feedback.crashes import inspect_store, run_and_kill
from tests.temporary_postgres import PostgresMissingError, temporary_cluster

KILLS = int(os.environ.get("RECSYS_BENCH_KILLS", "100"))


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        lost, acknowledged = _kill("SQLite", f"sqlite:///{Path(folder) / 'recscope.db'}")
    try:
        with temporary_cluster(settings=()) as cluster:
            more = _kill("PostgreSQL", cluster.make_database())
    except PostgresMissingError as error:
        say(f"PostgreSQL was left out: {error}")
        more = (0, 0)
    if not acknowledged:
        raise DataError("nothing was acknowledged before the kills; set RECSYS_BENCH_KILLS to more")
    return measured(lost + more[0], "lost", acknowledged + more[1])


def _kill(name: str, url: str) -> tuple[int, int]:
    """Return how much acknowledged feedback was lost, and how much there was."""
    moments, acknowledged, faults, lost = random.Random(17), [], 0, 0
    for _ in range(KILLS):
        acknowledged += run_and_kill(url, moments)
        after = inspect_store(url, acknowledged)
        faults, lost = faults + bool(after.faults), max(lost, after.lost)
    say(f"{name}: {KILLS} kills, {len(acknowledged):,} answers acknowledged, {lost:,} lost, {faults} stores with faults, no repair")
    return lost, len(acknowledged)

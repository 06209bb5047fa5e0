"""A like, p95 in ms, in a store of 10 million impressions on the slower of SQLite and PostgreSQL; reference: in an empty store.

RECSYS_BENCH_IMPRESSIONS sets another number. Seconds of the page of feedback, and of counting without the counters, are said on standard error.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from recsys.accounts.account import Account, open_local_account
from recsys.cli.console import say
from recsys.core.errors import DataError
from recsys.database.engine import Store
from recsys.feedback.recording import Impression, load_feedback, record_feedback, record_impression
from recsys.feedback.summary import summarize_feedback
from tests.bench._large_store import DATASET, make_large_store
from tests.bench._timing import measured, times_of
from tests.temporary_postgres import PostgresMissingError, temporary_cluster

IMPRESSIONS = int(os.environ.get("RECSYS_BENCH_IMPRESSIONS", "10000000"))
BYTES_EACH = 1_500
"""Of free disk for an impression, its part of the indexes and the log of the database."""
REPEATS = 300
SETTINGS = ("max_wal_size=4GB", "wal_level=minimal", "max_wal_senders=0")


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        if shutil.disk_usage(folder).free < IMPRESSIONS * BYTES_EACH:
            raise DataError(f"{IMPRESSIONS:,} impressions need {IMPRESSIONS * BYTES_EACH / 1e9:,.0f} GB of free disk")
        empty = _like(Store(f"sqlite:///{Path(folder) / 'empty.db'}"), "an empty SQLite")
        slowest = _measure_large("SQLite", f"sqlite:///{Path(folder) / 'recscope.db'}")
    try:
        with temporary_cluster(SETTINGS) as cluster:
            empty = max(empty, _like(Store(cluster.make_database()), "an empty PostgreSQL"))
            slowest = max(slowest, _measure_large("PostgreSQL", cluster.make_database()))
    except PostgresMissingError as error:
        say(f"PostgreSQL was left out: {error}")
    return measured(slowest, "ms", empty)


def _measure_large(name: str, url: str) -> float:
    began = time.perf_counter()
    store, counting = make_large_store(url, IMPRESSIONS)
    say(f"{name}: {IMPRESSIONS:,} impressions made in {time.perf_counter() - began:.0f} s; counting them takes {counting:.2f} s")
    store.close()
    store = Store(url)
    account = open_local_account(store)
    summary = summarize_feedback(store, account, DATASET)
    if (summary.impressions, summary.answers, len(summary.latest)) != (IMPRESSIONS, -(-IMPRESSIONS // 10), 20):
        raise DataError(f"{name}: the summary has {summary.impressions} lists, {summary.answers} answers, {len(summary.latest)} latest")
    page = times_of(lambda: summarize_feedback(store, account, DATASET), 20, warm=0)
    someone = Account(f"{7:032x}", "", "editor")
    own = times_of(lambda: summarize_feedback(store, someone, DATASET), 20, warm=0)
    say(
        f"{name}: summary p95 {np.percentile(page, 95):.0f} ms, of an editor with {IMPRESSIONS // 1000:,} lists {np.percentile(own, 95):.0f} ms"
    )
    return _like(store, f"{name} with {IMPRESSIONS:,} impressions")


def _like(store: Store, name: str) -> float:
    """Return the p95 in ms of a like of an item of a new list."""
    account, number = open_local_account(store), iter(range(10**9))
    shown: list[str] = []

    def show() -> None:
        each = next(number)
        items = [f"place-{rank}" for rank in range(10)]
        shown.append(
            record_impression(store, account, Impression(DATASET, "f", "model-1@2", "g", f"user-{each % 50}", 3, items, [1.0] * 10))
        )

    def like() -> None:
        record_feedback(store, account, shown[-1 - next(number) % len(shown)], "place-4", "like")

    found = {"list": _p95(show), "like": _p95(like), "own feedback": _p95(lambda: load_feedback(store, account, DATASET, "user-7"))}
    say(f"p95 in {name}: " + ", ".join(f"{what} {milliseconds:.1f} ms" for what, milliseconds in found.items()))
    store.close()
    return found["like"]


def _p95(action: Callable[[], object]) -> float:
    return float(np.percentile(times_of(action, REPEATS), 95))

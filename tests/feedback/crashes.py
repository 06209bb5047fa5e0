"""A process that acknowledges feedback on its standard output, and what is left of it after it was killed.

As a program, `python -m tests.feedback.crashes ADDRESS` shows lists and gives feedback on them until it is killed.
"""

import random
import subprocess
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from sqlalchemy import select, text

from recsys.database.engine import Store
from recsys.database.schema import FeedbackRow
from recsys.feedback.recording import record_feedback
from tests.feedback.shown_lists import ITEMS, answer, counted, counters_of, make_account, show_list

ROOT = Path(__file__).resolve().parents[2]
THREADS = 3
ANSWERS = (("take",), ("like",), ("rating", 3.5))


@dataclass
class Aftermath:
    """What was acknowledged before kills, how much of it is lost, and what is wrong with the store."""

    acknowledged: int = 0
    lost: int = 0
    faults: tuple[str, ...] = ()


def acknowledge(url: str) -> None:
    """Give feedback for ever; each answer is printed when it is saved."""
    store, printing = Store(url), Lock()

    def work(number: int) -> None:
        account = make_account(store, f"person {number}")
        while True:
            shown = show_list(store, account)
            for given in ANSWERS:
                record_feedback(store, account, shown, ITEMS[-1], *given)
                with printing:
                    print(shown, given[0], flush=True)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))


def run_and_kill(url: str, moments: random.Random) -> list[tuple[str, ...]]:
    """Run such a process, kill it at a random moment, sometimes before its first answer, and return what it acknowledged."""
    command = [sys.executable, "-m", "tests.feedback.crashes", url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        if moments.random() < 0.8:
            lines.append(process.stdout.readline())
            time.sleep(moments.uniform(0, 0.3))
        else:
            time.sleep(moments.uniform(0, 1.5))
        process.kill()
        lines += process.stdout.readlines()
    return [tuple(line.split()) for line in lines if line.endswith("\n")]


def inspect_store(url: str, acknowledged: list[tuple[str, ...]]) -> Aftermath:
    """Open a store after kills, with no repair, and compare it with all that was acknowledged."""
    store, faults = Store(url), []
    with store.read() as session:
        rows = session.execute(select(FeedbackRow.impression_id, FeedbackRow.action, FeedbackRow.rank)).all()
        if store.dialect == "sqlite":
            faults += [str(found) for (found,) in session.execute(text("PRAGMA integrity_check")) if found != "ok"]
            faults += [f"orphan: {tuple(row)}" for row in session.execute(text("PRAGMA foreign_key_check"))]
    kept = {(shown, action) for shown, action, _rank in rows}
    if counters_of(store) != counted(store):
        faults.append("counters are not the number of rows")
    ranks = defaultdict(set)
    for shown, _action, rank in rows:
        ranks[shown].add(rank)
    if any(found != set(range(1, len(ITEMS) + 1)) for found in ranks.values()):
        faults.append("half of a write was saved")  # a take also saves what was skipped above it
    account = make_account(store, "afterwards")
    answer(store, account, show_list(store, account), (ITEMS[-1], "take"))
    store.close()
    return Aftermath(len(acknowledged), sum(each not in kept for each in acknowledged), tuple(faults))


if __name__ == "__main__":
    acknowledge(sys.argv[1])

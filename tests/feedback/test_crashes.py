"""Processes killed at random moments while people give feedback: nothing that was acknowledged is lost, and the store opens as it is."""

import random
import subprocess
import sys

from recsys.database.engine import Store
from tests.feedback.crashes import ROOT, inspect_store, run_and_kill
from tests.temporary_postgres import Cluster


def test_kills_at_random_moments(store_url: str) -> None:
    moments, acknowledged = random.Random(17), []
    for _ in range(5):
        acknowledged += run_and_kill(store_url, moments)
        after = inspect_store(store_url, acknowledged)
        assert (after.lost, after.faults) == (0, ())
    assert after.acknowledged > 3


def test_what_is_not_saved_is_missed(store_url: str) -> None:
    """The inspection finds a loss."""
    Store(store_url).close()
    assert inspect_store(store_url, [("0" * 32, "like")]).lost == 1


def test_a_crash_of_postgresql_itself(postgres_url: str, postgres_cluster: Cluster) -> None:
    command = [sys.executable, "-m", "tests.feedback.crashes", postgres_url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(20)]
        postgres_cluster.stop("immediate")
        process.kill()
        lines += process.stdout.readlines()
    postgres_cluster.start()
    after = inspect_store(postgres_url, [tuple(line.split()) for line in lines if line.endswith("\n")])
    assert after.acknowledged >= 20 and (after.lost, after.faults) == (0, ())

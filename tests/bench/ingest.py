"""Three million generated events through `prepare`; reference: pandas reading and sorting the same file in the same run.

RECSYS_BENCH_EVENTS sets another number of events. Peak memory is said on standard error.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from recsys.cli.console import say
from recsys.core.errors import RecsysError
from tests.bench._timing import measured

ROOT = Path(__file__).resolve().parents[2]
EVENTS = int(os.environ.get("RECSYS_BENCH_EVENTS", "3000000"))


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = generated(Path(folder) / "events.csv")
        mapping = "user_id=user,item_id=item,timestamp=time,rating=rating"
        command = [sys.executable, "-m", "recsys", "prepare", str(path), "--map", mapping, "--name", "generated", "--json"]
        seconds, peak = _run(command, {**os.environ, "RECSYS_HOME": folder})
        say(f"ingest of {EVENTS:,} events: peak memory {peak / 2**30:.2f} GiB")
        began = time.perf_counter()
        pd.read_csv(path).sort_values(["user", "time"], kind="stable")
        return measured(seconds, "s", time.perf_counter() - began)


def generated(path: Path) -> Path:
    """A CSV in which popular things are popular, in no order."""
    random = np.random.default_rng(0)
    table = pd.DataFrame({
        "user": random.integers(EVENTS // 100 + 1, size=EVENTS),
        "item": (random.pareto(1.2, size=EVENTS) * 50).astype(np.int64) % 20_000,
        "time": random.integers(1_500_000_000, 1_600_000_000, size=EVENTS),
        "rating": random.integers(1, 6, size=EVENTS),
    })  # fmt: skip
    table.to_csv(path, index=False)
    return path


def _run(command: list[str], environment: dict[str, str]) -> tuple[float, int]:
    """Seconds of a command, and the most bytes of memory it held."""
    began, peak = time.perf_counter(), 0
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                peak = max(peak, watched.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.02)
        _, said = process.communicate()
    if process.returncode:
        raise RecsysError(said.strip())
    return time.perf_counter() - began, peak

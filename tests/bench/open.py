"""A second open of a million prepared events; reference: reading their Parquet files and nothing else."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from recsys.datasets import open_dataset
from recsys.datasets.prepared import write_prepared
from tests.bench._timing import made_up, measured, times_of


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RECSYS_HOME"] = folder
        prepared = Path(folder) / "datasets" / "made-up"
        write_prepared(prepared, made_up(users=5_000))
        opened = np.median(times_of(lambda: open_dataset("made-up"), repeats=5, warm=1))
        read = np.median(times_of(lambda: [pq.read_table(path) for path in prepared.glob("*.parquet")], repeats=5, warm=1))
        return measured(float(opened), "ms", float(read))

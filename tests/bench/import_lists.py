"""Processor time of a million rows of recommendations through `import`; reference: pandas reading and sorting the same file."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

from recsys.core.errors import RecsysError
from tests.bench._recommendations import prepare
from tests.bench._timing import measured

ROOT = Path(__file__).resolve().parents[2]


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        _dataset, file = prepare(Path(folder))
        command = [sys.executable, "-m", "recsys", "import", str(file), "--dataset", "made-up", "--made-before", "last", "--json"]
        done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RecsysError(done.stderr.strip())
        used = resource.getrusage(resource.RUSAGE_CHILDREN)  # of the one command that this process has run
        began = time.process_time()
        pd.read_csv(file).sort_values(["user_id", "score"], kind="stable")
        return measured(used.ru_utime + used.ru_stime, "s", time.process_time() - began)

"""MovieLens 1M for the comparison with RecTools, and RecTools itself in an interpreter of its own."""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from recsys.cli.console import say
from recsys.core import Dataset
from recsys.core.errors import RecsysError
from recsys.core.split import TRAIN, split_interactions
from recsys.datasets import open_dataset, prepare_dataset

THREADS = os.cpu_count() or 1
BATCHES = int(os.environ.get("RECSYS_BENCH_BATCHES", "-1"))
"""How many batches each side trains; −1 is a whole epoch on both."""


def peer_python() -> Path:
    """The interpreter with RecTools, or an error that says how to make one."""
    path = Path(os.environ.get("RECSYS_PEER_PYTHON", ""))
    if not path.is_file():
        raise RecsysError(
            "it compares with RecTools, which needs an environment of its own: python3.11 -m venv peer && "
            "peer/bin/pip install 'rectools[torch]==0.19.0', then set RECSYS_PEER_PYTHON=peer/bin/python"
        )
    return path


def movies() -> Dataset:
    """ml-1m, read from RECSYS_DATA and prepared in a folder that is gone afterwards."""
    if not os.environ.get("RECSYS_DATA"):
        raise RecsysError("it needs the files of MovieLens 1M; set RECSYS_DATA to the folder with ml-1m in it")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RECSYS_HOME"] = folder
        prepare_dataset("ml-1m")
        return open_dataset("ml-1m")


def peer(mode: str, dataset: Dataset) -> dict[str, Any]:
    """What RecTools' SASRec of the same size takes on the training events of the same data, with the same threads."""
    train = split_interactions(dataset, "last-out").labels == TRAIN
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.npz"
        users = dataset.interactions["user_id"].cat.codes.to_numpy()
        np.savez(path, users=users[train], items=dataset.item_codes[train])
        command = [str(peer_python()), str(Path(__file__).with_name("_peer.py")), mode, str(path), str(THREADS), str(BATCHES)]
        say(f"RecTools: {mode} with {THREADS} threads")
        threads = {name: str(THREADS) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **threads}, check=False, cwd=folder)
    if done.returncode:
        raise RecsysError(f"RecTools ended with {done.returncode}: {(done.stderr.strip().splitlines() or ['no word'])[-1]}")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))

"""Targets a second in training, sasrec d 64, 2 blocks, L 200, full softmax, ml-1m; reference: RecTools' SASRec with
the same blocks, threads and run.

A target is an event to predict that is not padding. RECSYS_BENCH_BATCHES limits both sides to so many batches.
"""

import itertools
import tempfile
from pathlib import Path
from typing import Any

import torch

from recsys.core import Dataset
from recsys.training.loop import train_model
from tests.bench._movies import BATCHES, THREADS, movies, peer, peer_python
from tests.bench._timing import measured


def measure() -> dict[str, Any]:
    peer_python()
    dataset = movies()
    torch.set_num_threads(THREADS)
    reference = peer("training", dataset)["targets_per_second"]
    return measured(_targets_per_second(dataset), "targets/s", reference)


def _targets_per_second(dataset: Dataset) -> float:
    """Of the product's own loop, validation not counted, as it is not for the reference."""
    counted = itertools.count(1)
    settings = {"embedding_size": 64, "n_blocks": 2, "n_heads": 1, "max_length": 200, "epochs": 1}
    with tempfile.TemporaryDirectory() as folder:
        steps = train_model(
            "sasrec", dataset, settings=settings, device="cpu", stop=lambda: next(counted) == BATCHES, folder=Path(folder) / "sasrec"
        )
        return list(steps)[-1].targets_per_second

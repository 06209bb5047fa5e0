"""1,000 short texts to vectors, nothing known before, the encoder loaded in the same seconds; reference: the same again, from the disk."""

import os
import tempfile
import time
from typing import Any

import torch

from recsys.datasets import open_dataset
from recsys.text import TextEncoder
from tests.bench._movies import THREADS
from tests.bench._timing import measured

COUNT = 1_000


def measure() -> dict[str, Any]:
    titles = open_dataset("demo-city").items["title"].tolist()
    texts = [f"{titles[at % len(titles)]}, visit {at}" for at in range(COUNT)]
    torch.set_num_threads(THREADS)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RECSYS_HOME"] = folder  # a cache of its own, empty
        first, second = _seconds(texts), _seconds(texts)
    return measured(first, "s", second)


def _seconds(texts: list[str]) -> float:
    began = time.perf_counter()
    TextEncoder().encode(texts)
    return time.perf_counter() - began

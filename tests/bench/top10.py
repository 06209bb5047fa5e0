"""Ten items for every user of ml-1m, sasrec d 64, 2 blocks, L 200; reference: RecTools' SASRec with the same blocks, threads and run.

RECSYS_BENCH_USERS limits both sides to so many users.
"""

import os
import time
from typing import Any

import torch

from recsys.core import Dataset, Request, candidate_scores, top_k
from tests.bench._movies import THREADS, movies, peer, peer_python
from tests.bench._timing import measured, transformer

USERS = int(os.environ.get("RECSYS_BENCH_USERS", "1000000"))
USERS_AT_ONCE = 2048


def measure() -> dict[str, Any]:
    peer_python()
    dataset = movies()
    reference = peer("top10", dataset)["seconds"]
    torch.set_num_threads(THREADS)
    model = transformer(dataset)
    began = time.perf_counter()
    _ten_for_everyone(model, dataset)
    return measured(time.perf_counter() - began, "s", reference)


def _ten_for_everyone(model: Any, dataset: Dataset) -> None:
    users = dataset.user_ids[:USERS]
    for start in range(0, len(users), USERS_AT_ONCE):
        requests = [Request(dataset.history(user)) for user in users[start : start + USERS_AT_ONCE]]
        top_k(candidate_scores(model, requests, model.vocabulary, repeats=False), 10)

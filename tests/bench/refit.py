"""NDCG@10 on the demo's test events after a refit from feedback, a model of the shipped `association`; reference: before it.

The feedback: at 1,000 validation events of one half of the people, the list of ten the model would have shown, a like for what the
person did next and a dislike for the rest. The people judged are the other half, of whom the refit heard nothing.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from recsys.cli.console import say
from recsys.core import recommend, request_at
from recsys.core.split import TEST, VALIDATION, split_interactions
from recsys.datasets import open_dataset
from recsys.evaluation import compare_paired, evaluate_model
from recsys.models.association import Feedback
from recsys.training.checkpoints import find_checkpoint, load_checkpoint
from tests.bench._timing import measured

SEED, LISTS = 1, 1_000


def measure() -> dict[str, Any]:
    dataset = open_dataset("demo-city")
    made, loaded = split_interactions(dataset, "temporal"), load_checkpoint(find_checkpoint("association", dataset.name))
    users = dataset.interactions["user_id"].cat.codes.to_numpy()
    rng = np.random.default_rng(SEED)
    asked = np.isin(users, rng.permutation(len(dataset.user_ids))[::2])
    rows = rng.permutation(np.flatnonzero(asked & (made.labels == VALIDATION)))[:LISTS]
    again = loaded.model.refit([each for row in rows for each in _answers(loaded.model, dataset, int(row), users[row])])
    held = replace(made, labels=np.where(asked & (made.labels == TEST), VALIDATION, made.labels))
    before, after = (evaluate_model(model, dataset, held, "test", brief=True) for model in (loaded.model, again))
    gain = compare_paired(after, before)
    say(f"{len(rows):,} lists; {gain.difference:+.4f} [{gain.low:.4f}, {gain.high:.4f}] on {after.cases:,} events of {after.users} people")
    return measured(after.metrics["ndcg@10"], "ndcg@10", before.metrics["ndcg@10"])


def _answers(model: Any, dataset: Any, row: int, user: int) -> list[Feedback]:
    history, step = dataset.history(str(dataset.user_ids[user])), row - dataset.user_starts[user]
    request = request_at(history, int(step))
    return [Feedback(request, each.item_id, each.item_id == history.items[step]) for each in recommend(model, request, 10, dataset.repeats)]

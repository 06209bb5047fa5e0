"""Continued training of a gradient model on interactions and feedback, so that it follows the feedback without unlearning the rest.

Every step adds the loss of a batch of interactions, the model's own, and that of a batch of feedback: with p the softmax over all items,
−w log p of an item that was wanted and −w log(1 − p) of one that was not.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from recsys.core import Dataset
from recsys.core.split import Split
from recsys.feedback.training_data import Answer

EPOCHS = 4
"""Times that all feedback is seen."""
FEEDBACK_SHARE = 0.3
"""Weight of the loss of the feedback on one list, where the mean loss of interactions has the weight 1."""
MOST_LIKELY = 0.999
"""Probability of an unwanted item above which its loss does not grow."""


def continue_training(
    model: Any, dataset: Dataset, split: Split, answers: Sequence[Answer], seed: int, report: Callable[[int, int], None]
) -> Any:
    """Return a copy of a model trained further; `report` gets the number of steps done and of all, and ends the work by an exception."""
    import torch

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    made = type(model).restore(model.item_ids, model.config, {name: value.copy() for name, value in model.arrays().items()})
    made.train()
    optimizer = torch.optim.AdamW(made.parameters(), lr=made.config.learning_rate, weight_decay=made.config.weight_decay)
    batches = _collect_batches(made, answers)
    interactions = _repeat_batches(made, dataset, split, rng)
    steps = EPOCHS * len(batches)
    done = 0
    for _epoch in range(EPOCHS):
        for at in rng.permutation(len(batches)):
            loss, targets = made.loss(next(interactions), torch.float32)
            total = loss / max(targets, 1) + FEEDBACK_SHARE * _compute_feedback_loss(made, *batches[at])
            total.backward()
            torch.nn.utils.clip_grad_norm_(made.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            done += 1
            report(done, steps)
    return made.eval()


def _collect_batches(model: Any, answers: Sequence[Answer]) -> list[tuple[Any, np.ndarray, np.ndarray, np.ndarray]]:
    """Return batches of requests with the rows, columns and weights of the answers to them; a request is encoded once for all its answers."""
    requests = {id(each.request): each.request for each in answers}
    number = {key: at for at, key in enumerate(requests)}
    of_request = np.array([number[id(each.request)] for each in answers])
    columns = model.vocabulary.encode([each.item_id for each in answers]) - 1
    weights = np.array([each.weight for each in answers], dtype=np.float32)
    found = []
    for rows, batch in model.request_batches(list(requests.values())):
        row_of = np.full(len(requests), -1)
        row_of[rows] = np.arange(len(rows))
        mine = np.flatnonzero((row_of[of_request] >= 0) & (columns >= 0))
        found.append((batch, row_of[of_request[mine]], columns[mine], weights[mine]))
    return found


def _compute_feedback_loss(model: Any, batch: Any, rows: np.ndarray, columns: np.ndarray, weights: np.ndarray) -> Any:
    """Return the summed loss of the answers to a list, in the mean over the lists of a batch."""
    import torch

    scores = model.score_batch(batch)
    logs = torch.log_softmax(scores, 1)[rows, columns]
    weight = torch.from_numpy(weights).to(logs.device)
    others = torch.log1p(-logs.exp().clamp_max(MOST_LIKELY))
    return -(weight.abs() * torch.where(weight > 0, logs, others)).sum() / len(scores)


def _repeat_batches(model: Any, dataset: Dataset, split: Split, rng: np.random.Generator) -> Iterator[Any]:
    data = model.training_data(dataset, split)
    while True:
        for _number, _of, batch in model.batches(data, rng):
            yield batch

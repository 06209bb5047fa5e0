"""The events of a split as cases to judge, and a model's scores of them, a chunk at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from recsys.core import PAD, Dataset, History, Request, Traces, request_at
from recsys.core.errors import DataError, unknown
from recsys.core.split import SPLIT_NAMES, Split
from recsys.evaluation.metrics import scores_of

CHUNK_BYTES = 64_000_000
CHUNK_REQUESTS = 512


@dataclass(frozen=True, eq=False)
class Cases:
    """The events to judge: (cases,) rows of the interactions, codes of their users, and steps in those users' histories."""

    dataset: Dataset
    rows: np.ndarray
    user_codes: np.ndarray
    steps: np.ndarray

    @classmethod
    def of(cls, dataset: Dataset, split: Split, which: str) -> "Cases":
        """All events of a split, in the order of the interactions; an error where it has none."""
        if which not in SPLIT_NAMES:
            raise unknown("split", which, SPLIT_NAMES)
        rows = np.flatnonzero(split.labels == SPLIT_NAMES.index(which))
        if not len(rows):
            raise DataError(
                f"dataset '{dataset.name}' has no {which} events under {split.protocol}; last-out takes a user with at least three "
                "events, temporal takes times that differ"
            )
        user_codes = dataset.interactions["user_id"].cat.codes.to_numpy()[rows]
        return cls(dataset, rows, user_codes, rows - dataset.user_starts[user_codes])

    def requests(self, cases: np.ndarray) -> list[Request]:
        """The requests of some cases; each user's history is built once."""
        histories = {code: self.history(code) for code in np.unique(self.user_codes[cases])}
        return [request_at(histories[self.user_codes[case]], int(self.steps[case])) for case in cases]

    def history(self, user_code: int) -> History:
        return self.dataset.history(str(self.dataset.user_ids[user_code]))


def scored(model: Any, cases: Cases, whole: bool) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Numbers of cases, their candidate scores, and codes of their targets in the model's vocabulary, a chunk at a time.

    `whole` asks for one pass over each user's history where the model can: worth it when many of its steps are wanted.
    """
    dataset, codes = cases.dataset, model.vocabulary.encode(cases.dataset.item_ids)[cases.dataset.item_codes - 1]
    size = rows_at_once(len(model.item_ids))
    chunks = _by_trace(model, cases, size) if whole and isinstance(model, Traces) else _by_request(model, cases)
    for chosen, raw in chunks:
        scores = scores_of(model, raw)
        if not dataset.repeats:
            for scored, row, step in zip(scores, cases.rows[chosen], cases.steps[chosen], strict=True):
                seen = codes[row - step : row]
                scored[seen[seen != PAD] - 1] = -np.inf
        yield chosen, scores, codes[cases.rows[chosen]]


def rows_at_once(n_items: int) -> int:
    """How many rows of scores fill a chunk."""
    return max(1, CHUNK_BYTES // (4 * max(n_items, 1)))


def by_length(cases: Cases, wanted: np.ndarray, n_items: int) -> Iterator[np.ndarray]:
    """The wanted cases in chunks, histories of like length together so that little is padded."""
    order = wanted[np.argsort(cases.steps[wanted], kind="stable")]
    size = min(rows_at_once(n_items), CHUNK_REQUESTS)
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _by_request(model: Any, cases: Cases) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for chosen in by_length(cases, np.arange(len(cases.rows)), len(model.item_ids)):
        yield chosen, model.score(cases.requests(chosen))


def _by_trace(model: Any, cases: Cases, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Scores at every event wanted, by one pass over each user's history."""
    for code, group in groupby(range(len(cases.rows)), key=lambda case: cases.user_codes[case]):
        chosen = np.array(list(group))
        steps = cases.steps[chosen]
        # What follows the last event wanted is cut off: it is not needed, and nothing later can leak in.
        trace = model.trace(cases.history(code).until(int(steps[-1]) + 1))
        for start in range(0, len(steps), size):
            yield chosen[start : start + size], model.score_trace(trace, steps[start : start + size])

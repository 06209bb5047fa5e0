"""Cases of an evaluation, one for each event of a split, and a model's scores for them in chunks."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from recsys.core import PAD, Dataset, History, Request, Traces, request_at
from recsys.core.errors import DataError, unknown
from recsys.core.split import SPLIT_NAMES, Split
from recsys.core.translation import _
from recsys.evaluation.metrics import check_scores

CHUNK_BYTES = 64_000_000
CHUNK_REQUESTS = 512


@dataclass(frozen=True, eq=False)
class Cases:
    """Events to evaluate: rows of the interactions, codes of their users, and the numbers of events known before them, each (cases,)."""

    dataset: Dataset
    rows: np.ndarray
    user_codes: np.ndarray
    steps: np.ndarray

    @classmethod
    def from_split(cls, dataset: Dataset, split: Split, which: str) -> "Cases":
        """Return all targets of a split in the order of the interactions; an error if there are none."""
        if which not in SPLIT_NAMES:
            raise unknown("split", which, SPLIT_NAMES)
        rows = np.flatnonzero((split.labels == SPLIT_NAMES.index(which)) & dataset.is_target)
        if not len(rows):
            raise DataError(
                _(
                    "dataset '{dataset}' has no {split} events under the protocol {protocol}; last-out needs a user with at least three "
                    "events, temporal needs events at different times",
                    dataset=dataset.name,
                    split=which,
                    protocol=split.protocol,
                )
            )
        user_codes = dataset.interactions["user_id"].cat.codes.to_numpy()[rows]
        return cls(dataset, rows, user_codes, dataset.history_ends[rows] - dataset.user_starts[user_codes])

    def requests(self, cases: np.ndarray) -> list[Request]:
        """Return the requests of some cases; each user's history is built once."""
        histories = {code: self.history(code) for code in np.unique(self.user_codes[cases])}
        return [request_at(histories[self.user_codes[case]], int(self.steps[case])) for case in cases]

    def history(self, user_code: int) -> History:
        """Return the whole history of a user."""
        return self.dataset.history(str(self.dataset.user_ids[user_code]))


def score_cases(model: Any, cases: Cases, whole: bool) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield chunks of case indices, their candidate scores, and the codes of their targets in the model's vocabulary.

    With `whole`, models that trace score each user's history in one pass, which is faster if many of its steps are cases.
    """
    dataset, codes = cases.dataset, model.vocabulary.encode(cases.dataset.item_ids)[cases.dataset.item_codes - 1]
    size = compute_rows_per_chunk(len(model.item_ids))
    chunks = _by_trace(model, cases, size) if whole and isinstance(model, Traces) else _by_request(model, cases)
    for chosen, raw in chunks:
        scores = check_scores(model, raw)
        if not dataset.repeats:
            for row_scores, user, step in zip(scores, cases.user_codes[chosen], cases.steps[chosen], strict=True):
                start = dataset.user_starts[user]
                seen = codes[start : start + step]
                row_scores[seen[seen != PAD] - 1] = -np.inf
        yield chosen, scores, codes[cases.rows[chosen]]


def compute_rows_per_chunk(n_items: int) -> int:
    """Return the number of rows of scores that fill a chunk."""
    return max(1, CHUNK_BYTES // (4 * max(n_items, 1)))


def batch_by_length(cases: Cases, chosen: np.ndarray, n_items: int) -> Iterator[np.ndarray]:
    """Yield the chosen cases in batches of histories of similar length, so that little is padded."""
    order = chosen[np.argsort(cases.steps[chosen], kind="stable")]
    size = min(compute_rows_per_chunk(n_items), CHUNK_REQUESTS)
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _by_request(model: Any, cases: Cases) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for chosen in batch_by_length(cases, np.arange(len(cases.rows)), len(model.item_ids)):
        yield chosen, model.score(cases.requests(chosen))


def _by_trace(model: Any, cases: Cases, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the scores of all cases, by one pass over each user's history."""
    for code, group in groupby(range(len(cases.rows)), key=lambda case: cases.user_codes[case]):
        chosen = np.array(list(group))
        steps = cases.steps[chosen]
        # Events after the last case are cut off: they are not needed, and cannot leak.
        trace = model.trace(cases.history(code).until(int(steps[-1]) + 1))
        for start in range(0, len(steps), size):
            yield chosen[start : start + size], model.score_trace(trace, steps[start : start + size])

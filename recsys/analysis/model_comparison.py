"""Comparison of several models on one timeline: ranks of the next items, best model by step, differences between top-k lists."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.core import TOP_K
from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.evaluation.replay import Replay


@dataclass(frozen=True, eq=False)
class ReplayComparison:
    """Ranks of the next item under M models at every step that has one.

    `ranks` (M, T), infinity where a model of finished lists does not list the item or has no list. `best` (M, T) is True where no other model ranked the item higher, so tied models are all best. `unseen` (T,) marks
    the test events of all models, which none was trained on or selected by: only these measure prediction. Of a long timeline these
    are the T steps from `first` on that all models replayed.
    """

    ranks: np.ndarray
    best: np.ndarray
    unseen: np.ndarray
    first: int = 0

    def count_best(self, unseen: bool = False) -> np.ndarray:
        """Return the number of steps at which each model was best (M,), of all or of the unseen steps."""
        return np.asarray(self.best[:, self.unseen if unseen else slice(None)].sum(axis=1))

    def count_hits(self, k: int, unseen: bool = False) -> np.ndarray:
        """Return the number of steps at which each model had the next item in its top k (M,), of all or of the unseen steps."""
        return np.asarray((self.ranks[:, self.unseen if unseen else slice(None)] <= k).sum(axis=1))


def compare_replays(replays: Sequence[Replay]) -> ReplayComparison:
    """Compare replays of one user under several models, step by step."""
    if len({each.length for each in replays}) != 1:
        lengths = ", ".join(str(each.length) for each in replays)
        raise DataError(_("only replays of the same user can be compared; these have {lengths} events", lengths=lengths))
    first = max(each.steps[0] for each in replays)  # of a long timeline some may be replayed as a whole, others in part
    last = min(each.first + len(each.item_ids) for each in replays)
    ranks = np.stack([each.ranks[first - each.first : last - each.first] for each in replays])
    ranks = np.where(np.isnan(ranks), np.inf, ranks)
    unseen = np.array([each.splits[first - each.first : last - each.first] == "test" for each in replays], dtype=bool).all(axis=0)
    return ReplayComparison(ranks, np.isfinite(ranks) & (ranks == ranks.min(axis=0, initial=np.inf)), np.asarray(unseen), first)


def list_top_items(replay: Replay, step: int, k: int = TOP_K) -> list[str]:
    """Return the top-k list of one step, best first, without empty places."""
    return [str(item) for item in replay.top_items[step - replay.first][:k] if item]


def compute_rank_moves(first: Sequence[str], other: Sequence[str]) -> list[int | None]:
    """Return for each item of the other list the places gained against the first list; None where the first does not hold it."""
    place = {item: at for at, item in enumerate(first)}
    return [place[item] - at if item in place else None for at, item in enumerate(other)]

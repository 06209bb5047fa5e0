"""Several models on one timeline: what their lists share, how items move between them, and who ranked what came next best."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.core import TOP_K
from recsys.core.errors import DataError
from recsys.evaluation.replay import Replay


@dataclass(frozen=True, eq=False)
class ReplayComparison:
    """Who ranked the next item best at every step with one, for M models.

    `ranks` (M, T). `best` (M, T) says where nobody ranked it higher: level models are all best. `unseen` (T,) are events that none
    of the models learnt from or was chosen by: only there is a hit foresight.
    """

    ranks: np.ndarray
    best: np.ndarray
    unseen: np.ndarray

    def wins(self, unseen: bool = False) -> np.ndarray:
        """(M,) steps at which each model was best."""
        return np.asarray(self.best[:, self.unseen if unseen else slice(None)].sum(axis=1))

    def hits(self, k: int, unseen: bool = False) -> np.ndarray:
        """(M,) steps at which each model had the next item among its k."""
        return np.asarray((self.ranks[:, self.unseen if unseen else slice(None)] <= k).sum(axis=1))


def compare_replays(replays: Sequence[Replay]) -> ReplayComparison:
    """Replays of one person under several models, compared step by step."""
    if len({each.length for each in replays}) != 1:
        raise DataError("only replays of one timeline can be compared; give replays of the same person")
    ranks = np.stack([each.ranks[: each.length] for each in replays])
    unseen = np.array([each.splits == "test" for each in replays], dtype=bool).all(axis=0)
    return ReplayComparison(ranks, np.equal(ranks, ranks.min(axis=0, initial=np.inf)), np.asarray(unseen))


def top_list(replay: Replay, step: int, k: int = TOP_K) -> list[str]:
    """The list of one step, best first, without empty places."""
    return [str(item) for item in replay.top_items[step][:k] if item]


def rank_moves(first: Sequence[str], other: Sequence[str]) -> list[int | None]:
    """For each item of the other list how many places it stands higher than in the first; None where it is not in the first."""
    place = {item: at for at, item in enumerate(first)}
    return [place[item] - at if item in place else None for at, item in enumerate(other)]

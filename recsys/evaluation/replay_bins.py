"""Ranks of a long replay summarized in bins of consecutive steps."""

from dataclasses import dataclass

import numpy as np

from recsys.core import TOP_K


@dataclass(frozen=True, eq=False)
class RankBins:
    """B bins of consecutive events: bin b holds those at the steps from `edges[b]` up to `edges[b + 1]`, all equally many but the last.

    `counts`, `hits` and `trained` (B,) are the numbers of events, of those whose item was in the top 10, and of training events;
    `medians` (B,) the median ranks, NaN in a bin without any rank.
    """

    edges: np.ndarray
    counts: np.ndarray
    hits: np.ndarray
    trained: np.ndarray
    medians: np.ndarray


def bin_ranks(ranks: np.ndarray, splits: np.ndarray, first: int, most: int) -> RankBins:
    """Summarize the ranks (n,) of events with these splits (n,), the first of them at step `first`, in at most `most` bins."""
    size = max(-(-len(ranks) // most), 1)
    starts = np.arange(0, len(ranks), size)
    edges = np.append(starts, len(ranks))
    parts = np.split(ranks, starts[1:]) if len(ranks) else []
    return RankBins(
        edges=first + edges,
        counts=np.diff(edges),
        hits=np.array([np.count_nonzero(part <= TOP_K) for part in parts], dtype=np.int64),
        trained=np.add.reduceat(splits == "train", starts) if len(ranks) else np.empty(0, dtype=np.int64),
        medians=np.array([np.median(known) if len(known := part[~np.isnan(part)]) else np.nan for part in parts]),
    )

"""Off-policy estimate of a ranking from lists that another one showed: position-weighted SNIPS, self-normalised.

With θ(r) the probability that a person examines rank r, an item shown at rank r that gets rank r' counts with the weight
w = θ(r') / θ(r), and the value is Σ w · reward / Σ w · θ(r): the expected reward of an examined item (position-based click model and
inverse propensity scoring of Joachims et al. 2017, arXiv 1608.04468; self-normalisation of Swaminathan and Joachims 2015).

Assumptions, in `ASSUMPTIONS` for those who read the number:
- whether an item is examined depends on its rank alone, with θ(r) = 1 / log2(1 + r), and 0 below the end of the list;
- an examined item is wanted or not whatever its rank and the other items are;
- the items that were never shown are worth as much as those that were: nothing is known of them;
- only lists with an answer count, and those of filtered lists do not, since a filter changes the ranks.
Weights are clipped at `MOST_WEIGHT`, which lowers the variance and pulls the value towards that of the lists that were shown.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from recsys.core import Recommender, Vocabulary, candidate_scores
from recsys.core.translation import N_
from recsys.evaluation.bootstrap import DRAWS, LIMITS, has_intervals
from recsys.evaluation.metrics import compute_ranks
from recsys.feedback.training_data import FeedbackData, ShownList

MOST_WEIGHT = 10.0
REQUESTS_PER_CHUNK = 128
ASSUMPTIONS = N_(
    "Assumes that people examine rank r with probability 1 / log2(1 + r) whatever is shown there, want an examined item whatever its "
    "rank, and would like items that were never shown as much as those that were; weights are clipped at {limit}."
)


@dataclass(frozen=True)
class OffPolicyEstimate:
    """Expected reward of an examined item under the lists that were shown and under a new ranking, and their difference.

    `low` and `high` are the 95 % interval of the difference over accounts, NaN for a single one. `clipped` is the share of weights that
    were clipped.
    """

    shown: float
    new: float
    difference: float
    low: float
    high: float
    lists: int
    accounts: int
    clipped: float


def compute_examination(ranks: np.ndarray, lengths: np.ndarray | int) -> np.ndarray:
    """Return the probability that each rank from 1 is examined, 0 beyond the length of its list."""
    return np.where(ranks <= lengths, 1 / np.log2(1 + ranks), 0.0)


def estimate_value(
    ranks: np.ndarray, new_ranks: np.ndarray, rewards: np.ndarray, lengths: np.ndarray | int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the numerator and denominator of each shown item (n,), whose sums are divided, and a mask of the clipped weights."""
    examined = compute_examination(ranks, lengths)
    weights = compute_examination(new_ranks, lengths) / examined
    clipped = np.minimum(weights, MOST_WEIGHT)
    return clipped * rewards, clipped * examined, weights > MOST_WEIGHT


def estimate_off_policy(
    model: Recommender, feedback: FeedbackData, repeats: bool, seed: int = 0, report: Callable[[int, int], None] = lambda done, of: None
) -> OffPolicyEstimate | None:
    """Return the value of a model's ranking on the lists that were shown to these accounts; None without a list that counts."""
    lists = [each for each in feedback.lists if not each.is_filtered]
    if not lists:
        return None
    wanted = {(each.impression_id, each.item_id) for each in feedback.answers if each.weight > 0}
    ranks = np.concatenate([each.ranks for each in lists])
    lengths = np.concatenate([np.full(len(each.items), max(each.ranks)) for each in lists])
    rewards = np.array([float((each.impression_id, item) in wanted) for each in lists for item in each.items])
    codes = {account: code for code, account in enumerate(sorted({each.account_id for each in lists}))}
    accounts = np.repeat([codes[each.account_id] for each in lists], [len(each.items) for each in lists])
    new = estimate_value(ranks, _rank_again(model, lists, repeats, report), rewards, lengths)
    old = estimate_value(ranks, ranks, rewards, lengths)
    sums = np.column_stack([np.bincount(accounts, weights=each) for each in (*new[:2], *old[:2])])
    value, before = _divide(sums.sum(axis=0)[None])[0]
    low = high = np.nan
    if has_intervals(accounts):
        rng = np.random.default_rng(seed)
        drawn = np.array([np.bincount(rng.integers(len(sums), size=len(sums)), minlength=len(sums)) @ sums for _ in range(DRAWS)])
        values = _divide(drawn)
        low, high = np.nanquantile(values[:, 0] - values[:, 1], LIMITS)
    return OffPolicyEstimate(
        float(before), float(value), float(value - before), float(low), float(high), len(lists), len(codes), float(new[2].mean())
    )


def _divide(sums: np.ndarray) -> np.ndarray:
    """Return values (n, 2) from sums (n, 4) of the numerators and denominators of two rankings."""
    with np.errstate(invalid="ignore", divide="ignore"):  # a ranking may keep none of the shown items
        return sums[:, [0, 2]] / sums[:, [1, 3]]


def _rank_again(model: Recommender, lists: Sequence[ShownList], repeats: bool, report: Callable[[int, int], None]) -> np.ndarray:
    """Return the model's ranks of all items of the lists, one list after the other; infinity for those that are not candidates."""
    vocabulary = getattr(model, "vocabulary", None) or Vocabulary(model.item_ids)
    found = []
    for start in range(0, len(lists), REQUESTS_PER_CHUNK):
        chunk = lists[start : start + REQUESTS_PER_CHUNK]
        for row, each in zip(candidate_scores(model, [each.request for each in chunk], vocabulary, repeats), chunk, strict=True):
            columns = vocabulary.encode(each.items) - 1
            ranks = compute_ranks(np.broadcast_to(row, (len(columns), len(row))), columns)
            found.append(np.where((columns >= 0) & (row[columns] > -np.inf), ranks, np.inf))
        report(min(start + len(chunk), len(lists)), len(lists))
    return np.concatenate(found)

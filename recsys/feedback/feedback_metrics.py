"""Metrics of two models on the same feedback, with paired intervals over accounts."""

import numpy as np

from recsys.core import Recommender, candidate_scores
from recsys.evaluation.bootstrap import bootstrap_interval, bootstrap_means, has_intervals
from recsys.evaluation.metrics import compute_case_metrics, compute_ranks
from recsys.feedback.training_data import FeedbackData

REQUESTS_PER_CHUNK = 128
METRICS = ("ndcg@10", "hr@10", "mrr")
PAIRS = "pairs"
"""Share of pairs of a wanted and an unwanted item of one list whose scores are in the right order, ties counting half."""


def measure_feedback(
    before: Recommender, after: Recommender, feedback: FeedbackData, repeats: bool, seed: int
) -> dict[str, tuple[float, float, float, float, float]]:
    """Return each metric under both models, the difference, and the limits of its 95 % interval over accounts, NaN for a single account.

    Ranks are those of the wanted items among all items, given the request of their list. A metric without a case is left out.
    """
    accounts = {each: code for code, each in enumerate(sorted(feedback.accounts))}
    columns = [_compute_columns(model, feedback, repeats) for model in (before, after)]
    found = {}
    for metric in (*METRICS, PAIRS):
        ids, values = columns[0][metric][0], np.column_stack([each[metric][1] for each in columns])
        if not len(values):
            continue
        codes = np.array([accounts[each] for each in ids])
        low = high = float("nan")
        if has_intervals(codes):
            low, high = bootstrap_interval(bootstrap_means(values[:, [1]] - values[:, [0]], codes, seed)[:, 0])
        old, new = values.mean(axis=0)
        found[metric] = float(old), float(new), float(new - old), low, high
    return found


def _compute_columns(model: Recommender, feedback: FeedbackData, repeats: bool) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return the accounts and values of the cases of every metric."""
    answers_of: dict[str, list[tuple[str, float]]] = {}
    for answer in feedback.answers:
        answers_of.setdefault(answer.impression_id, []).append((answer.item_id, answer.weight))
    lists = [each for each in feedback.lists if each.impression_id in answers_of]
    vocabulary = model.vocabulary  # type: ignore[attr-defined]
    ranks: list[float] = []
    pairs: list[float] = []
    rank_accounts: list[str] = []
    pair_accounts: list[str] = []
    for start in range(0, len(lists), REQUESTS_PER_CHUNK):
        chunk = lists[start : start + REQUESTS_PER_CHUNK]
        for row, each in zip(candidate_scores(model, [each.request for each in chunk], vocabulary, repeats), chunk, strict=True):
            items, weights = zip(*answers_of[each.impression_id], strict=True)
            at, is_wanted = vocabulary.encode(items) - 1, np.array(weights) > 0
            good, bad = row[at[is_wanted]], row[at[~is_wanted]]
            ranks += compute_ranks(np.broadcast_to(row, (len(good), len(row))), at[is_wanted]).tolist()
            rank_accounts += [each.account_id] * len(good)
            if len(good) and len(bad):
                pairs.append(float(np.mean((good[:, None] > bad) + 0.5 * (good[:, None] == bad))))
                pair_accounts.append(each.account_id)
    by_case = compute_case_metrics(np.array(ranks))
    return {**{name: (rank_accounts, by_case[name]) for name in METRICS}, PAIRS: (pair_accounts, np.array(pairs))}

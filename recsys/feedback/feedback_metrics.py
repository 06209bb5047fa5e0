"""Metrics of two models on the same feedback, with paired intervals over accounts.

Only the items that a person answered to are ranked, against each other: the items of a list were chosen by the model that showed it, so
that ranks among all items would favour that model, and items without an answer may not have been seen. Lists whose answers are all of
one kind say nothing about an order, and are left out.
"""

import numpy as np

from recsys.core import Recommender, candidate_scores
from recsys.evaluation.bootstrap import bootstrap_interval, bootstrap_means, has_intervals
from recsys.feedback.training_data import FeedbackData

REQUESTS_PER_CHUNK = 128
METRICS = ("pairs", "ndcg")
"""pairs: share of pairs of a wanted and an unwanted item that are in the right order, ties counting half. ndcg: of the wanted items
among the answered ones."""


def measure_feedback(
    before: Recommender, after: Recommender, feedback: FeedbackData, repeats: bool, seed: int
) -> dict[str, tuple[float, float, float, float, float]]:
    """Return each metric under both models, the difference, and the limits of its 95 % interval over accounts, NaN for a single account.

    Nothing without a list that has both kinds of answers.
    """
    codes_of = {each: code for code, each in enumerate(sorted(feedback.accounts))}
    answers_of: dict[str, list[tuple[str, float]]] = {}
    for answer in feedback.answers:
        answers_of.setdefault(answer.impression_id, []).append((answer.item_id, answer.weight))
    lists = [each for each in feedback.lists if {weight > 0 for _item, weight in answers_of.get(each.impression_id, ())} == {True, False}]
    if not lists:
        return {}
    accounts = np.array([codes_of[each.account_id] for each in lists])
    values = np.empty((2, len(lists), len(METRICS)))
    for model, of_model in zip((before, after), values, strict=True):
        vocabulary = model.vocabulary  # type: ignore[attr-defined]
        for start in range(0, len(lists), REQUESTS_PER_CHUNK):
            chunk = lists[start : start + REQUESTS_PER_CHUNK]
            scores = candidate_scores(model, [each.request for each in chunk], vocabulary, repeats)
            for at, (row, each) in enumerate(zip(scores, chunk, strict=True), start=start):
                items, weights = zip(*answers_of[each.impression_id], strict=True)
                of_model[at] = compute_list_metrics(row[vocabulary.encode(items) - 1], np.array(weights) > 0)
    difference = values[1] - values[0]
    draws = bootstrap_means(difference, accounts, seed) if has_intervals(accounts) else np.full((1, len(METRICS)), np.nan)
    return {
        name: (*values[:, :, at].mean(axis=1).tolist(), float(difference[:, at].mean()), *bootstrap_interval(draws[:, at]))
        for at, name in enumerate(METRICS)
    }


def compute_list_metrics(scores: np.ndarray, is_wanted: np.ndarray) -> tuple[float, float]:
    """Return the metrics of one list from the scores (n,) of the answered items; at least one is wanted, and one not."""
    good, bad = scores[is_wanted], scores[~is_wanted]
    pairs = float(np.mean((good[:, None] > bad) + 0.5 * (good[:, None] == bad)))
    gains = 1 / np.log2(1 + np.arange(1, len(scores) + 1))
    # tied items share the mean gain of their ranks
    by_item = np.array([gains[(scores > each).sum() : (scores >= each).sum()].mean() for each in good])
    return pairs, float(by_item.sum() / gains[: len(good)].sum())

"""Evidence that users' interest has just changed, at many steps at once and from nothing but the events before them.

It is a cheap relative of change-point detection, which searches one user's whole timeline with permutation tests: a user's last 15 and
last 30 events are compared with all before them, in the kinds of items and in the areas. They are more or less likely under shares
learnt from the earlier events than under shares that begin anew (Dirichlet-multinomial likelihoods; the shares of all users are the
prior). The Bayes factor is the mean of those of both lengths and both features. It is seldom large before ten events have followed a
change, and changes that are small, or leave kinds and areas as they were, are missed.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import gammaln, logsumexp

from recsys.core import Dataset
from recsys.drift.detection.feature_space import FeatureSpace

WINDOWS = (15, 30)
"""Numbers of last events that are compared with all before them."""
MIN_EVENTS = 2 * WINDOWS[0]
PRIOR_EVENTS = 10.0
"""Number of events that the prior of a user's shares is worth."""
EVIDENT = 10.0
"""Bayes factor from which a change is evident."""


def find_recent_changes(dataset: Dataset, feature_space: FeatureSpace, user_codes: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return whether a change is evident (n,) bool after `steps` (n,) events of the users with these codes (n,).

    It is not for histories of fewer than MIN_EVENTS events.
    """
    starts = dataset.user_starts[user_codes]
    factors = [each for codes in _read_features(dataset, feature_space) for each in _log_factors(codes, starts, steps)]
    if not factors:
        return np.zeros(len(steps), dtype=bool)
    n_compared = np.sum([np.isfinite(each) for each in factors], axis=0)
    return np.asarray(logsumexp(factors, axis=0) > np.log(EVIDENT * np.maximum(n_compared, 1)))


def _read_features(dataset: Dataset, feature_space: FeatureSpace) -> Iterator[np.ndarray]:
    """Yield the kinds and the areas (n_interactions,) of all events, −1 where unknown or where the user had the same one earlier that day."""
    dates = None
    if dataset.times is not None:
        offsets = 0.0 if dataset.utc_offsets is None else np.nan_to_num(dataset.utc_offsets)
        dates = (dataset.times + 60 * offsets) // 86_400
    users = dataset.interactions["user_id"].cat.codes.to_numpy()
    features = [feature_space.kinds[dataset.item_codes - 1]]
    if dataset.places is not None:
        features.append(feature_space.areas_of(dataset.places))
    for codes in features:
        if dates is not None:
            codes = np.where(pd.DataFrame({"user": users, "date": dates, "code": codes}).duplicated(), -1, codes)
        if (codes >= 0).any():
            yield codes


def _log_factors(codes: np.ndarray, starts: np.ndarray, steps: np.ndarray) -> Iterator[np.ndarray]:
    """Yield, for each window, log Bayes factors (n,) that its events have other shares than those before it; −inf where too few are before."""
    levels = np.bincount(codes[codes >= 0])
    priors = PRIOR_EVENTS * levels / levels.sum()
    ends = starts + steps
    middles = [np.maximum(starts, ends - window) for window in WINDOWS]
    factors = np.zeros((len(WINDOWS), len(steps)))
    n_before, n_recent = np.zeros_like(factors), np.zeros_like(factors)
    for level in np.flatnonzero(levels):
        seen = np.concatenate([[0], np.cumsum(codes == level)])
        for at, middle in enumerate(middles):
            before, recent = seen[middle] - seen[starts], seen[ends] - seen[middle]
            factors[at] += _log_rising(priors[level], recent) - _log_rising(priors[level] + before, recent)
            n_before[at] += before
            n_recent[at] += recent
    factors += _log_rising(PRIOR_EVENTS + n_before, n_recent) - _log_rising(PRIOR_EVENTS, n_recent)
    yield from np.where(steps >= 2 * np.array(WINDOWS)[:, None], factors, -np.inf)


def _log_rising(start: np.ndarray | float, count: np.ndarray) -> np.ndarray:
    """Return the logarithm of start · (start + 1) · … with `count` factors."""
    return np.asarray(gammaln(start + count) - gammaln(start))

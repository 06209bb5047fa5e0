"""Evidence that a user's interest has just changed, for many steps of many users at once and from nothing but the events before them.

It is a cheap relative of change-point detection, which searches one user's whole timeline with permutation tests: the last events are
compared with all before them. Their number of each kind, and in each area, is as likely under shares learnt from the earlier events
as under shares that begin anew (Dirichlet-multinomial likelihoods, whose prior are the shares of all users). The evidence is the
logarithm of the Bayes factor, the mean over several lengths of "the last events" and over kinds and areas, so that by chance it
exceeds log(b) for at most one of b users whose interest never changes.
"""

import numpy as np
from scipy.special import gammaln, logsumexp

from recsys.core import Dataset
from recsys.drift.detection.feature_space import FeatureSpace

WINDOWS = (10, 20, 40)
"""Numbers of last events that are compared with all before them."""
MIN_EVENTS = 2 * WINDOWS[0]
PRIOR_EVENTS = 10.0
"""Number of events that the prior of a user's shares is worth."""
FACTOR = 10.0
"""Bayes factor from which a change is evident."""


def measure_recent_change(dataset: Dataset, feature_space: FeatureSpace, user_codes: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return the evidence (n,) at a step of each user's timeline, above 0 where a change is evident; −inf for histories that are too short.

    `steps` (n,) are the numbers of events known of the users with these codes (n,).
    """
    starts = dataset.user_starts[user_codes]
    views = [feature_space.kinds[dataset.item_codes - 1]]
    if dataset.places is not None and len(feature_space.area_names):
        views.append(feature_space.areas_of(dataset.places))
    factors = [
        np.where(steps >= 2 * window, _log_factors(codes, starts, starts + steps - window, starts + steps), -np.inf)
        for codes in views
        if (codes >= 0).any()
        for window in WINDOWS
    ]
    if not factors:
        return np.full(len(steps), -np.inf)
    tried = np.sum([np.isfinite(each) for each in factors], axis=0)
    with np.errstate(divide="ignore"):
        return np.asarray(logsumexp(factors, axis=0) - np.log(np.maximum(tried, 1)) - np.log(FACTOR))


def _log_factors(codes: np.ndarray, starts: np.ndarray, middles: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return log Bayes factors (n,) that rows `middles` to `ends` − 1 have other shares than rows `starts` to `middles` − 1."""
    middles = np.maximum(starts, middles)
    anew = known = np.zeros(len(ends))
    n_before = n_recent = np.zeros(len(ends))
    counts = np.bincount(codes[codes >= 0]).astype(np.float64)
    for level, prior in enumerate(PRIOR_EVENTS * counts / counts.sum()):
        if not prior:
            continue
        seen = np.concatenate([[0], np.cumsum(codes == level)])
        before, recent = seen[middles] - seen[starts], seen[ends] - seen[middles]
        known = known + gammaln(prior + before + recent) - gammaln(prior + before)
        anew = anew + gammaln(prior + recent) - gammaln(prior)
        n_before, n_recent = n_before + before, n_recent + recent
    known = known + gammaln(PRIOR_EVENTS + n_before) - gammaln(PRIOR_EVENTS + n_before + n_recent)
    anew = anew + gammaln(PRIOR_EVENTS) - gammaln(PRIOR_EVENTS + n_recent)
    return np.asarray(anew - known)

"""Rates of answers to lists, with intervals, and the order of versions by good answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from scipy import stats

from recsys.feedback.recording import POSITIVE
from recsys.feedback.summary import VersionFeedback

CONFIDENCE = 0.95
FEWEST = 20
"""Lists that a version must have shown before it is compared with another one."""


@dataclass(frozen=True)
class Rate:
    """Answers per list shown, with a 95 % interval. A list can get several answers, so that a rate can be above 1."""

    count: int
    lists: int
    value: float
    low: float
    high: float


def estimate_rate(count: int, lists: int) -> Rate:
    """Return the rate of a count of answers to a number of lists.

    The interval is the exact one of a Poisson count (Garwood 1936): it takes answers as independent, and is too narrow where a few
    people gave most of them.
    """
    if not lists:
        return Rate(count, lists, float("nan"), float("nan"), float("nan"))
    tail = (1 - CONFIDENCE) / 2
    low = float(stats.chi2.ppf(tail, 2 * count) / 2) if count else 0.0
    high = float(stats.chi2.ppf(1 - tail, 2 * count + 2) / 2)
    return Rate(count, lists, count / lists, low / lists, high / lists)


def estimate_positive_rate(feedback: VersionFeedback) -> Rate:
    """Return the rate of good answers to the lists of a version: items taken or liked."""
    return estimate_rate(sum(feedback.actions.get(action, 0) for action in POSITIVE), feedback.impressions)


def rank_versions(versions: Sequence[VersionFeedback]) -> tuple[list[tuple[VersionFeedback, Rate]], bool]:
    """Return the versions with enough lists by their rate of good answers, the best first, and whether the best one stands out.

    It stands out where its interval lies above that of the second.
    """
    rated = [(each, estimate_positive_rate(each)) for each in versions if each.impressions >= FEWEST]
    rated.sort(key=lambda pair: -pair[1].value)
    return rated, any(first[1].low > second[1].high for first, second in list(pairwise(rated))[:1])

"""Search for combinations of attribute values in which a model is reliably worse.

The users are divided into two halves. What is found on one half is tested on the other, which has had no part in choosing it; each half
is searched and tests what the other has found. A combination of two or three values is a finding if the model is worse there than on the
rest of the cases, and also worse than its values lead to expect one by one; those are in the table of slices.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import stats

from recsys.core import TOP_K
from recsys.evaluation import Evaluation
from recsys.failures.attributes import Attribute
from recsys.failures.combination_search import LEAST_CASES, Half, search_half
from recsys.failures.combinations import Conditions, drop_rare_values, mark_cases
from recsys.failures.partial_effects import LEAST_OWN_SHARE, Effect, estimate_effect

LEVEL = 0.05
"""False-discovery rate among the findings, and p-value up to which a finding adds to the others."""


class Finding(NamedTuple):
    """A combination in which a model is reliably worse.

    `conditions` are (attribute, value); `cases` and `users` count all that have them. The others are measured on the half of the users
    that had no part in choosing the combination: `mean` of the metric, `difference` from the mean of the rest, and `added`, the
    difference that is left when each value alone has been accounted for; both with 95 % intervals over users. `p` is the larger of the
    one-sided p-values of the two, `q` the same after control of the false-discovery rate over all tested combinations
    (Benjamini-Hochberg, 1995).
    """

    conditions: Conditions
    cases: int
    users: int
    mean: float
    difference: float
    low: float
    high: float
    added: float
    added_low: float
    added_high: float
    p: float
    q: float


@dataclass(frozen=True)
class SearchResult:
    """Findings, the largest loss first: that of the difference times the cases.

    `looked_at` combinations had enough cases in a half (in the half where there are more of these), `tested` were surprising enough in one
    to be tested on the other, and `folded` were confirmed there but add nothing to the findings. `cases` and `users` count both halves.
    """

    metric: str
    findings: tuple[Finding, ...]
    looked_at: int
    tested: int
    folded: int
    cases: tuple[int, int]
    users: tuple[int, int]
    seed: int


class _Tested(NamedTuple):
    conditions: Conditions
    mean: float
    difference: Effect
    added: Effect

    @property
    def p(self) -> float:
        return max(self.difference.p, self.added.p)

    @property
    def figures(self) -> tuple[float, ...]:
        """The fields of a Finding from `mean` to `p`."""
        return self.mean, *self.difference[:3], *self.added[:3], self.p


def find_weak_combinations(
    evaluation: Evaluation,
    attributes: tuple[Attribute, ...],
    metric: str = f"ndcg@{TOP_K}",
    seed: int = 0,
    on_progress: Callable[[float], None] = lambda share: None,
) -> SearchResult:
    """Return the combinations of two or three attribute values in which a model is reliably worse.

    `on_progress` is told the share that is done. Cases in which the metric is not defined are left out.
    """
    values, user_codes = evaluation.values(metric), evaluation.user_codes
    is_defined = np.isfinite(values)
    users = np.random.default_rng(seed).permutation(np.unique(user_codes[is_defined]))
    is_first = np.isin(user_codes, users[: (len(users) + 1) // 2])
    common = drop_rare_values(attributes, is_defined, 2 * LEAST_CASES)
    first, second, both = (
        Half.take(values, user_codes, common, is_defined & each) for each in (is_first, ~is_first, np.ones_like(is_first))
    )
    looked_at = 0
    tested: dict[Conditions, _Tested] = {}
    for done, (searched, other) in enumerate([(first, second), (second, first)]):
        count, chosen = search_half(searched, _report_half(on_progress, done))
        looked_at = max(looked_at, count)
        tested |= {each.conditions: each for each in _test(other, [each for each in chosen if each not in tested])}
    q = stats.false_discovery_control([each.p for each in tested.values()]) if tested else np.empty(0)
    confirmed = {each: float(own) for each, own in zip(tested, q, strict=True) if own <= LEVEL}
    findings = [
        Finding._make((each, *_count(mark_cases(attributes, each), user_codes), *tested[each].figures, confirmed[each]))
        for each in _fold(both, list(confirmed))
    ]
    on_progress(1.0)
    return SearchResult(
        metric=metric,
        findings=tuple(sorted(findings, key=lambda each: each.difference * each.cases)),
        looked_at=looked_at,
        tested=len(tested),
        folded=len(confirmed) - len(findings),
        cases=(len(first.values), len(second.values)),
        users=(len(np.unique(first.user_codes)), len(np.unique(second.user_codes))),
        seed=seed,
    )


def _report_half(on_progress: Callable[[float], None], done: int) -> Callable[[float], None]:
    return lambda share: on_progress((done + share) / 2)


def _count(is_inside: np.ndarray, user_codes: np.ndarray) -> tuple[int, int]:
    return int(is_inside.sum()), len(np.unique(user_codes[is_inside]))


def _test(half: Half, chosen: list[Conditions]) -> list[_Tested]:
    """Return the effects of the combinations that have enough cases in this half too."""
    if not chosen:
        return []  # there may be nothing to fit
    deviations, residuals = half.values - half.values.mean(), half.fit.remove(half.values)
    tested = []
    for conditions in chosen:
        mask = half.mark(conditions)
        if not half.has_enough(mask):
            continue
        plain = estimate_effect(deviations, mask - mask.mean(), mask, half.user_codes)
        added = estimate_effect(residuals, half.fit.remove(mask.astype(np.float64)), mask, half.user_codes)
        if np.isfinite([plain.p, added.p]).all():
            tested.append(_Tested(conditions, float(half.values[mask].mean()), plain, added))
    return tested


def _fold(half: Half, confirmed: list[Conditions]) -> list[Conditions]:
    """Return the combinations that are still worse when all the others returned are accounted for; the least significant is left out first."""
    if len(confirmed) < 2:
        return confirmed
    kept = list(confirmed)
    residuals = half.fit.remove(half.values)
    while len(kept) > 1:
        masks = np.column_stack([half.mark(conditions) for conditions in kept])
        freed = half.fit.remove(masks.astype(np.float64))
        inverse = np.linalg.pinv(freed.T @ freed, rcond=LEAST_OWN_SHARE, hermitian=True)
        effects = inverse @ (freed.T @ residuals)
        rest = residuals - freed @ effects
        p = []
        for i in range(len(kept)):
            own = freed @ inverse[:, i] / max(inverse[i, i], np.finfo(float).tiny)  # the indicator freed of the others
            p.append(estimate_effect(rest + effects[i] * own, own, masks[:, i], half.user_codes).p)
        weakest = int(np.argmax(np.nan_to_num(p, nan=np.inf)))
        if p[weakest] <= LEVEL:
            break
        del kept[weakest]
    return kept

"""Search of one half of the users for combinations of attribute values in which a metric is lower than expected."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from recsys.failures.attributes import Attribute
from recsys.failures.combinations import Conditions, enumerate_cells, mark_cases
from recsys.failures.partial_effects import LEAST_OWN_SHARE, AdditiveFit

LEAST_CASES, LEAST_USERS = 10, 5
"""Smallest combination that is looked at, in a half of the users."""
LEAST_SURPRISE = 3.0
"""Standard errors below the expectation, on the searched half, from which a combination is tested on the other one."""
MOST_COMPARED, MOST_TESTED = 400, 20
"""Combinations of a half that are compared with each other, and those of them that are tested on the other half."""


@dataclass(frozen=True, eq=False)
class Half:
    """Cases of half of the users, or of all: the values of the metric, the users, and the attributes of these cases."""

    values: np.ndarray
    user_codes: np.ndarray
    attributes: tuple[Attribute, ...]

    @classmethod
    def take(cls, values: np.ndarray, user_codes: np.ndarray, attributes: tuple[Attribute, ...], is_chosen: np.ndarray) -> "Half":
        parts = tuple(Attribute(each.name, each.codes[is_chosen], each.values) for each in attributes)
        return cls(values[is_chosen], user_codes[is_chosen], parts)

    @cached_property
    def fit(self) -> AdditiveFit:
        return AdditiveFit(self.attributes, len(self.values))

    def mark(self, conditions: Conditions) -> np.ndarray:
        return mark_cases(self.attributes, conditions)

    def has_enough(self, is_inside: np.ndarray) -> bool:
        return is_inside.sum() >= LEAST_CASES and len(np.unique(self.user_codes[is_inside])) >= LEAST_USERS


def search_half(half: Half, on_progress: Callable[[float], None]) -> tuple[int, list[Conditions]]:
    """Return how many combinations have enough cases, and those to be tested on the other half, the most surprising first."""
    if len(half.attributes) < 2 or len(np.unique(half.values)) < 2:
        return 0, []
    losses = -half.fit.remove(half.values)
    scale = losses.std()
    looked_at, surprising = 0, []
    for share, cells in enumerate_cells(half.attributes, losses, LEAST_CASES):
        looked_at += len(cells.cases)
        surprise = cells.sums / (scale * np.sqrt(cells.cases))
        for i in np.flatnonzero(surprise >= LEAST_SURPRISE):
            surprising.append((float(surprise[i]), cells.describe(int(i))))
        on_progress(0.9 * share)
    surprising.sort(key=lambda each: (-each[0], len(each[1])))
    candidates = [(conditions, half.mark(conditions)) for _surprise, conditions in surprising[:MOST_COMPARED]]
    candidates = [
        (conditions, mask)
        for conditions, mask in candidates
        if half.has_enough(mask) and half.values[mask].mean() < half.values[~mask].mean()
    ]
    return looked_at, [candidates[i][0] for i in _choose(half.fit, losses, [mask for _conditions, mask in candidates])]


def _choose(fit: AdditiveFit, losses: np.ndarray, masks: list[np.ndarray]) -> list[int]:
    """Return the positions of the most surprising group, of the most surprising one given that, and so on (orthogonal matching pursuit)."""
    if not masks:
        return []
    groups = sparse.csc_matrix(np.column_stack(masks), dtype=np.float64)
    shared = (fit.design.T @ groups).toarray()
    products = (groups.T @ groups).toarray() - shared.T @ fit.inverse @ shared
    sums, sizes = groups.T @ losses, groups.sum(axis=0).A1
    chosen: list[int] = []
    while len(chosen) < MOST_TESTED:
        own = products.diagonal()
        can_tell = own > LEAST_OWN_SHARE * sizes
        surprise = np.where(can_tell, sums / np.sqrt(np.where(can_tell, own, 1)), -np.inf) / losses.std()
        best = int(surprise.argmax())
        if surprise[best] < LEAST_SURPRISE:
            break
        chosen.append(best)
        column = products[:, best] / own[best]
        sums, products = sums - column * sums[best], products - np.outer(column, products[best])
    return chosen

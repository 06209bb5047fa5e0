"""Explanations as `shap.Explanation`, so that every plot of the library shap draws them."""

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.explain.explanation import Explanation
from recsys.explain.global_.boosted_surrogate import BoostedSurrogate
from recsys.explain.global_.global_importance import GlobalImportance
from recsys.explain.global_.item_features import TITLES

if TYPE_CHECKING:
    import shap

TOLERANCE = 1e-9  # of the score: smaller residuals are rounding


def to_shap(
    found: Explanation | Sequence[Explanation] | GlobalImportance | BoostedSurrogate, feature: str | None = None
) -> "shap.Explanation":
    """Return explanations as a `shap.Explanation`; base value + values = score.

    One explanation has a value (P,) for each of its players. Several have a row each and a column for every label of a player; an event
    that a history does not have adds nothing, so its value is 0, and `data` is the number of players with that label. What the values
    leave of the score is the last column, "not explained", where there is any. Global importance has a row for each user and a column
    for each level of `feature`, by default the most important one: the sum of the contributions of events with that level, and their
    number as `data`. A boosted surrogate has a row for each example. A DataError if there is not a single player.
    """
    import shap  # takes a second

    if isinstance(found, BoostedSurrogate):
        names = [_(TITLES[name]) for name in found.features]
        return shap.Explanation(found.values, np.full(len(found.values), found.base), found.data, feature_names=names)
    if isinstance(found, GlobalImportance):
        return shap.Explanation(**_sum_by_level(found, feature or max(found.features, key=found.importance)))
    several = [found] if isinstance(found, Explanation) else found
    if not any(each.players for each in several):
        raise DataError(_("there is no event, time or place to explain by; explain a later step, for example step 1"))
    if isinstance(found, Explanation):
        return shap.Explanation(**_of_one(found))
    return shap.Explanation(**_of_several(found))


def _of_one(found: Explanation) -> dict[str, object]:
    names = _distinct([player.label for player in found.players])
    values, errors = found.values, found.standard_errors
    if _has_residual(found):
        names, values, errors = [*names, _("not explained")], np.append(values, found.residual), np.append(errors, 0.0)
    return dict(
        values=np.asarray(values, dtype=float), base_values=found.baseline, data=np.ones(len(names)), feature_names=names, error_std=errors
    )


def _of_several(found: Sequence[Explanation]) -> dict[str, object]:
    names = list(dict.fromkeys(player.label for each in found for player in each.players))
    at = {name: column for column, name in enumerate(names)}
    has_residual = any(_has_residual(each) for each in found)
    values = np.zeros((len(found), len(names) + has_residual))
    variances, data = np.zeros_like(values), np.zeros_like(values)
    for row, each in enumerate(found):
        columns = np.array([at[player.label] for player in each.players], dtype=np.int64)
        np.add.at(values[row], columns, each.values)
        np.add.at(variances[row], columns, each.standard_errors**2)  # of events of one label together, as if they were independent
        np.add.at(data[row], columns, 1.0)
        if has_residual:
            values[row, -1], data[row, -1] = each.residual, 1.0
    return dict(
        values=values,
        base_values=np.array([each.baseline for each in found]),
        data=data,
        feature_names=[*names, *([_("not explained")] if has_residual else [])],
        error_std=np.sqrt(variances),
    )


def _sum_by_level(found: GlobalImportance, feature: str) -> dict[str, object]:
    codes, levels = found.features[feature]
    users, rows = np.unique(found.cases, return_inverse=True)
    known = codes >= 0
    values, data = np.zeros((len(users), len(levels))), np.zeros((len(users), len(levels)))
    np.add.at(values, (rows[known], codes[known]), found.values[known])
    np.add.at(data, (rows[known], codes[known]), 1.0)
    return dict(values=values, base_values=np.zeros(len(users)), data=data, feature_names=[_(level) for level in levels])


def _has_residual(found: Explanation) -> bool:
    return abs(found.residual) > TOLERANCE * max(1.0, abs(found.score))


def _distinct(labels: Sequence[str]) -> list[str]:
    """Return labels of which repeated ones are numbered from the second on: shap takes equal names for one feature."""
    names: dict[str, None] = {}
    for label in labels:
        free = (label if number == 1 else f"{label} ({number})" for number in count(1))
        names[next(name for name in free if name not in names)] = None
    return list(names)

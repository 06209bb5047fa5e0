"""Surrogate of a model: a shallow decision tree on named features that predicts the model's top 10, with its fidelity on other users.

Each case is one user at one event; its examples are the items of the model's top 10 and a sample of all others. Features are counted in
the user's history and the training events, so that the tree knows nothing of the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.core import TOP_K, Dataset, Recommender
from recsys.core.formatting import format_fixed, format_number, format_share
from recsys.core.split import Split
from recsys.core.translation import N_, _, ngettext
from recsys.explain.fidelity.fidelity_benchmark import ReportProgress
from recsys.explain.global_.item_features import FAR, FOLLOWS, KIND, NEVER, POPULAR, SINCE, TIMES, Examples, sample_examples

LEAVES, SMALLEST = 8, 30
FAR_BACK = NEVER / 4  # longer than any history, and below NEVER


@dataclass(frozen=True)
class Condition:
    """Bounds of a feature: above `low`, up to `high`, either of them infinite."""

    feature: str
    low: float
    high: float


@dataclass(frozen=True)
class Rule:
    """A leaf: its conditions, the share of its examples that the model lists (precision), and its share of all listed examples (coverage)."""

    conditions: tuple[Condition, ...]
    precision: float
    coverage: float


@dataclass(frozen=True)
class Surrogate:
    """Rules, the most precise first, and their fidelity on held-out users.

    `hits` is the mean number of items that the top 10 of the tree shares with that of the model, among the examples of a case;
    `popularity_hits` is the same for the most popular items, `chance_hits` for random ones.
    """

    rules: tuple[Rule, ...]
    hits: float
    popularity_hits: float
    chance_hits: float
    users: int
    held_out: int
    importance: dict[str, float]


def fit_surrogate(
    model: Recommender,
    dataset: Dataset,
    split: Split,
    count: int = 120,
    which: str = "validation",
    seed: int = 0,
    report: ReportProgress | None = None,
) -> Surrogate:
    """Fit the tree to two thirds of the users and measure its fidelity on the others."""
    names, seen, unseen = sample_examples(model, dataset, split, count, which, seed, report)
    return _fit(seen, unseen, names, seed)


def _fit(seen: Sequence[Examples], unseen: Sequence[Examples], names: Sequence[str], seed: int) -> Surrogate:
    from sklearn.tree import DecisionTreeClassifier  # takes a second to import

    x, y = np.concatenate([part.features for part in seen]), np.concatenate([part.listed for part in seen])
    tree = DecisionTreeClassifier(max_leaf_nodes=LEAVES, min_samples_leaf=SMALLEST, random_state=seed).fit(x, y)
    yes = list(tree.classes_).index(True) if True in tree.classes_ else None
    hits, popularity_hits, chance_hits = [], [], []
    at_popular = list(names).index(POPULAR)
    for features, listed in ((each.features, each.listed) for each in unseen):
        share = tree.predict_proba(features)[:, yes] if yes is not None else np.zeros(len(features))
        # Ties of the tree are ordered by popularity.
        best = np.lexsort((-features[:, at_popular], -share))[:TOP_K]
        hits.append(listed[best].sum())
        popularity_hits.append(listed[np.argsort(-features[:, at_popular], kind="stable")[:TOP_K]].sum())
        chance_hits.append(TOP_K * listed.mean())
    importance = {name: float(value) for name, value in zip(names, tree.feature_importances_, strict=True)}
    return Surrogate(
        tuple(_rules(tree.tree_, names, yes, y)),
        float(np.mean(hits)),
        float(np.mean(popularity_hits)),
        float(np.mean(chance_hits)),
        len(seen),
        len(unseen),
        importance,
    )


def _rules(tree: Any, names: Sequence[str], yes: int | None, listed: np.ndarray) -> list[Rule]:
    """Return the leaves, the most precise first."""
    rules, waiting = [], [(0, dict.fromkeys(names, (-np.inf, np.inf)))]
    while waiting:
        node, bounds = waiting.pop()
        if tree.children_left[node] < 0:
            share = float(tree.value[node][0][yes]) if yes is not None else 0.0
            held = share * int(tree.n_node_samples[node]) / max(int(listed.sum()), 1)
            rules.append(Rule(tuple(Condition(name, *bounds[name]) for name in names if np.isfinite(bounds[name]).any()), share, held))
            continue
        name, edge = names[tree.feature[node]], float(tree.threshold[node])
        low, high = bounds[name]
        waiting.append((int(tree.children_left[node]), {**bounds, name: (low, min(high, edge))}))
        waiting.append((int(tree.children_right[node]), {**bounds, name: (max(low, edge), high)}))
    return sorted(rules, key=lambda rule: -rule.precision)


def describe_condition(condition: Condition) -> str:
    """Return a condition in words, in the current language; bounds of counts are whole."""
    feature, low, high = condition.feature, condition.low, condition.high
    if (feature == TIMES and high < 1) or (feature == SINCE and low > FAR_BACK):
        return _("the item is not in the history")
    if feature == SINCE and FAR_BACK < high < np.inf:  # between the longest history and never
        if not np.isfinite(low):
            return _("the item is in the history")
        count = _at_least(low)
        return ngettext(
            "the last event with the item is at least {count} event ago",
            "the last event with the item is at least {count} events ago",
            count,
        )
    if feature in SHARE_WORDS:
        return _describe_share(*SHARE_WORDS[feature], low, high)
    return {TIMES: _describe_times, SINCE: _describe_recency, POPULAR: _describe_popularity, FAR: _describe_distance}[feature](low, high)


SHARE_WORDS = {
    FOLLOWS: (
        N_("it follows the last item in more than {low} of cases"),
        N_("it follows the last item in at most {high} of cases"),
        N_("it follows the last item in {low} to {high} of cases"),
    ),
    KIND: (
        N_("more than {low} of the history is in its category"),
        N_("at most {high} of the history is in its category"),
        N_("{low} to {high} of the history is in its category"),
    ),
}


def _describe_times(low: float, high: float) -> str:
    least, most = _at_least(low), _at_most(high)
    if most is None:
        return ngettext(
            "the history has at least {count} event with the item", "the history has at least {count} events with the item", least
        )
    if not np.isfinite(low):
        return ngettext("the history has at most {count} event with the item", "the history has at most {count} events with the item", most)
    return ngettext(
        "the history has {least} to {count} event with the item",
        "the history has {least} to {count} events with the item",
        most,
        least=format_number(least),
    )


def _describe_recency(low: float, high: float) -> str:
    most = _at_most(high)
    if most is None:  # beyond the bound, or never
        count = int(np.floor(low))
        return ngettext("the item is not in the last {count} event", "the item is not in the last {count} events", count)
    if not np.isfinite(low):
        return ngettext("the item is in the last {count} event", "the item is in the last {count} events", most)
    least = format_number(_at_least(low))
    return ngettext(
        "the last event with the item is {least} to {count} event ago",
        "the last event with the item is {least} to {count} events ago",
        most,
        least=least,
    )


def _describe_popularity(low: float, high: float) -> str:
    least, most = _at_least(low), _at_most(high)
    if most is None:
        return ngettext(
            "the item has at least {count} training event of all users", "the item has at least {count} training events of all users", least
        )
    if not np.isfinite(low):
        return ngettext(
            "the item has at most {count} training event of all users", "the item has at most {count} training events of all users", most
        )
    return ngettext(
        "the item has {least} to {count} training event of all users",
        "the item has {least} to {count} training events of all users",
        most,
        least=format_number(least),
    )


def _describe_share(above: str, up_to: str, between: str, low: float, high: float) -> str:
    shares = {name: format_share(value / 100, 1) for name, value in (("low", low), ("high", high)) if np.isfinite(value)}
    return _(between if len(shares) == 2 else above if "low" in shares else up_to, **shares)


def _describe_distance(low: float, high: float) -> str:
    kilometres = {name: format_fixed(value, 1) for name, value in (("low", low), ("high", high)) if np.isfinite(value)}
    if len(kilometres) == 2:
        return _("it is {low} to {high} km from the last place", **kilometres)
    return (
        _("it is over {low} km from the last place", **kilometres)
        if "low" in kilometres
        else _("it is within {high} km of the last place", **kilometres)
    )


def _at_least(low: float) -> int:
    """Return the smallest count above a bound; 0 without a bound."""
    return int(np.floor(low)) + 1 if np.isfinite(low) else 0


def _at_most(high: float) -> int | None:
    """Return the largest count up to a bound; None without a bound."""
    return int(np.floor(high)) if np.isfinite(high) else None

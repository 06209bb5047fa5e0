"""A model in a few rules: a shallow tree on named features that foretells what the model lists, and how well it does for other people.

Each case is one person at one event; its examples are the model's ten and others drawn from all the rest. Features are counted from the person's history and the training events, so that the tree knows nothing of the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys.core import TOP_K, Dataset, Recommender, Request, candidate_scores, top_k
from recsys.core.errors import DataError
from recsys.core.geography import kilometres
from recsys.core.split import TRAIN, Split
from recsys.explain.fidelity.fidelity_benchmark import Report, some_requests

LEAVES, SMALLEST = 8, 30
DRAWN = 60  # other items a case
HELD_OUT = 3  # every third person is kept for judging
NEVER = 1e5
FAR_BACK = NEVER / 4  # longer than histories, and short of never
TIMES, SINCE, POPULAR, FOLLOWS, KIND, FAR = "times taken", "last taken", "popularity", "what follows", "kind", "distance"
# Above, up to, and between, as a person would say them.
SPOKEN = {
    TIMES: ("they took it {} times or more", "they took it at most {} times", "they took it {} to {} times"),
    SINCE: ("they did not take it in their last {} events", "they took it in their last {} events", "they last took it {} to {} events ago"),
    POPULAR: ("everybody together took it {} times or more", "everybody together took it at most {} times", "everybody together took it {} to {} times"),
    FOLLOWS: ("it follows their last event in over {} % of cases", "it follows their last event in at most {} % of cases", "it follows their last event in {} to {} % of cases"),
    KIND: ("over {} % of their events are of its kind", "at most {} % of their events are of its kind", "{} to {} % of their events are of its kind"),
    FAR: ("it is over {} km from where they last were", "it is within {} km of where they last were", "it is {} to {} km from where they last were"),
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """One leaf: its conditions in words, the share of its examples that the model lists, and how much of all that is listed it holds."""

    conditions: tuple[str, ...]
    listed: float
    held: float


@dataclass(frozen=True)
class Surrogate:
    """Rules, the surest first, and their fidelity on people that the tree has not seen: of the ten that the model lists among all
    items offered, how many are among the tree's ten. `popular` is the same for the ten most popular, `chance` for any ten."""

    rules: tuple[Rule, ...]
    found: float
    popular: float
    chance: float
    people: int
    held_out: int
    importance: dict[str, float]


def fit_surrogate(
    model: Recommender,
    dataset: Dataset,
    split: Split,
    count: int = 120,
    which: str = "validation",
    seed: int = 0,
    report: Report | None = None,
) -> Surrogate:
    """Fit the tree on two thirds of the people and judge it on the others."""
    counts = _Counted(dataset, split)
    random = np.random.default_rng(seed)
    parts = []
    for number, request in enumerate(some_requests(dataset, split, which, count, seed)):
        parts.append(_examples(model, dataset, request, counts, random))
        if report is not None:
            report(number + 1, count)
    if len(parts) < HELD_OUT:
        raise DataError(f"dataset '{dataset.name}' has {len(parts)} people with {which} events to explain; rules take {HELD_OUT} or more")
    seen = [part for at, part in enumerate(parts) if at % HELD_OUT]
    unseen = parts[::HELD_OUT]
    return _fitted(seen, unseen, counts.names, seed)


def _fitted(
    seen: Sequence[tuple[np.ndarray, np.ndarray]], unseen: Sequence[tuple[np.ndarray, np.ndarray]], names: Sequence[str], seed: int
) -> Surrogate:
    from sklearn.tree import DecisionTreeClassifier  # takes a second to import

    x, y = np.concatenate([part[0] for part in seen]), np.concatenate([part[1] for part in seen])
    tree = DecisionTreeClassifier(max_leaf_nodes=LEAVES, min_samples_leaf=SMALLEST, random_state=seed).fit(x, y)
    yes = list(tree.classes_).index(True) if True in tree.classes_ else None
    found, popular, chance = [], [], []
    at_popular = list(names).index(POPULAR)
    for features, listed in unseen:
        share = tree.predict_proba(features)[:, yes] if yes is not None else np.zeros(len(features))
        # What the tree leaves level, popularity orders.
        best = np.lexsort((-features[:, at_popular], -share))[:TOP_K]
        found.append(listed[best].sum())
        popular.append(listed[np.argsort(-features[:, at_popular], kind="stable")[:TOP_K]].sum())
        chance.append(TOP_K * listed.mean())
    importance = {name: float(value) for name, value in zip(names, tree.feature_importances_, strict=True)}
    return Surrogate(
        tuple(_rules(tree.tree_, names, yes, y)),
        float(np.mean(found)),
        float(np.mean(popular)),
        float(np.mean(chance)),
        len(seen),
        len(unseen),
        importance,
    )


class _Counted:
    """What the training events say of items: how often taken, and what follows what."""

    def __init__(self, dataset: Dataset, split: Split):
        codes, rows = dataset.item_codes, split.labels == TRAIN
        self.popular = np.bincount(codes[rows], minlength=len(dataset.item_ids) + 1)[1:].astype(np.float64)
        users = dataset.interactions["user_id"].cat.codes.to_numpy()
        pairs = rows[1:] & rows[:-1] & (users[1:] == users[:-1])
        self.before, self.after = codes[:-1][pairs] - 1, codes[1:][pairs] - 1
        self.kinds = dataset.items["category"].astype(str).to_numpy() if "category" in dataset.items else None
        self.places = dataset.item_places
        self.names = [
            TIMES,
            SINCE,
            POPULAR,
            FOLLOWS,
            *([KIND] if self.kinds is not None else []),
            *([FAR] if self.places is not None else []),
        ]

    def features(self, dataset: Dataset, request: Request, items: np.ndarray) -> np.ndarray:
        """(n, features) of items at positions (n,)."""
        taken = dataset.vocabulary.encode(request.history.items) - 1
        times = np.bincount(taken, minlength=len(self.popular))[items].astype(np.float64)
        latest = np.full(len(self.popular), -np.inf)
        latest[taken] = np.arange(len(taken))
        since = np.minimum(len(taken) - latest[items], NEVER)
        next_ones = np.bincount(self.after[self.before == taken[-1]], minlength=len(self.popular))
        columns = [times, since, self.popular[items], 100 * next_ones[items] / max(next_ones.sum(), 1)]
        if self.kinds is not None:
            columns.append(100 * (self.kinds[items][:, None] == self.kinds[taken][None, :]).mean(axis=1))
        if self.places is not None and request.history.places is not None:
            here = np.array([request.place]) if request.place is not None else request.history.places[-1:]
            columns.append(np.nan_to_num(kilometres(here, self.places[items])[0], nan=NEVER))
        return np.column_stack(columns)


def _examples(
    model: Recommender, dataset: Dataset, request: Request, counts: _Counted, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, F) of the listed items and of others, and whether each is listed."""
    vocabulary = dataset.vocabulary
    scores = candidate_scores(model, [request], vocabulary, dataset.repeats)[0]
    listed = np.array([at for at in top_k(scores[None], TOP_K)[0] if scores[at] > -np.inf], dtype=np.int64)
    others = np.setdiff1d(np.flatnonzero(scores > -np.inf), listed)
    items = np.concatenate([listed, random.choice(others, min(DRAWN, len(others)), replace=False)]).astype(np.int64)
    return counts.features(dataset, request, items), np.isin(items, listed)


def _rules(tree: Any, names: Sequence[str], yes: int | None, listed: np.ndarray) -> list[Rule]:
    """The leaves, the surest first."""
    rules, waiting = [], [(0, dict.fromkeys(names, (-np.inf, np.inf)))]
    while waiting:
        node, bounds = waiting.pop()
        if tree.children_left[node] < 0:
            share = float(tree.value[node][0][yes]) if yes is not None else 0.0
            held = share * int(tree.n_node_samples[node]) / max(int(listed.sum()), 1)
            rules.append(Rule(tuple(_spoken(name, *bounds[name]) for name in names if np.isfinite(bounds[name]).any()), share, held))
            continue
        name, edge = names[tree.feature[node]], float(tree.threshold[node])
        low, high = bounds[name]
        waiting.append((int(tree.children_left[node]), {**bounds, name: (low, min(high, edge))}))
        waiting.append((int(tree.children_right[node]), {**bounds, name: (max(low, edge), high)}))
    return sorted(rules, key=lambda rule: -rule.listed)


def _spoken(name: str, low: float, high: float) -> str:
    """Bounds of a feature as a person would say them; counts are whole."""
    above, up_to, between = SPOKEN[name]
    if (name == TIMES and high < 1) or (name == SINCE and low > FAR_BACK):
        return "they never took it"
    if name == SINCE and FAR_BACK < high < np.inf:  # between the longest history and never
        return "they took it before" if not np.isfinite(low) else f"they last took it {np.floor(low) + 1:,.0f} or more events ago"
    whole = name in (TIMES, SINCE, POPULAR)
    # Of events ago the bound itself is said: not in the last 109 is 110 or more, or never.
    least = f"{np.floor(low) + (name != SINCE or np.isfinite(high)):,.0f}" if whole and np.isfinite(low) else f"{low:.1f}"
    most = f"{np.floor(high):,.0f}" if whole and np.isfinite(high) else f"{high:.1f}"
    if not np.isfinite(high):
        return above.format(least)
    return up_to.format(most) if not np.isfinite(low) else between.format(least, most)

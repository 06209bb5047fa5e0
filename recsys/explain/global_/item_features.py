"""Named features of items for a request, counted in the user's history and the training events: they know nothing of the model.

Both surrogates of a model are fitted to them.
"""

from dataclasses import dataclass

import numpy as np

from recsys.core import TOP_K, Dataset, Recommender, Request, candidate_scores, top_k
from recsys.core.errors import DataError
from recsys.core.geography import kilometres
from recsys.core.split import TRAIN, Split
from recsys.core.translation import N_, ngettext
from recsys.explain.fidelity.fidelity_benchmark import ReportProgress, sample_requests

SAMPLED = 60  # other items per case
HELD_OUT = 3  # every third user is held out
NEVER = 1e5
TIMES, SINCE, POPULAR, FOLLOWS, KIND, FAR = "item count", "events since item", "popularity", "transition", "category", "distance"
TITLES = {
    TIMES: N_("Events with the item"),
    SINCE: N_("Recency of the item"),
    POPULAR: N_("Popularity"),
    FOLLOWS: N_("Transition from the last item"),
    KIND: N_("Category in the history"),
    FAR: N_("Distance"),
}
MEASURES = {
    TIMES: N_("events of the history with the item"),
    SINCE: N_("events since the last one with the item"),
    POPULAR: N_("training events of all users with the item"),
    FOLLOWS: N_("share of cases in which it follows the last item, %"),
    KIND: N_("share of the history in its category, %"),
    FAR: N_("distance from the last place, km"),
}


@dataclass(frozen=True, eq=False)
class Examples:
    """Items of one case: the model's top 10 and a sample of all others. `features` is (n, F), `scores` and `listed` (n,)."""

    features: np.ndarray
    scores: np.ndarray
    listed: np.ndarray


def sample_examples(
    model: Recommender, dataset: Dataset, split: Split, count: int, which: str, seed: int, report: ReportProgress | None
) -> tuple[list[str], list[Examples], list[Examples]]:
    """Return names of features, and the examples of users to fit and of those held out, one case per user."""
    counts, random = TrainingCounts(dataset, split), np.random.default_rng(seed)
    parts = []
    for number, request in enumerate(sample_requests(dataset, split, which, count, seed)):
        parts.append(_examples(model, dataset, request, counts, random))
        if report is not None:
            report(number + 1, count)
    if len(parts) < HELD_OUT:
        raise DataError(
            ngettext(
                "dataset '{dataset}' has {count} user with {split} events to explain, and rules need at least {least}; choose a larger dataset",
                "dataset '{dataset}' has {count} users with {split} events to explain, and rules need at least {least}; choose a larger dataset",
                len(parts),
                dataset=dataset.name,
                split=which,
                least=HELD_OUT,
            )
        )
    return counts.names, [part for at, part in enumerate(parts) if at % HELD_OUT], parts[::HELD_OUT]


class TrainingCounts:
    """Counts in the training events: popularity of items, and transitions from one to the next."""

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
        """Return features (n, F) of items at positions (n,)."""
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


def _examples(model: Recommender, dataset: Dataset, request: Request, counts: TrainingCounts, random: np.random.Generator) -> Examples:
    vocabulary = dataset.vocabulary
    scores = candidate_scores(model, [request], vocabulary, dataset.repeats)[0]
    listed = np.array([at for at in top_k(scores[None], TOP_K)[0] if scores[at] > -np.inf], dtype=np.int64)
    others = np.setdiff1d(np.flatnonzero(scores > -np.inf), listed)
    items = np.concatenate([listed, random.choice(others, min(SAMPLED, len(others)), replace=False)]).astype(np.int64)
    return Examples(counts.features(dataset, request, items), scores[items], np.isin(items, listed))

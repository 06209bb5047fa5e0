"""Global importance: average contributions of events over many users, by item, behaviour, age, position, distance and hour.

Each event before the top recommendation of many users is left out once. Values are in standard deviations of the scores of all items,
so that they are comparable.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.core import Dataset, Recommender, Request
from recsys.core.errors import DataError
from recsys.core.geography import kilometres
from recsys.core.split import Split
from recsys.core.translation import N_, _
from recsys.evaluation.bootstrap import bootstrap_columns, bootstrap_interval
from recsys.explain import Game
from recsys.explain.fidelity.fidelity_benchmark import ReportProgress, sample_requests, top_recommendation

LATEST = 50  # latest events of a user, which are left out one at a time
FEWEST = 10  # users
LEAST = 3  # events behind a mean of two categories
HOUR = 3600.0

GAPS = (
    (1, N_("within one hour")), (24, N_("within one day")), (168, N_("within one week")), (720, N_("within one month")), (np.inf, N_("longer ago")),
)  # fmt: skip
BACKS = ((1, N_("latest event")), (3, N_("2 or 3 events back")), (10, N_("4 to 10 events back")), (np.inf, N_("further back")))
DISTANCES = ((0.5, N_("within 500 m")), (2, N_("0.5 to 2 km")), (5, N_("2 to 5 km")), (np.inf, N_("farther away")))
CLOCK = ((1, N_("at the same hour")), (4, N_("1 to 4 hours apart")), (np.inf, N_("at another time of day")))
ITEM, BEHAVIOUR, AGE, POSITION, DISTANCE, HOUR_OF_DAY = (
    N_("Item of the event"), N_("Behaviour"), N_("Time since the event"), N_("Position in the history"), N_("Distance"), N_("Hour of the event"),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class GlobalImportance:
    """Contributions `values` (N,) of events to the recommendation that they precede, and their cases (N,), one per user.

    `features` maps a feature, such as "Distance", to codes (N,) and the names of its levels; −1 is unknown. Both names are marked for
    translation. `categories` (N, 2) are those of the event and of the recommended item, None where the
    data has none.
    """

    values: np.ndarray
    cases: np.ndarray
    features: dict[str, tuple[np.ndarray, tuple[str, ...]]]
    categories: np.ndarray | None

    def importance(self, feature: str) -> float:
        """Return the share of the variance of the values that a feature explains."""
        codes, names = self.features[feature]
        known = codes >= 0
        values, codes = self.values[known], codes[known]
        if len(values) < 2 or values.var() == 0:
            return 0.0
        means = np.array([values[codes == code].mean() if (codes == code).any() else 0.0 for code in range(len(names))])
        return float(((means[codes] - values.mean()) ** 2).mean() / values.var())


@dataclass(frozen=True)
class ImportanceLine:
    """All events with one level of one feature: their number and mean contribution, with a 95 % interval over users."""

    feature: str
    name: str
    events: int
    mean: float
    low: float
    high: float


def measure_global_importance(
    model: Recommender, dataset: Dataset, split: Split, aware: Sequence[str], count: int = 120, which: str = "validation", seed: int = 0,
    report: ReportProgress | None = None, patience: float = np.inf,
) -> GlobalImportance:  # fmt: skip
    """Leave out the latest events of `count` users, one at a time; of fewer users, but at least ten, after `patience` seconds."""
    began = time.perf_counter()
    values, cases, rows = [], [], []
    for number, request in enumerate(sample_requests(dataset, split, which, count, seed)):
        best = top_recommendation(model, request, dataset.repeats)
        if best is None:
            continue
        game = Game(model, request, best, aware=aware, repeats=dataset.repeats)
        added, steps = _left_out(game)
        values.append(added)
        cases.append(np.full(len(added), number))
        rows.append(_describe_events(dataset, request, best, steps))
        if report is not None:
            report(number + 1, count)
        if len(values) >= FEWEST and time.perf_counter() - began > patience:
            break
    if not values:
        raise DataError(
            _(
                "dataset '{dataset}' has no {split} event to explain; choose another split or a larger dataset",
                dataset=dataset.name,
                split=which,
            )
        )
    features = {name: (np.concatenate([row[name] for row in rows]), answers) for name, answers in _feature_levels(dataset).items()}
    together = np.concatenate(values)
    return GlobalImportance(
        together, np.concatenate(cases), {name: each for name, each in features.items() if (each[0] >= 0).any()}, _categories(dataset, rows)
    )


def summarize_importance(found: GlobalImportance, seed: int = 0) -> list[ImportanceLine]:
    """Return a line for each level of each feature, the most important features first."""
    lines = []
    for feature in sorted(found.features, key=lambda name: -found.importance(name)):
        codes, names = found.features[feature]
        for code, name in enumerate(names):
            chosen = codes == code
            if chosen.any():
                draws = bootstrap_columns({"mean": found.values[chosen]}, found.cases[chosen], seed)["mean"]
                lines.append(
                    ImportanceLine(feature, name, int(chosen.sum()), float(found.values[chosen].mean()), *bootstrap_interval(draws))
                )
    return lines


def measure_category_influence(found: GlobalImportance, most: int = 10) -> tuple[list[str], np.ndarray]:
    """Return the most frequent categories, and (n, n) mean contributions of a row's category to items of a column's; NaN where too few."""
    if found.categories is None:
        return [], np.empty((0, 0))
    names, counts = np.unique(found.categories[:, 1], return_counts=True)
    names = names[np.argsort(-counts, kind="stable")][:most]
    means = np.full((len(names), len(names)), np.nan)
    for row, event in enumerate(names):
        for column, item in enumerate(names):
            chosen = (found.categories[:, 0] == event) & (found.categories[:, 1] == item)
            if chosen.sum() >= LEAST:
                means[row, column] = found.values[chosen].mean()
    return [str(name) for name in names], means


def _left_out(game: Game) -> tuple[np.ndarray, np.ndarray]:
    """Return the contributions of the latest events, in standard deviations of all scores, and their steps."""
    view = game.with_players([player for player in game.players if player.kind == "event"][-LATEST:])
    players = len(view.players)
    values = view.value(np.concatenate([~np.eye(players, dtype=bool), np.ones((1, players), dtype=bool)]))
    scores = view.scores(np.ones((1, players), dtype=bool))[0]
    spread = float(scores[np.isfinite(scores)].std()) or 1.0
    return (values[-1] - values[:-1]) / spread, np.array([player.steps[0] for player in view.players], dtype=np.int64)


def _feature_levels(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    kinds: tuple[str, ...] = (N_("the same item"), N_("another item"))
    if "category" in dataset.items:
        kinds = (N_("the same item"), N_("another of its category"), N_("another category"))
    behaviours = tuple(sorted({str(each) for each in dataset.behaviours})) if dataset.behaviours is not None else ()
    bins = {AGE: GAPS, POSITION: BACKS, DISTANCE: DISTANCES, HOUR_OF_DAY: CLOCK}
    return {ITEM: kinds, BEHAVIOUR: behaviours} | {name: tuple(label for _edge, label in each) for name, each in bins.items()}


def _describe_events(dataset: Dataset, request: Request, best: str, steps: np.ndarray) -> dict[str, np.ndarray]:
    """Return the codes of each feature for events at these steps, −1 where unknown, and their categories with the item's."""
    history, unknown = request.history, np.full(len(steps), -1)
    items = history.items[steps]
    now = request.time if request.time is not None else history.times[-1] if history.times is not None else np.nan
    gaps = (now - history.times[steps]) / HOUR if history.times is not None else None
    distances = None
    if history.places is not None and len(history):
        here = np.array([request.place]) if request.place is not None else history.places[-1:]
        distances = kilometres(here, history.places[steps])[0]
    category = _category_of(dataset)
    same = items == best
    kinds = np.array([category.get(str(item), "") for item in items], dtype=object)
    same_category = kinds == category.get(best, "none")
    behaviour_codes = (
        dict(zip(sorted({str(each) for each in dataset.behaviours}), range(99), strict=False)) if dataset.behaviours is not None else {}
    )
    return {
        ITEM: np.where(same, 0, np.where(same_category, 1, 2)) if category else np.where(same, 0, 1),
        BEHAVIOUR: np.array([behaviour_codes.get(str(each), -1) for each in history.behaviours[steps]])
        if history.behaviours is not None
        else unknown,
        AGE: unknown if gaps is None else _binned(gaps, GAPS),
        POSITION: _binned(len(history) - steps.astype(np.float64), BACKS),
        DISTANCE: unknown if distances is None else _binned(distances, DISTANCES),
        HOUR_OF_DAY: unknown if gaps is None else _binned(np.abs((gaps + 12) % 24 - 12), CLOCK),
        "categories": np.column_stack([kinds, np.full(len(kinds), category.get(best, ""), dtype=object)]),
    }


def _category_of(dataset: Dataset) -> dict[str, str]:
    return {} if "category" not in dataset.items else {str(item): str(kind) for item, kind in dataset.items["category"].dropna().items()}


def _categories(dataset: Dataset, rows: Sequence[dict[str, np.ndarray]]) -> np.ndarray | None:
    return np.concatenate([row["categories"] for row in rows]) if "category" in dataset.items else None


def _binned(values: np.ndarray, bins: Sequence[tuple[float, str]]) -> np.ndarray:
    """Return the first bin that holds each value, −1 for NaN."""
    edges = np.array([edge for edge, _label in bins])
    return np.where(np.isfinite(values), np.searchsorted(edges, np.nan_to_num(values)), -1)

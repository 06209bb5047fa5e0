"""What moves a model in general: the events of many people by what they are, how long ago, how far away and at which hour.

Each event of the first recommendation of many people is left out once. Values are in standard deviations of the scores of all
items, so that they can be put side by side.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys.core import Dataset, Recommender, Request
from recsys.core.errors import DataError
from recsys.core.geography import kilometres
from recsys.core.split import Split
from recsys.evaluation.bootstrap import bootstrap_interval, resampled_means
from recsys.explain import Game
from recsys.explain.fidelity.fidelity_benchmark import Report, first_listed, some_requests

LATEST = 50  # events of a person that are left out one at a time
FEWEST = 10  # people
LEAST = 3  # events behind a mean of two categories
HOUR = 3600.0

GAPS = ((1, "within the hour"), (24, "within the day"), (168, "within the week"), (720, "within the month"), (np.inf, "longer ago"))
BACKS = ((1, "the latest event"), (3, "2 or 3 events back"), (10, "4 to 10 back"), (np.inf, "further back"))
DISTANCES = ((0.5, "within 500 m"), (2, "0.5 to 2 km"), (5, "2 to 5 km"), (np.inf, "farther away"))
CLOCK = ((1, "at this hour"), (4, "1 to 4 hours off"), (np.inf, "at another time of day"))


@dataclass(frozen=True, eq=False)
class GlobalImportance:
    """Events of many cases: `values` (N,) what each adds to the recommendation it came before, `cases` (N,) whose it is.

    `features` maps a question ("how long before") to its answers, an answer's number (N,) and its names; −1 is unknown.
    `categories` (N, 2) are those of the event and of the recommended item, None for data that has none.
    """

    values: np.ndarray
    cases: np.ndarray
    features: dict[str, tuple[np.ndarray, tuple[str, ...]]]
    categories: np.ndarray | None

    def importance(self, feature: str) -> float:
        """The share of the variance of the values that knowing this feature explains."""
        codes, names = self.features[feature]
        known = codes >= 0
        values, codes = self.values[known], codes[known]
        if len(values) < 2 or values.var() == 0:
            return 0.0
        means = np.array([values[codes == code].mean() if (codes == code).any() else 0.0 for code in range(len(names))])
        return float(((means[codes] - values.mean()) ** 2).mean() / values.var())


@dataclass(frozen=True)
class ImportanceLine:
    """All events with one answer to one question: how many, and what they add on average, with a 95 % interval over people."""

    feature: str
    name: str
    events: int
    mean: float
    low: float
    high: float


def measure_global_importance(
    model: Recommender, dataset: Dataset, split: Split, aware: Sequence[str], count: int = 120, which: str = "validation", seed: int = 0,
    report: Report | None = None, patience: float = np.inf,
) -> GlobalImportance:  # fmt: skip
    """Leave out the latest events of `count` people, one at a time; of fewer, though not of less than ten, after `patience` seconds."""
    began = time.perf_counter()
    values, cases, rows = [], [], []
    for number, request in enumerate(some_requests(dataset, split, which, count, seed)):
        best = first_listed(model, request, dataset.repeats)
        if best is None:
            continue
        game = Game(model, request, best, aware=aware, repeats=dataset.repeats)
        added, steps = _left_out(game)
        values.append(added)
        cases.append(np.full(len(added), number))
        rows.append(_described(dataset, request, best, steps))
        if report is not None:
            report(number + 1, count)
        if len(values) >= FEWEST and time.perf_counter() - began > patience:
            break
    if not values:
        raise DataError(f"dataset '{dataset.name}' has no {which} event to explain; nothing can be said of the model in general")
    features = {name: (np.concatenate([row[name] for row in rows]), answers) for name, answers in _questions(dataset).items()}
    together = np.concatenate(values)
    return GlobalImportance(
        together, np.concatenate(cases), {name: each for name, each in features.items() if (each[0] >= 0).any()}, _categories(dataset, rows)
    )


def summarize_importance(found: GlobalImportance, seed: int = 0) -> list[ImportanceLine]:
    """A line for each answer to each question, the questions that explain most first."""
    lines = []
    for feature in sorted(found.features, key=lambda name: -found.importance(name)):
        codes, names = found.features[feature]
        for code, name in enumerate(names):
            chosen = codes == code
            if chosen.any():
                draws = resampled_means({"mean": found.values[chosen]}, found.cases[chosen], seed)["mean"]
                lines.append(
                    ImportanceLine(feature, name, int(chosen.sum()), float(found.values[chosen].mean()), *bootstrap_interval(draws))
                )
    return lines


def between_categories(found: GlobalImportance, most: int = 10) -> tuple[list[str], np.ndarray]:
    """Names of the most frequent categories, and (n, n) what an event of a row's category adds to an item of a column's; NaN where too few."""
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
    """What the latest events add, in spreads of all scores, and their steps."""
    view = game.with_players([player for player in game.players if player.kind == "event"][-LATEST:])
    players = len(view.players)
    values = view.value(np.concatenate([~np.eye(players, dtype=bool), np.ones((1, players), dtype=bool)]))
    scores = view.scores(np.ones((1, players), dtype=bool))[0]
    spread = float(scores[np.isfinite(scores)].std()) or 1.0
    return (values[-1] - values[:-1]) / spread, np.array([player.steps[0] for player in view.players], dtype=np.int64)


def _questions(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    kinds = ("the same one", "the same kind", "another kind") if "category" in dataset.items else ("the same one", "another")
    behaviours = tuple(sorted({str(each) for each in dataset.behaviours})) if dataset.behaviours is not None else ()
    bins = {"How long before": GAPS, "How many events ago": BACKS, "How far from here": DISTANCES, "At which hour": CLOCK}
    return {"What it was": kinds, "What they did": behaviours} | {name: tuple(label for _, label in each) for name, each in bins.items()}


def _described(dataset: Dataset, request: Request, best: str, steps: np.ndarray) -> dict[str, np.ndarray]:
    """The number of each answer for events at these steps, −1 where unknown, and their categories with the item's."""
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
    alike = kinds == category.get(best, "none")
    told = dict(zip(sorted({str(each) for each in dataset.behaviours}), range(99), strict=False)) if dataset.behaviours is not None else {}
    return {
        "What it was": np.where(same, 0, np.where(alike, 1, 2)) if category else np.where(same, 0, 1),
        "What they did": np.array([told.get(str(each), -1) for each in history.behaviours[steps]])
        if history.behaviours is not None
        else unknown,
        "How long before": unknown if gaps is None else _binned(gaps, GAPS),
        "How many events ago": _binned(len(history) - steps.astype(np.float64), BACKS),
        "How far from here": unknown if distances is None else _binned(distances, DISTANCES),
        "At which hour": unknown if gaps is None else _binned(np.abs((gaps + 12) % 24 - 12), CLOCK),
        "categories": np.column_stack([kinds, np.full(len(kinds), category.get(best, ""), dtype=object)]),
    }


def _category_of(dataset: Dataset) -> dict[str, str]:
    return {} if "category" not in dataset.items else {str(item): str(kind) for item, kind in dataset.items["category"].dropna().items()}


def _categories(dataset: Dataset, rows: Sequence[dict[str, np.ndarray]]) -> np.ndarray | None:
    return np.concatenate([row["categories"] for row in rows]) if "category" in dataset.items else None


def _binned(values: np.ndarray, bins: Sequence[tuple[float, str]]) -> np.ndarray:
    """The first bin that holds each value, −1 for NaN."""
    edges = np.array([edge for edge, _ in bins])
    return np.where(np.isfinite(values), np.searchsorted(edges, np.nan_to_num(values)), -1)

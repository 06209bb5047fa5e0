"""Properties of what a model shows, beside how well it ranks: popularity, coverage, novelty, diversity, and the categories of its lists.

All values are of the top 10 lists for the events of one split, of at most MOST_CASES events drawn by the seed.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from recsys.core import TOP_K, Dataset, top_k
from recsys.core.split import TRAIN, Split
from recsys.evaluation.bootstrap import bootstrap_interval, bootstrap_means, has_intervals
from recsys.evaluation.cases import Cases, score_cases
from recsys.evaluation.ranking import compute_diversity, compute_self_information, encode_categories, identify_model

MOST_CASES = 20_000
SMOOTHING = 0.01
"""Share of the history that is mixed into a list's categories, so that a category without an item costs much and not without bound."""
TENTHS, GROUPS = 10, 3


class Mean(NamedTuple):
    """A mean over the cases, with its 95 % interval, a bootstrap over users; NaN where it is not defined."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class BeyondAccuracy:
    """Properties of the lists of a model.

    `coverage` is the share of the catalogue that stands in at least one list. `novelty` is the mean self-information of a list in bits.
    `diversity` is the share of pairs in a list with two categories, and `calibration` the Kullback-Leibler divergence of the list's
    categories from those of the history (Steck, 2018, doi:10.1145/3240323.3240372; 0 is perfect): None without categories.
    Popularity is the number of training events of an item: `popularity_lift` is the mean popularity of what is shown divided by that
    of the histories, minus 1 (the difference of "group average popularity" of arXiv:1907.13286, here over all cases);
    `group_popularity` (GROUPS, 2) are means of history and of lists for users of equal number, those with the least popular history
    first. `exposure` and `taken` (TENTHS,) are the shares of all shown and of all next items, by tenths of the catalogue from the most
    popular on. `category_shares` (categories, 2) are mean shares of the history and of the list.
    """

    model: str
    cases: int
    users: int
    all_cases: int
    coverage: float
    novelty: Mean
    diversity: Mean | None
    calibration: Mean | None
    popularity_lift: Mean
    group_popularity: np.ndarray
    exposure: np.ndarray
    taken: np.ndarray
    categories: tuple[str, ...]
    category_shares: np.ndarray


def measure_beyond_accuracy(model: Any, dataset: Dataset, split: Split, which: str = "validation", seed: int = 0) -> BeyondAccuracy:
    """Return the properties of a model's lists for the events of a split; memory is bounded as in an evaluation."""
    every = Cases.from_split(dataset, split, which)
    cases = _draw_cases(every, seed)
    listed = _list_items(model, cases, whole=split.protocol == "temporal")
    training = np.bincount(dataset.item_codes[split.labels == TRAIN], minlength=len(dataset.item_ids) + 1).astype(np.float64)
    kinds, every_kind = _encode_known_categories(dataset), encode_categories(dataset)
    shown_popularity, own_popularity = _mean_of_lists(training, listed), _mean_of_histories(training, cases)
    columns = {"novelty": _mean_of_lists(compute_self_information(dataset, split), listed)}
    shares = np.empty((0, 2))
    if kinds is not None and every_kind is not None:
        histories, lists = _category_shares(kinds, cases, listed)
        columns |= {"calibration": compute_calibration(histories, lists), "diversity": compute_diversity(every_kind[listed], listed > 0)}
        shares = np.column_stack([np.nanmean(histories, axis=0), np.nanmean(lists, axis=0)]) if len(histories) else shares
    means = _summarize(columns, cases.user_codes, seed)
    return BeyondAccuracy(
        identify_model(model),
        len(cases.rows),
        len(np.unique(cases.user_codes)),
        len(every.rows),
        float((np.bincount(listed[listed > 0], minlength=len(training))[1:] > 0).mean()),
        means["novelty"],
        means.get("diversity"),
        means.get("calibration"),
        _compare_popularity(shown_popularity, own_popularity, cases.user_codes, seed),
        _group_popularity(own_popularity, shown_popularity, cases.user_codes),
        *_exposure(training, listed, dataset.item_codes[cases.rows]),
        () if kinds is None else kinds.names,
        shares,
    )


def compute_calibration(history: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Return KL(history ‖ list) in bits (n,) of shares of categories (n, categories), the list's mixed with SMOOTHING of the history's."""
    mixed = (1 - SMOOTHING) * shown + SMOOTHING * history
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(history > 0, history * np.log2(history / mixed), 0.0)
    return np.where(np.isnan(history).any(axis=1) | np.isnan(shown).any(axis=1), np.nan, terms.sum(axis=1))


@dataclass(frozen=True, eq=False)
class _Categories:
    """Names of categories, and their codes by code of an item, −1 where it has none."""

    names: tuple[str, ...]
    codes: np.ndarray


def _draw_cases(every: Cases, seed: int) -> Cases:
    if len(every.rows) <= MOST_CASES:
        return every
    chosen = np.sort(np.random.default_rng(seed).choice(len(every.rows), MOST_CASES, replace=False))
    return Cases(every.dataset, every.rows[chosen], every.user_codes[chosen], every.steps[chosen])


def _list_items(model: Any, cases: Cases, whole: bool) -> np.ndarray:
    """Return the codes (cases, TOP_K) of the top 10 in the dataset, 0 for an empty place."""
    to_dataset = cases.dataset.vocabulary.encode(model.item_ids)
    listed = np.zeros((len(cases.rows), min(TOP_K, len(model.item_ids))), dtype=np.int64)
    for chosen, scores, _targets in score_cases(model, cases, whole):
        top = top_k(scores, TOP_K)
        listed[chosen] = np.where(np.take_along_axis(scores, top, axis=1) > -np.inf, to_dataset[top], 0)
    return listed


def _mean_of_lists(values: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Return the mean (cases,) of a value by code over each list; NaN for an empty one."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(listed > 0, values[listed], 0).sum(axis=1) / (listed > 0).sum(axis=1))


def _mean_of_histories(values: np.ndarray, cases: Cases) -> np.ndarray:
    """Return the mean (cases,) of a value by code over the events before each case; NaN without one."""
    total = np.concatenate([[0.0], np.cumsum(values[cases.dataset.item_codes])])
    start = cases.dataset.user_starts[cases.user_codes]
    with np.errstate(invalid="ignore"):
        return np.asarray((total[start + cases.steps] - total[start]) / cases.steps)


def _encode_known_categories(dataset: Dataset) -> _Categories | None:
    if "category" not in dataset.has:
        return None
    column = dataset.items["category"].astype("category")
    return _Categories(
        tuple(str(each) for each in column.cat.categories), np.concatenate([[-1], column.cat.codes.to_numpy().astype(np.int64)])
    )


def _category_shares(kinds: _Categories, cases: Cases, listed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return shares (cases, categories) of the known categories of each history and of each list; NaN where there are none."""
    width = len(kinds.names)
    shown = _share_of_rows(kinds.codes[listed], np.repeat(np.arange(len(listed)), listed.shape[1]), len(listed), width)
    starts = cases.dataset.user_starts[cases.user_codes]
    # Histories of one user grow by events: counts up to each event, of the users that have cases, a user at a time.
    histories = np.full((len(listed), width), np.nan)
    order = np.argsort(cases.user_codes, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(cases.user_codes[order])) + 1):
        steps, start = cases.steps[group], starts[group[0]]
        codes = kinds.codes[cases.dataset.item_codes[start : start + int(steps.max())]]
        counts = np.zeros((len(codes) + 1, width))
        counts[1:][codes >= 0, codes[codes >= 0]] = 1
        counts = np.cumsum(counts, axis=0)[steps]
        with np.errstate(invalid="ignore"):
            histories[group] = counts / counts.sum(axis=1, keepdims=True)
    return histories, shown


def _share_of_rows(codes: np.ndarray, rows: np.ndarray, count: int, width: int) -> np.ndarray:
    flat = codes.ravel()
    counts = np.bincount(rows[flat >= 0] * width + flat[flat >= 0], minlength=count * width).reshape(count, width)
    with np.errstate(invalid="ignore"):
        return counts / counts.sum(axis=1, keepdims=True)


def _summarize(columns: dict[str, np.ndarray], user_codes: np.ndarray, seed: int) -> dict[str, Mean]:
    stacked = np.column_stack(list(columns.values()))
    draws = bootstrap_means(stacked, user_codes, seed) if has_intervals(user_codes) else np.full((2, stacked.shape[1]), np.nan)
    return {
        name: Mean(float(np.nanmean(values)) if np.isfinite(values).any() else np.nan, *bootstrap_interval(draws[:, at]))
        for at, (name, values) in enumerate(columns.items())
    }


def _compare_popularity(shown: np.ndarray, own: np.ndarray, user_codes: np.ndarray, seed: int) -> Mean:
    """Return the mean popularity of lists divided by that of histories, minus 1.

    It is a ratio of means: a mean of ratios would be ruled by the few users whose histories have hardly a popular item.
    """
    known = np.isfinite(shown) & np.isfinite(own)
    both = np.column_stack([shown, own])[known]
    if not len(both) or not both[:, 1].any():
        return Mean(np.nan, np.nan, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        draws = bootstrap_means(both, user_codes[known], seed) if has_intervals(user_codes[known]) else np.full((1, 2), np.nan)
        ratios = draws[:, 0] / draws[:, 1] - 1
    mean_shown, mean_own = both.mean(axis=0)
    return Mean(float(mean_shown / mean_own - 1), *bootstrap_interval(np.where(np.isfinite(ratios), ratios, np.nan)))


def _group_popularity(own: np.ndarray, shown: np.ndarray, user_codes: np.ndarray) -> np.ndarray:
    """Return mean popularity (GROUPS, 2) of history and lists, of users in groups of equal size by that of their history; NaN for none."""
    known = np.isfinite(own) & np.isfinite(shown)
    users, of_case = np.unique(user_codes[known], return_inverse=True)
    means = np.full((GROUPS, 2), np.nan)
    if len(users) >= GROUPS:
        counts = np.bincount(of_case)
        by_user = np.column_stack([np.bincount(of_case, each[known]) / counts for each in (own, shown)])
        for at, group in enumerate(np.array_split(np.argsort(by_user[:, 0], kind="stable"), GROUPS)):
            means[at] = by_user[group].mean(axis=0)
    return means


def _exposure(training: np.ndarray, listed: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return shares (TENTHS,) of shown and of next items by tenths of the catalogue, the most popular first."""
    order = np.argsort(-training[1:], kind="stable") + 1
    tenth = np.zeros(len(training), dtype=np.int64)
    tenth[order] = np.arange(len(order)) * TENTHS // max(len(order), 1)
    shown, next_ones = (np.bincount(tenth[codes], minlength=TENTHS) for codes in (listed[listed > 0], targets[targets > 0]))
    return shown / max(shown.sum(), 1), next_ones / max(next_ones.sum(), 1)

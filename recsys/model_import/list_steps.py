"""The step of a user's timeline at which a list was made: by its time, or by what the lists themselves tell."""

import numpy as np
import pandas as pd

from recsys.core import Check, Dataset
from recsys.core.errors import DataError, QuestionError, unknown
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _

MADE_BEFORE = {
    "last": N_("lists made before the last event of each user"),
    "second-last": N_("lists made before the last two events of each user"),
    "end": N_("lists made after the last event of each user, so that no event can test them"),
}
"""Answers to the question when lists without a time were made, with their lines in the report."""


def find_steps(rows: pd.DataFrame, dataset: Dataset, made_before: str) -> tuple[np.ndarray, Check, str | None]:
    """Return for each row (n,) the number of events that its user had when the list was made, a line for the report, and the protocol
    that can measure the lists, None where it is open.

    Args:
        rows: `user` and `item` are codes in the dataset from 0; `time` in seconds, where known.
        made_before: a key of MADE_BEFORE for lists without a time; "" to find out from the lists, or ask.
    """
    if "time" in rows and not made_before:
        return (
            _by_time(rows, dataset),
            Check(N_("lists placed by their times"), len(rows[["user", "time"]].drop_duplicates()), "kept"),
            None,
        )
    users = rows["user"].to_numpy()
    if made_before and made_before not in MADE_BEFORE:
        raise unknown("time of lists", made_before, MADE_BEFORE)
    answer = made_before or _find_out(rows, dataset)
    return (
        _count_known(dataset, answer)[users],
        Check(MADE_BEFORE[answer], len(np.unique(users)), "kept"),
        None if answer == "end" else "last-out",
    )


def _by_time(rows: pd.DataFrame, dataset: Dataset) -> np.ndarray:
    if dataset.times is None:
        raise DataError(
            _(
                "the lists have times, but the events of '{dataset}' have none; say when they were made, for example --made-before last",
                dataset=dataset.name,
            )
        )
    if not np.isfinite(rows["time"]).all():
        raise DataError(
            _(
                "{count} rows have no readable time; give every list a time, or none",
                count=format_number(int((~np.isfinite(rows["time"])).sum())),
            )
        )
    users, times = rows["user"].to_numpy(), rows["time"].to_numpy()
    pairs, which = np.unique(np.stack([users.astype(np.float64), times]), axis=1, return_inverse=True)
    steps = np.empty(pairs.shape[1], dtype=np.int64)
    for at, (user, time) in enumerate(pairs.T):
        own = dataset.times[dataset.user_starts[int(user)] : dataset.user_starts[int(user) + 1]]
        steps[at] = np.searchsorted(np.nan_to_num(own, nan=-np.inf), time, side="left")
    return steps[which.ravel()]


def _count_known(dataset: Dataset, made_before: str) -> np.ndarray:
    """Return for each user (n_users,) the number of events known at that point; events predicted at once with the target are not known."""
    starts, ends = dataset.user_starts[:-1], dataset.user_starts[1:]
    if made_before == "end":
        return ends - starts
    last = dataset.history_ends[ends - 1]
    if made_before == "second-last":
        last = np.where(last > starts, dataset.history_ends[np.maximum(last - 1, 0)], starts)
    return last - starts


def _find_out(rows: pd.DataFrame, dataset: Dataset) -> str:
    """Return "last" if the lists leave out seen items and yet contain last ones; otherwise raise a question."""
    users, items = rows["user"].to_numpy(), rows["item"].to_numpy()
    seen_earlier = count_seen(dataset, users, _count_known(dataset, "last")[users], items)
    last_items = dataset.item_codes[dataset.user_starts[1:] - 1] - 1
    hits = int((items == last_items[users]).sum())
    if not seen_earlier and hits:
        return "last"
    likeliest = "end" if not seen_earlier else "last"
    raise QuestionError(
        _(
            "the lists have no times: were they made before the last event of each user (last), before the last two (second-last), or after "
            "all events (end)? {hits} lists contain the last item, {seen} listed items were seen earlier",
            hits=format_number(hits),
            seen=format_number(seen_earlier),
        ),
        "--made-before",
        likeliest,
        choices=tuple(MADE_BEFORE),
    )


def count_seen(dataset: Dataset, users: np.ndarray, steps: np.ndarray, items: np.ndarray) -> int:
    """Return the number of (user, item) pairs whose item is among the first `steps` events of the user."""
    order = dataset.interactions["order"].to_numpy()
    owners = dataset.interactions["user_id"].cat.codes.to_numpy().astype(np.int64)
    n_items = len(dataset.item_ids)
    pairs = owners * n_items + dataset.item_codes - 1
    first = pd.Series(order).groupby(pairs).min()
    at = first.index.get_indexer(users.astype(np.int64) * n_items + items)
    return int(((at >= 0) & (first.to_numpy()[np.maximum(at, 0)] < steps)).sum())

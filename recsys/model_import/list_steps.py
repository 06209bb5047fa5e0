"""The step of a user's timeline at which a list was made: by its time, or by what the lists themselves tell."""

import numpy as np
import pandas as pd

from recsys.core import Check, Dataset
from recsys.core.errors import DataError, QuestionError
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _

MADE_BEFORE = {
    "last": N_("users with lists made before their last event"),
    "second-last": N_("users with lists made before their last two events"),
    "end": N_("users with lists made after their last event, so that no event can test them"),
}
"""Answers to the question when lists without a time were made, with their lines in the report."""
_FOUND_OUT = {
    "last": N_("users with lists made before their last event: {hits} lists contain it, and none an item seen earlier"),
    "second-last": N_(
        "users with lists made before their last two events: {hits} lists contain the first of them, and none an item seen earlier"
    ),
}
CERTAIN_HITS = 5
"""Lists that contain the very next item from which on it is certain when they were made, if no list contains an item seen earlier."""


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
    count = len(np.unique(users))
    if made_before:
        answer, note = made_before, Check(MADE_BEFORE[made_before], count, "kept")
    else:
        answer, hits = _find_out(rows, dataset)
        note = Check(_FOUND_OUT[answer], count, "kept", {"hits": format_number(hits)})
    return _count_known(dataset, answer)[users], note, None if answer == "end" else "last-out"


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
    pairs = pd.DataFrame({"user": rows["user"], "time": rows["time"]})
    which = pairs.groupby(["user", "time"], sort=False).ngroup().to_numpy()
    lists = pairs.drop_duplicates()  # in the order of the numbers of the groups
    to_milliseconds = np.floor(lists["time"].to_numpy() * 1000 + 1e-3) / 1000  # as the events have them; 1e-3 for the error of the product
    times = np.concatenate([np.nan_to_num(dataset.times, nan=-np.inf), to_milliseconds])
    moments = np.unique(times, return_inverse=True)[1].ravel()
    n_events, size = len(dataset.times), len(times) + 1
    owners = dataset.interactions["user_id"].cat.codes.to_numpy().astype(np.int64)
    # A user's events are in order of time, users one after the other; an event without a time counts as one at the time before it.
    keys = np.maximum.accumulate(owners * size + moments[:n_events])
    users = lists["user"].to_numpy()
    steps = np.searchsorted(keys, users * size + moments[n_events:]) - dataset.user_starts[users]
    return steps[which]


def _count_known(dataset: Dataset, made_before: str) -> np.ndarray:
    """Return for each user (n_users,) the number of events known at that point; events predicted at once with the target are not known."""
    starts, ends = dataset.user_starts[:-1], dataset.user_starts[1:]
    if made_before == "end":
        return ends - starts
    last = dataset.history_ends[ends - 1]
    if made_before == "second-last":
        last = np.where(last > starts, dataset.history_ends[np.maximum(last - 1, 0)], starts)
    return last - starts


def _find_out(rows: pd.DataFrame, dataset: Dataset) -> tuple[str, int]:
    """Return when the lists were made and how many contain the very next item, if that is certain; otherwise raise a question.

    Lists without seen items, many of which contain the item of the event that comes next, were made just before this event.
    """
    users, items = rows["user"].to_numpy(), rows["item"].to_numpy()
    first = _find_first_steps(dataset, users, items)
    before = {answer: _count_known(dataset, answer)[users] for answer in MADE_BEFORE}
    seen = {answer: int((first < step).sum()) for answer, step in before.items()}
    next_of = {"last": "end", "second-last": "last"}
    hits = {answer: int(((before[answer] <= first) & (first < before[after])).sum()) for answer, after in next_of.items()}
    for answer in next_of:
        if not seen[answer] and hits[answer] >= CERTAIN_HITS:
            return answer, hits[answer]
    likeliest = next((each for each in ("end", "last", "second-last") if not seen[each]), "last")
    raise QuestionError(
        _(
            "the lists have no times: were they made before the last event of each user (last), before the last two (second-last), or after "
            "all events (end)? {hits} lists contain the last item, {seen} listed items were seen before the last event",
            hits=format_number(hits["last"]),
            seen=format_number(seen["last"]),
        ),
        "--made-before",
        likeliest,
        choices=tuple(MADE_BEFORE),
    )


def count_seen(dataset: Dataset, users: np.ndarray, steps: np.ndarray, items: np.ndarray) -> int:
    """Return the number of (user, item) pairs whose item is among the first `steps` events of the user."""
    return int((_find_first_steps(dataset, users, items) < steps).sum())


def _find_first_steps(dataset: Dataset, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Return the index (n,) of the first event of each user with each item, more than any index where there is none."""
    n_items = len(dataset.item_ids)
    owners = dataset.interactions["user_id"].cat.codes.to_numpy().astype(np.int64)
    events = pd.Series(owners * n_items + dataset.item_codes - 1).drop_duplicates()  # keeps the first of each
    order = dataset.interactions["order"].to_numpy()[events.index]
    at = pd.Index(events).get_indexer(users.astype(np.int64) * n_items + items)
    return np.where(at >= 0, order[at], np.iinfo(np.int64).max)

"""Feedback as training data: the request that each answer belongs to, the item, and a weight; accounts are learnt from or held out."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select

from recsys.core import Dataset, Event, Request, empty_history, request_at
from recsys.core.formatting import move_within_week
from recsys.core.split import TRAIN, Split
from recsys.database.engine import Store
from recsys.database.schema import FeedbackRow, ImpressionRow
from recsys.feedback.stars import find_star_values, is_good_rating

WEIGHTS = {"take": 1.0, "like": 1.0, "dislike": -0.5, "skip": -0.1}
"""Weight of each action, below 0 for items that were not wanted: a dislike says less than a like, since it comes from one list only,
and a skip less again, since the person may not have seen the item."""
RATING_WEIGHTS = (-0.5, 1.0)
"""Weights of a rating below three stars, and of one from there on."""
FILTERS = ("categories", "most_per_category", "candidates")
"""Parts of a context that limit which items could be in the list."""
HELD_OUT = 0.3
"""Share of accounts whose feedback is not learnt from."""


@dataclass(frozen=True, eq=False)
class Answer:
    """An answer to one item of a list. `weight` is above 0 where the person wanted the item; answers to one list share its `request`.

    `step` is that of the timeline; the history of the request is longer where items were added to it.
    """

    impression_id: str
    account_id: str
    request: Request
    item_id: str
    weight: float
    rank: int
    step: int


@dataclass(frozen=True, eq=False)
class ShownList:
    """A list that at least one answer was given to: `items` best first at `ranks`. `is_filtered` if only some items could be in it.

    The ranks are 1, 2, … unless the list was interleaved with another one.
    """

    impression_id: str
    account_id: str
    request: Request
    items: tuple[str, ...]
    ranks: tuple[int, ...]
    is_filtered: bool


@dataclass(frozen=True, eq=False)
class FeedbackData:
    """Lists that were shown and the answers to them, the oldest first."""

    lists: tuple[ShownList, ...]
    answers: tuple[Answer, ...]

    @property
    def accounts(self) -> frozenset[str]:
        return frozenset(each.account_id for each in self.lists)

    def of(self, accounts: frozenset[str]) -> "FeedbackData":
        """Return the part that is of these accounts."""
        return FeedbackData(
            tuple(each for each in self.lists if each.account_id in accounts),
            tuple(each for each in self.answers if each.account_id in accounts),
        )


def load_training_feedback(store: Store, dataset: Dataset, checkpoint: str, since: float | None = None) -> FeedbackData:
    """Return the feedback on all versions of a checkpoint, whose name without a version is given.

    What was withdrawn or erased is not in it, nor what was given on another state of the dataset. An item that was answered several
    times in a list counts once, by the last answer.
    """
    wanted = (
        select(FeedbackRow, ImpressionRow)
        .join(ImpressionRow, FeedbackRow.impression_id == ImpressionRow.id)
        .where(
            FeedbackRow.dataset == dataset.name,
            FeedbackRow.checkpoint == checkpoint,
            FeedbackRow.withdrawn.is_(None),
            ImpressionRow.dataset_fingerprint == dataset.fingerprint,
        )
        .order_by(FeedbackRow.created, FeedbackRow.id)
    )
    if since is not None:
        wanted = wanted.where(FeedbackRow.created >= since)
    with store.read() as session:
        rows = session.execute(wanted).tuples().all()
    known = set(dataset.item_ids)
    stars = find_star_values(dataset.ratings)
    lists: dict[str, ShownList] = {}
    answers: dict[tuple[str, str], Answer] = {}
    for row, shown in rows:
        weight = _weigh(row, stars)
        if row.item_id not in known or weight is None:
            continue
        if shown.id not in lists:
            request = restore_request(dataset, shown.user_id, shown.step, shown.context)
            lists[shown.id] = ShownList(shown.id, shown.account_id, request, tuple(shown.items), *_describe_list(shown))
        request = lists[shown.id].request
        answers[shown.id, row.item_id] = Answer(shown.id, row.account_id, request, row.item_id, weight, row.rank, shown.step)
    return FeedbackData(tuple(lists.values()), tuple(answers.values()))


def restore_request(dataset: Dataset, user_id: str, step: int, context: Mapping[str, Any]) -> Request:
    """Return the request of a list that was shown: the user's history at the step, and what the context says was changed.

    The context may have `time` and `utc_offset`, or `weekday` and `hour`; `place`; `history`, the events of somebody that the dataset
    does not have; the items that were `taken` (added to the history), `likes` and `dislikes`; `candidates`.
    """
    is_known = user_id in dataset.interactions["user_id"].cat.categories
    history = dataset.history(user_id) if is_known else empty_history(user_id)
    base = request_at(history, min(step, len(history)))
    history, (time, offset) = base.history, _find_time(base, context)
    for event in [*context.get("history", ()), *context.get("taken", ())]:
        event = {"item_id": event} if isinstance(event, str) else event
        history = history.then(
            Event(
                event["item_id"],
                _or_nan(event.get("time") or time),
                _or_nan(offset),
                _find_place(dataset, event["item_id"]),
                rating=_or_nan(event.get("rating")),
            )
        )
    place = context.get("place")
    if isinstance(place, Mapping):
        place = place["latitude"], place["longitude"]
    candidates = context.get("candidates")
    return Request(
        replace(history, likes=tuple(context.get("likes", ())), dislikes=tuple(context.get("dislikes", ()))),
        time=time,
        utc_offset=offset,
        place=None if place is None else (float(place[0]), float(place[1])),
        candidates=None if candidates is None else tuple(candidates),
    )


def _describe_list(shown: ImpressionRow) -> tuple[tuple[int, ...], bool]:
    """Return the ranks of a list's items, and whether only some items could be in it."""
    ranks = shown.context.get("ranks") or range(1, len(shown.items) + 1)
    return tuple(ranks), any(shown.context.get(each) for each in FILTERS)


def _find_time(base: Request, context: Mapping[str, Any]) -> tuple[float | None, float | None]:
    time, offset = context.get("time", base.time), context.get("utc_offset", base.utc_offset)
    weekday, hour = context.get("weekday"), context.get("hour")
    if weekday is None and hour is None:
        return time, offset
    times, offsets = base.history.times, base.history.utc_offsets
    if time is None and times is not None and len(times):
        time, offset = float(times[-1]), None if offsets is None else float(offsets[-1])
    return (None if time is None else move_within_week(time, offset, weekday, hour)), offset


def _find_place(dataset: Dataset, item_id: str) -> tuple[float, float]:
    if dataset.item_places is None or item_id not in dataset.items.index:
        return np.nan, np.nan
    latitude, longitude = dataset.item_places[dataset.items.index.get_loc(item_id)]
    return float(latitude), float(longitude)


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else float(value)


def split_accounts(accounts: frozenset[str], seed: int) -> tuple[frozenset[str], frozenset[str]]:
    """Return the accounts to learn from and those held out, by a hash of their ids and the seed.

    With two or more accounts each part has at least one; a single account is learnt from.
    """
    positions = {each: int.from_bytes(hashlib.sha256(f"{seed}:{each}".encode()).digest()[:8], "big") / 2**64 for each in accounts}
    in_order = sorted(accounts, key=lambda each: positions[each])
    count = sum(position < HELD_OUT for position in positions.values())
    count = min(max(count, 1), len(in_order) - 1) if len(in_order) > 1 else 0
    return frozenset(in_order[count:]), frozenset(in_order[:count])


def add_events(dataset: Dataset, split: Split, answers: Sequence[Answer]) -> tuple[Dataset, Split]:
    """Return the dataset with an event for every wanted item, at its step of the timeline, and the split with these as training events.

    An added event has the time of the request, the place of its item and no behaviour or rating.
    """
    events, n = dataset.interactions, len(dataset.interactions)
    known = events["user_id"].cat.categories
    wanted = [each for each in answers if each.weight > 0 and each.request.history.user_id in known]
    users = known.get_indexer([each.request.history.user_id for each in wanted])
    starts, ends = dataset.user_starts[users], dataset.user_starts[users + 1]
    at = np.minimum(starts + [each.step for each in wanted], ends)  # the row before which each event belongs
    added = events.iloc[np.minimum(at, ends - 1)].copy()
    items = dataset.vocabulary.encode([each.item_id for each in wanted]) - 1
    added["item_id"] = pd.Categorical.from_codes(items, dtype=events["item_id"].dtype)
    for column in {"behaviour", "rating", "text"} & set(events):
        added[column] = pd.Series([None] * len(added), index=added.index, dtype=events[column].dtype)
    if "latitude" in events:
        places = np.full((len(dataset.item_ids), 2), np.nan) if dataset.item_places is None else dataset.item_places
        added[["latitude", "longitude"]] = places[items]
    in_order = np.argsort(np.concatenate([np.arange(n), at - 0.5]), kind="stable")
    joined = pd.concat([events, added], ignore_index=True).iloc[in_order].reset_index(drop=True)
    joined["order"] = joined.groupby("user_id", observed=True).cumcount().astype(events["order"].dtype)
    labels = np.concatenate([split.labels, np.full(len(added), TRAIN, dtype=split.labels.dtype)])[in_order]
    return replace(dataset, interactions=joined), replace(split, labels=labels)


def _weigh(row: FeedbackRow, stars: np.ndarray | None) -> float | None:
    """Return the weight of an answer; None for a rating of data without a scale to compare it with."""
    if row.action != "rating":
        return WEIGHTS[row.action]
    return None if row.rating is None or stars is None else RATING_WEIGHTS[int(is_good_rating(row.rating, stars))]

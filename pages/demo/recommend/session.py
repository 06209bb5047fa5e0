"""Lists shown on the page Recommendations, what the account does with their items, and the list that follows from it.

Feedback belongs to the step at which it was given: a link to that step shows the same list again, in another window and after a
restart too, and a list at an earlier step never follows from later feedback. The model reads it from the request and never changes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages import cache
from pages.demo.recommend.filters import Filters, select_top_items
from pages.shell import feedback, view_settings
from pages.shell.cursor import Cursor
from pages.ui.errors import guarded
from pages.ui.request_context import RequestContext, TrialHistory
from recsys.core import TOP_K, FallsBack, Request, candidate_scores
from recsys.feedback.changes import NewFeedback, NewImpression, Withdrawal
from recsys.feedback.recording import Feedback, Impression
from recsys.feedback.stars import is_good_rating
from recsys.training.checkpoints import LoadedCheckpoint

SKIP = "skip"
MOST_RATING = 1e6
"""The largest rating that a link may hold."""
LONGEST = 4_000
"""Bytes of the ids of items named in the context of an impression, for each kind of change."""


def build_trial(cursor: Cursor, given: Sequence[Feedback]) -> TrialHistory:
    """Return what the model is to follow of the feedback at the cursor's step.

    A rating of three stars or more counts as an event of the history with that rating, a lower one as a dislike.
    """
    stars = cache.star_values(cursor.dataset)
    ratings = {each.item_id: each.rating for each in given if each.rating is not None}
    good = {item: stars is None or is_good_rating(rating, stars) for item, rating in ratings.items()}

    def items(*actions: str, rated: bool) -> tuple[str, ...]:
        chosen = (each.item_id for each in given if each.action in actions or (each.action == "rating" and good[each.item_id] is rated))
        return tuple(dict.fromkeys(chosen))

    likes = tuple(dict.fromkeys(each.item_id for each in given if each.action == "like"))
    return TrialHistory(
        (cursor.dataset.name, cursor.user, cursor.step),
        taken=items("take", rated=True),
        likes=likes,
        dislikes=items("dislike", rated=False),
        ratings=tuple(ratings.items()),
    )


def follow_kept(cursor: Cursor, own: Sequence[Feedback]) -> list[Feedback] | None:
    """Return the feedback that the list of an open case or link follows; None where there is none, or it is the account's own.

    What the list follows now is recorded with the view.
    """
    kept = _read_kept(cursor)
    given = own if kept is None or _rows(kept) == _rows(own) else kept
    view_settings.record(feedback=_rows(given))
    return None if given is own else list(given)


def _rows(given: Sequence[Feedback]) -> list[list[Any]]:
    return [[each.item_id, each.action, each.rating] for each in given]


def _read_kept(cursor: Cursor) -> list[Feedback] | None:
    rows = view_settings.restored(cursor, "feedback")
    if not isinstance(rows, list):
        return None
    known = set(cache.items_by_popularity(cursor.dataset))
    found = []
    for row in rows:
        match row:
            case [str(item), "take" | "like" | "dislike" as action, None] if item in known:
                found.append(Feedback("", item, action, None, cursor.step, 0.0))
            case [str(item), "rating" as action, int(rating) | float(rating)] if item in known and abs(rating) <= MOST_RATING:
                found.append(Feedback("", item, action, float(rating), cursor.step, 0.0))
    return found


def show_list(cursor: Cursor, found: LoadedCheckpoint, items: list[str], scores: np.ndarray, context: Mapping[str, Any]) -> Impression:
    """Return the impression of a list that is about to be drawn, saved unless it is the one that this session showed last."""
    impression = Impression(
        cursor.dataset.name,
        cursor.dataset.fingerprint,
        found.card.name,
        found.fingerprint,
        cursor.user,
        cursor.step,
        items,
        [float(score) for score in scores],
        context,
    )
    shown: Impression | None = st.session_state.get(feedback.SHOWN)
    if shown is not None and _is_same_list(shown, impression):
        return shown
    st.session_state[feedback.SHOWN] = impression
    if items:
        feedback.save_change(cursor, NewImpression(impression))
    return impression


def describe_changes(trial: TrialHistory, request: Request, context: RequestContext, chosen: Filters) -> dict[str, Any]:
    """Return what was changed for a list, for its impression; nothing for the list of the cursor itself.

    Of very many items the latest are named: the feedback itself is in the store as well.
    """
    is_moved = context.weekday is not None or context.hour is not None
    ratings = dict(trial.ratings)
    changes = {
        "time": request.time if is_moved else None,
        "utc_offset": request.utc_offset if is_moved else None,
        "place": list(context.place) if context.place else None,
        "categories": list(chosen.categories),
        "most_per_category": chosen.most,
        "taken": [{"item_id": item, "rating": ratings[item]} if item in ratings else item for item in _latest(trial.taken)],
        "likes": _latest(trial.likes),
        "dislikes": _latest(trial.dislikes),
    }
    return {name: value for name, value in changes.items() if value not in (None, [])}


def _latest(items: Sequence[str]) -> list[str]:
    """Return the latest items whose ids fit in LONGEST bytes, oldest first."""
    sizes = np.cumsum([len(item.encode()) for item in reversed(items)])
    fitting = int((sizes <= LONGEST).sum())
    return list(items[len(items) - fitting :])


@guarded
def answer(cursor: Cursor, impression: Impression, item: str, action: str, is_given: bool) -> None:
    """Give feedback on an item of the list, or take it back where it is given already."""
    if is_given:
        withdraw(cursor, item, action)
    else:
        feedback.save_change(cursor, NewFeedback(impression, item, action))


@guarded
def rate(cursor: Cursor, impression: Impression, item: str, key: str) -> None:
    """Rate an item by the stars chosen in the widget with this key, or take the rating back where they were cleared."""
    stars, values = st.session_state[key], cache.star_values(cursor.dataset)
    if stars is None or values is None:
        withdraw(cursor, item, "rating")
    else:
        feedback.save_change(cursor, NewFeedback(impression, item, "rating", float(values[stars])))


@guarded
def withdraw(cursor: Cursor, item: str, action: str) -> None:
    """Take back feedback on an item at the cursor's step."""
    feedback.save_change(cursor, Withdrawal(cursor.dataset.name, cursor.user, item, cursor.step, action))


@guarded
def forget(cursor: Cursor, everywhere: bool = False) -> None:
    """Take back all feedback at the cursor's step, or on the whole timeline."""
    feedback.save_change(cursor, Withdrawal(cursor.dataset.name, cursor.user, step=None if everywhere else cursor.step))


def recommend_items(
    cursor: Cursor, model: Any, request: Request, filters: Filters, k: int = TOP_K
) -> tuple[list[str], np.ndarray, str | None]:
    """Return item ids, best first, their scores, and the reason if the list is a fallback."""
    item_ids = model.vocabulary.item_ids
    scores = candidate_scores(model, [request], model.vocabulary, cursor.dataset.repeats)[0]
    best = select_top_items(cursor.dataset, item_ids, scores, k, filters)
    reason = model.fallback(request) if isinstance(model, FallsBack) else None
    return [str(item_ids[at]) for at in best], scores[best], reason


def _is_same_list(shown: Impression, other: Impression) -> bool:
    def parts(each: Impression) -> tuple[Any, ...]:
        return (
            each.dataset_fingerprint,
            each.checkpoint_fingerprint,
            each.user_id,
            each.step,
            each.items,
            each.scores,
            each.context,
        )

    return parts(shown) == parts(other)

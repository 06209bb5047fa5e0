"""Items added, liked and disliked on the page Recommendations, and the list that follows from them.

All of it lives in the session and is forgotten when the cursor moves; the model reads it from the request and never changes.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from pages import cache
from pages.demo.recommend.filters import Filters, select_top_items
from pages.shell.cursor import Cursor
from pages.ui.request_context import TrialHistory
from recsys.core import TOP_K, FallsBack, Request, append_likes, candidate_scores
from recsys.core.translation import N_, _

STATE = "tryout"
CONNECTION_NOTE = N_(
    "The small line under a card shows the strongest connection in the data between the item and this user’s history. "
    "The model plays no part in it, so it does not explain the list."
)


def current_trial(cursor: Cursor) -> TrialHistory:
    """Return this session's trial at the cursor; a new one when the cursor has moved."""
    here = (cursor.dataset.name, cursor.user, cursor.step)
    trial = st.session_state.get(STATE)
    if trial is None or trial.here != here:
        trial = st.session_state[STATE] = TrialHistory(here)
    return trial


def add_to_history(item: str) -> None:
    """Add an item to the history of the trial."""
    trial = st.session_state[STATE]
    st.session_state[STATE] = replace(trial, taken=(*trial.taken, item))


def like(item: str) -> None:
    """Like an item, or withdraw the like."""
    trial = st.session_state[STATE]
    liked = tuple(each for each in trial.likes if each != item) + (() if item in trial.likes else (item,))
    st.session_state[STATE] = replace(trial, likes=liked)


def dislike(item: str) -> None:
    """Dislike an item, which also withdraws a like."""
    trial = st.session_state[STATE]
    liked = tuple(each for each in trial.likes if each != item)
    st.session_state[STATE] = replace(trial, likes=liked, dislikes=(*trial.dislikes, item))


def forget() -> None:
    """Start a new trial at the same cursor."""
    st.session_state[STATE] = TrialHistory(st.session_state[STATE].here)


def recommend_items(
    cursor: Cursor, model: Any, request: Request, filters: Filters, k: int = TOP_K
) -> tuple[list[str], np.ndarray, str | None]:
    """Return item ids, best first, their scores, and the reason if the list is a fallback."""
    item_ids = model.vocabulary.item_ids
    scores = candidate_scores(model, [request], model.vocabulary, cursor.dataset.repeats)[0]
    best = select_top_items(cursor.dataset, item_ids, scores, k, filters)
    reason = model.fallback(request) if isinstance(model, FallsBack) else None
    return [str(item_ids[at]) for at in best], scores[best], reason


def connect_items(cursor: Cursor, protocol: str, request: Request, items: list[str]) -> list[str]:
    """Return a sentence for each item on its connection with the history: earlier events with it, else the strongest path."""
    graph, request = cache.knowledge_graph(cursor.dataset, protocol), append_likes(request)
    if request.history.times is not None and request.time is None and len(request.history):
        request = replace(request, time=float(request.history.times[-1]))
    paths = [graph.find_paths(request.history, item, most=5, request=request) for item in items]
    # The user's own events with an item say more about this user than any number of events of other users.
    first = [min(each, key=lambda path: path.kind != "again", default=None) for each in paths]
    return [path.words if path else _("no connection in the training events") for path in first]

"""What a person tries on the recommend page: another moment, another place, items taken, liked and turned down.

All of it lives in the session and is forgotten when the cursor moves; the model reads it from the request and stays as it is.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui.request_context import TrialHistory
from recsys.core import TOP_K, FallsBack, Request, candidate_scores, heard
from recsys.core.diversity import limit_per_category

STATE = "tryout"
PATH_MEANING = (
    "The small line under a card says how the item hangs together with what this person did, counted in the data. "
    "The model was not asked: it is no explanation of the list."
)


def current(cursor: Cursor) -> TrialHistory:
    """This session's tryout at the cursor; a new one when the cursor has moved."""
    here = (cursor.dataset.name, cursor.user, cursor.step)
    found = st.session_state.get(STATE)
    if found is None or found.here != here:
        found = st.session_state[STATE] = TrialHistory(here)
    return found


def take(item: str) -> None:
    found = st.session_state[STATE]
    st.session_state[STATE] = replace(found, taken=(*found.taken, item))


def like(item: str) -> None:
    found = st.session_state[STATE]
    liked = tuple(each for each in found.likes if each != item) + (() if item in found.likes else (item,))
    st.session_state[STATE] = replace(found, likes=liked)


def turn_down(item: str) -> None:
    found = st.session_state[STATE]
    liked = tuple(each for each in found.likes if each != item)
    st.session_state[STATE] = replace(found, likes=liked, dislikes=(*found.dislikes, item))


def forget() -> None:
    st.session_state[STATE] = TrialHistory(st.session_state[STATE].here)


def answer(
    cursor: Cursor, model: Any, asked: Request, only: list[str], most: int | None, k: int = TOP_K
) -> tuple[list[str], np.ndarray, str | None]:
    """Item ids best first, their scores, and why the list is not the model's own, where it is not."""
    vocabulary = model.vocabulary
    scores = candidate_scores(model, [asked], vocabulary, cursor.dataset.repeats)[0]
    items = cursor.dataset.items.reindex(vocabulary.item_ids)
    kinds = items["category"].tolist() if "category" in items else [None] * len(items)
    if only:
        scores = np.where([kind in only for kind in kinds], scores, -np.inf)
    best = limit_per_category(scores, kinds, k, most)
    reason = model.fallback(asked) if isinstance(model, FallsBack) else None
    return [str(vocabulary.item_ids[at]) for at in best], scores[best], reason


def hangs_together(cursor: Cursor, protocol: str, asked: Request, items: list[str]) -> list[str]:
    """For each item in words how the data connects it with this history: that they took it before, or else the strongest way."""
    graph, request = cache.knowledge_graph(cursor.dataset, protocol), heard(asked)
    if request.history.times is not None and request.time is None and len(request.history):
        request = replace(request, time=float(request.history.times[-1]))
    found = [graph.paths(request.history, item, most=5, request=request) for item in items]
    # What they took before says more of them than what others took, however many those were.
    first = [min(paths, key=lambda path: path.kind != "again", default=None) for paths in found]
    return [path.words if path else "nothing in the data connects it" for path in first]

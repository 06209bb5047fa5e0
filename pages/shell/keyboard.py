"""Keyboard and step buttons in the browser: the arrow keys, Space and M act there at once, and the server follows when they rest.

What each key does is in assets/keyboard.js: `MOVES` for the arrows, `onKey` for Space and M. During a walk through cases
(pages/shell/case_walk.py) the position in the list takes the place of the step.

The script is mounted twice. In the sidebar of every page it moves the cursor. On a page about a step it also knows the misses; and where
the parts of the page that change with the step are drawn as named HTML, it fetches the parts of nearby steps, keeps them and swaps them.
That happens in a fragment of its own, so that prefetching redraws nothing else.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from secrets import token_hex
from typing import Any

import numpy as np
import streamlit as st

from pages import cache
from pages.shell import case_walk, cursor
from pages.shell.account import signed_in
from pages.ui.errors import guarded
from recsys.core import Dataset
from recsys.core.errors import RecsysError
from recsys.core.translation import current_language
from recsys.storage.paths import ASSETS

BLOCK = 16  # steps fetched at a time
MOST_MISSES = 5_000  # sent to the browser
Frames = Callable[[Iterable[int]], dict[int, dict[str, str]]]

_walker = st.components.v2.component("recscope_steps", js=(ASSETS / "keyboard.js").read_text(encoding="utf-8"), isolate_styles=False)


def part(name: str, html: str, scene: str = "") -> None:
    """Draw a part of the page that changes with the step. `html` must be escaped where it comes from data.

    `scene` names whatever else decides the content of the parts (the page, a choice made on it); the same for all parts and `walk`.
    """
    here = cursor.current_cursor()
    st.html(f'<div data-part="{name}" data-of="{_scene(here, scene)}" data-step="{here.step}">{html}</div>')


def drive() -> None:
    """Let the keys and the step buttons move the cursor from the browser, on every page."""
    here, walking = cursor.current_cursor(), case_walk.active_walk()
    data = {
        "of": _track(here.dataset, here.user),
        "step": here.step if walking is None else walking.at,
        "last": len(here.history) if walking is None else len(walking.cases) - 1,
        "cases": walking is not None,
        "language": current_language(),
        "playing": st.session_state.get("playing", False),
        "heard": st.session_state.get("heard", 0),
    }
    _walker(key="walker", data=data, on_said_change=_follow_browser)


@guarded
def _follow_browser() -> None:
    """Move the cursor to the step, or the case of a walk, that the browser has reached.

    Another user may have been chosen a moment before without the browser knowing: then its moves count from that user's start.
    """
    message = browser_message()
    if message is None:
        return
    st.session_state["heard"] = int(message["said"])
    walking = case_walk.active_walk()
    if not is_behind(message):
        if walking is None:
            cursor.move_cursor(step=int(message["step"]))
        else:
            case_walk.move(int(message["step"]))
        st.session_state["playing"] = bool(message["playing"])
        return
    if walking is not None:
        case_walk.move_by(int(message["by"]))
        return
    dataset, user, step = cursor.current_cursor().dataset, st.session_state[cursor.AT_USER], st.session_state[cursor.AT_STEP]
    if cache.has_user(dataset, user):  # else the dataset has changed too
        rows = dataset.rows(user)
        start = rows.stop - rows.start - 1 if step == cursor.LAST else step
        cursor.move_cursor(user=user, step=max(start + int(message["by"]), 0))


def browser_message() -> dict[str, Any] | None:
    """Return the browser's message that this run answers; None where the run has another cause."""
    walker = st.session_state.get("walker")
    return None if walker is None else walker.said


def is_behind(message: dict[str, Any]) -> bool:
    """Return whether the browser still shows another user's timeline, or another walk."""
    return bool(message["of"] != _track(cursor.current_cursor().dataset, st.session_state[cursor.AT_USER]))


@st.fragment
@signed_in
@guarded
def walk(frames: Frames | None = None, scene: str = "") -> None:
    """Tell the browser which steps are misses and, from `frames`, the named parts of the steps it asked for."""
    here = cursor.current_cursor()
    asked = st.session_state.get("asked") or {"of": None, "asked": 0}
    of = _scene(here, scene)
    data = {
        "of": of,
        "walks": frames is not None,
        "misses": _misses(here),
        "answered": asked["asked"],
        "frames": frames(_around(asked["step"], len(here.history), set(asked["have"]))) if frames and asked["of"] == of else {},
    }
    _walker(key="steps", data=data, on_asked_change=_note)
    st.session_state["asked"] = {"of": None, "asked": asked["asked"]}  # answered; a run that was cut short never gets here


def _note() -> None:
    if "steps" in st.session_state:  # missing where the run before was cut short
        st.session_state["asked"] = st.session_state["steps"].asked


def _misses(here: cursor.Cursor) -> list[int]:
    """Return the steps whose next item is not in the top 10, those around the cursor where there are many; none without a trained model."""
    try:
        misses = cache.replay(here.dataset, here.model, here.user, here.device, here.step).misses
    except RecsysError:
        return []  # the page itself shows the error
    start = max(int(np.searchsorted(misses, here.step)) - MOST_MISSES // 2, 0)
    return list(misses[start : start + MOST_MISSES].tolist())


def _around(step: int, last: int, have: set[int]) -> list[int]:
    """Return the steps of the surrounding blocks that the browser does not have."""
    first = max(step - BLOCK // 2, 0) // BLOCK * BLOCK
    end = (min(step + BLOCK, last) // BLOCK + 1) * BLOCK
    return [each for each in range(first, min(end, last + 1)) if each not in have]


def _track(dataset: Dataset, user: str) -> str:
    """Return a key for what the keys move along: the cases of a walk, else this timeline."""
    walking = case_walk.active_walk()
    return _whose(dataset, user) if walking is None else walking.key


def _whose(dataset: Dataset, user: str) -> str:
    """Return a key for this timeline in this session; a hash, since names may hold anything."""
    return _hash(st.session_state.setdefault("session", token_hex(8)), dataset.fingerprint, dataset.name, user)


def _scene(here: cursor.Cursor, scene: str) -> str:
    """Return a key for whatever decides the content of the parts: timeline, model, theme, language, page."""
    return _hash(_whose(here.dataset, here.user), here.model, here.device, scene, st.context.theme.type or "", current_language())


def _hash(*names: str) -> str:
    return blake2b("\0".join(names).encode(), digest_size=8).hexdigest()

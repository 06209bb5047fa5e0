"""Steps in the browser: keys and clicks count there at once, whatever the server is doing, and the server follows when they rest.

assets/steps.js comes twice. In the sidebar of every page it moves the cursor. On a page about a step it also knows the misses, and
where what changes with the step is drawn as HTML parts under names, it asks for the parts of the steps around, keeps them and swaps
them; that is in a fragment of its own, so that fetching ahead draws nothing else again.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from secrets import token_hex
from typing import Any

import streamlit as st

from pages import cache
from pages.shell import cursor
from pages.ui.errors import guarded
from recsys.core import Dataset
from recsys.core.errors import RecsysError
from recsys.storage.files import ASSETS

BLOCK = 16  # steps fetched at a time
Frames = Callable[[Iterable[int]], dict[int, dict[str, str]]]

_walker = st.components.v2.component("recscope_steps", js=(ASSETS / "steps.js").read_text(encoding="utf-8"), isolate_styles=False)


def part(name: str, html: str, scene: str = "") -> None:
    """A part of the page that belongs to the cursor's step. `html` must be escaped where it comes from data.

    `scene` tells pages, and what is chosen on them, apart where that decides what the parts hold; the same for all parts and `walk`.
    """
    here = cursor.current_cursor()
    st.html(f'<div data-part="{name}" data-of="{_scene(here, scene)}" data-step="{here.step}">{html}</div>')


def drive() -> None:
    """Lets keys, and clicks on the buttons of steps, move the cursor from the browser, on every page."""
    here = cursor.current_cursor()
    data = {
        "of": _whose(here.dataset, here.user),
        "step": here.step,
        "last": len(here.history),
        "playing": st.session_state.get("playing", False),
        "heard": st.session_state.get("heard", 0),
    }
    _walker(key="walker", data=data, on_said_change=_hear)


@guarded
def _hear() -> None:
    """What the browser says: where the cursor is to go.

    Somebody else may have been chosen a moment before, whom the browser has not seen yet: what its widgets say is as old, and its moves
    are meant from where that person starts.
    """
    words = said()
    if words is None:
        return
    st.session_state["heard"] = int(words["said"])
    if not is_behind(words):
        cursor.move_cursor(step=int(words["step"]))
        st.session_state["playing"] = bool(words["playing"])
        return
    dataset, user, step = cursor.current_cursor().dataset, st.session_state[cursor.AT_USER], st.session_state[cursor.AT_STEP]
    if cache.has_user(dataset, user):  # else the data is another, too
        rows = dataset.rows(user)
        start = rows.stop - rows.start - 1 if step == cursor.LAST else step
        cursor.move_cursor(user=user, step=max(start + int(words["by"]), 0))


def said() -> dict[str, Any] | None:
    """The word of the browser that this run answers; None where it is about something else."""
    walker = st.session_state.get("walker")
    return None if walker is None else walker.said


def is_behind(words: dict[str, Any]) -> bool:
    """Whether the browser has not yet seen whose timeline this is."""
    return bool(words["of"] != _whose(cursor.current_cursor().dataset, st.session_state[cursor.AT_USER]))


@st.fragment
@guarded
def walk(frames: Frames | None = None, scene: str = "") -> None:
    """Tells the browser what this page knows of steps: which are misses, and, from `frames`, the named parts of some."""
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
    st.session_state["asked"] = {"of": None, "asked": asked["asked"]}  # answered; not so if this run was cut short before


def _note() -> None:
    if "steps" in st.session_state:  # not so where the run before was cut short
        st.session_state["asked"] = st.session_state["steps"].asked


def _misses(here: cursor.Cursor) -> list[int]:
    """The steps whose real next event is not among the model's ten; none without a model."""
    try:
        replay = cache.replay(here.dataset, here.model, here.user, here.device)
    except RecsysError:
        return []  # the page says what is wrong
    return replay.misses.tolist()


def _around(step: int, last: int, have: set[int]) -> list[int]:
    """The steps of the blocks around this one that the browser does not have."""
    first = max(step - BLOCK // 2, 0) // BLOCK * BLOCK
    end = (min(step + BLOCK, last) // BLOCK + 1) * BLOCK
    return [each for each in range(first, min(end, last + 1)) if each not in have]


def _whose(dataset: Dataset, user: str) -> str:
    """Tells timelines apart, sessions too; a hash, since names may hold anything."""
    return _hash(st.session_state.setdefault("session", token_hex(8)), dataset.fingerprint, dataset.name, user)


def _scene(here: cursor.Cursor, scene: str) -> str:
    """Tells apart what the parts of a step may show: timelines, models, themes, pages."""
    return _hash(_whose(here.dataset, here.user), here.model, here.device, scene, st.context.theme.type or "")


def _hash(*names: str) -> str:
    return blake2b("\0".join(names).encode(), digest_size=8).hexdigest()

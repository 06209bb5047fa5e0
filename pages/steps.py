"""Steps in the browser: a key moves the timeline at once, play runs there, and the server follows when they rest.

What changes with the step is drawn as HTML parts under names. assets/steps.js asks for the parts of the steps around, keeps them
and swaps them; it comes with every run, in a fragment of its own, so that fetching ahead draws nothing else again.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from secrets import token_hex
from typing import Any

import streamlit as st

from pages import cursor, walking
from pages.boundary import guarded
from recsys.storage import ASSETS

BLOCK = 16  # steps fetched at a time
Frames = Callable[[Iterable[int]], dict[int, dict[str, str]]]

_walker = st.components.v2.component("recscope_steps", js=(ASSETS / "steps.js").read_text(encoding="utf-8"), isolate_styles=False)


def part(name: str, html: str, scene: str = "") -> None:
    """A part of the page that belongs to the cursor's step. `html` must be escaped where it comes from data.

    `scene` tells pages, and what is chosen on them, apart where that decides what the parts hold; the same for all parts and `walk`.
    """
    here = cursor.now()
    st.html(f'<div data-part="{name}" data-of="{_whose(here, scene)}" data-step="{here.step}">{html}</div>')


def walk(misses: list[int], frames: Frames, scene: str = "") -> None:
    """Lets the browser walk: `frames` makes the named parts of some steps, `misses` are those that Next miss goes to."""
    walking.plays_in_browser()
    st.session_state["scene"] = scene
    _walk(misses, frames, scene)


@st.fragment
@guarded
def _walk(misses: list[int], frames: Frames, scene: str) -> None:
    if st.session_state.pop("follow", False):
        st.rerun()
    here = cursor.now()
    asked = st.session_state.pop("asked", None)
    data = {
        "of": _whose(here, scene),
        "step": here.step,
        "last": len(here.history),
        "misses": misses,
        "playing": st.session_state.get("playing", False),
        "heard": st.session_state.get("heard", 0),
        "frames": frames(_around(asked["step"], len(here.history), set(asked["have"]))) if asked else {},
    }
    _walker(key="walker", data=data, height=1, on_said_change=_hear)


@guarded
def _hear() -> None:
    """What the browser says: the steps it wants to have, and, once it rests, where the cursor is to go."""
    words: dict[str, Any] = st.session_state["walker"].said
    st.session_state["heard"] = int(words["said"])
    if words["of"] != _whose(cursor.now(), st.session_state.get("scene", "")):
        return  # said of another timeline, a moment before this one was chosen
    st.session_state["asked"] = words
    if words["settle"]:
        cursor.place(step=int(words["step"]))
        st.session_state.update(follow=True, playing=bool(words["playing"]))


def _around(step: int, last: int, have: set[int]) -> list[int]:
    """The steps of the blocks around this one that the browser does not have."""
    first = max(step - BLOCK // 2, 0) // BLOCK * BLOCK
    end = (min(step + BLOCK, last) // BLOCK + 1) * BLOCK
    return [each for each in range(first, min(end, last + 1)) if each not in have]


def _whose(here: cursor.Cursor, scene: str) -> str:
    """Tells timelines apart, sessions and themes too; a hash, since names may hold anything."""
    session = st.session_state.setdefault("session", token_hex(8))
    names = (session, here.dataset.fingerprint, here.dataset.name, here.model, here.user, here.device, scene, st.context.theme.type or "")
    return blake2b("\0".join(names).encode(), digest_size=8).hexdigest()

"""A walk through a list of cases: the arrow keys, Back and Next move from case to case while the cursor is at one of them.

A page starts a walk with `start`; the bar on the pages about a step leads to the next case, back to the list, or ends it. The keys act
in the browser first (assets/keyboard.js), which counts cases then as it counts steps otherwise. Whoever moves the cursor elsewhere
pauses the walk: the keys move steps again until it is continued.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, NamedTuple

import streamlit as st

from pages.shell import cursor
from pages.shell.cursor import Cursor
from pages.ui import html
from recsys.cases.case import PAGE_TITLES
from recsys.core.formatting import format_number
from recsys.core.translation import _

STATE = "case_walk"
NEARBY = 64
"""Cases before and after the current one that the browser may still show, or its back and forward buttons lead to."""


class UserStep(NamedTuple):
    """One user at one step, with a short note in plain text; without a dataset or model, those of the cursor stay."""

    user: str
    step: int
    note: str = ""
    dataset: str | None = None
    model: str | None = None


@dataclass
class Walk:
    """The list of a session and the position in it; `title` is plain text, `back` the page with the list, a path relative to `pages`."""

    title: str
    cases: Sequence[UserStep]
    at: int
    back: str
    is_paused: bool = False
    is_here: bool = False  # whether the page drawn last has the bar
    key: str = field(default_factory=token_hex)

    @property
    def case(self) -> UserStep:
        return self.cases[self.at]


def start(title: str, cases: Sequence[UserStep], at: int, back: str, page: str = "explore/timeline/page.py") -> None:
    """Start a walk and open a page at one of its cases, from a script. `cases` may make each case when it is asked for."""
    st.session_state[STATE] = walk = Walk(title, cases, at, back)
    st.session_state["playing"] = False
    here = cursor.current_cursor()  # named in full: opening a page from a script clears the values of the cursor's widgets
    cursor.open_page(page, **({"dataset": here.dataset.name, "model": here.model} | _where(walk.case)))


def stop() -> None:
    """End the walk; the cursor stays."""
    st.session_state.pop(STATE, None)


def current_walk() -> Walk | None:
    """Return the walk of this session, if there is one."""
    walk: Walk | None = st.session_state.get(STATE)
    return walk


def active_walk() -> Walk | None:
    """Return the walk if the page drawn last lets the keys move through its cases."""
    walk = current_walk()
    return walk if walk is not None and walk.is_here and not walk.is_paused else None


def move(at: int) -> None:
    """Move to a case of the walk, in a callback; beyond either end to the last case there."""
    walk = current_walk()
    if walk is not None:
        walk.at, walk.is_paused = min(max(at, 0), len(walk.cases) - 1), False
        cursor.move_cursor(**_where(walk.case))


def move_by(cases: int) -> None:
    """Move this many cases on, in a callback."""
    walk = current_walk()
    if walk is not None:
        move(walk.at + cases)


def follow(here: Cursor, page: str) -> None:
    """Pause the walk where the cursor has left its case for one that is not nearby; `page` is the path of the page in the URL."""
    walk = current_walk()
    if walk is None:
        return
    walk.is_here = page in PAGE_TITLES
    if not walk.is_here or walk.is_paused or _is_at(here, walk.case):
        return
    found = next((at for at in _nearby(walk) if _is_at(here, walk.cases[at])), None)
    if found is None:
        walk.is_paused = True
        st.session_state["playing"] = False
    else:
        walk.at = found


def has_nearby(user: str) -> bool:
    """Return whether a case near the current one is of this user: the browser may show it still while the keys have moved on."""
    walk = active_walk()
    return walk is not None and any(walk.cases[at].user == user for at in _nearby(walk))


def draw() -> None:
    """Draw the bar of the walk on a page that has it."""
    walk = current_walk()
    if walk is None or not walk.is_here:
        return
    with st.container(horizontal=True, key="case_walk", vertical_alignment="center", gap="small"):
        st.html(_position_html(walk), width="stretch")
        if walk.is_paused:
            st.button(_("Continue"), key="case_continue", on_click=move_by, args=(0,))
        else:
            st.button(_("Previous case"), key="case_back", on_click=move_by, args=(-1,))
            st.button(_("Next case"), key="case_next", on_click=move_by, args=(1,))
        cursor.jump_button(_("Back to the list"), walk.back, "case_list", None, **_where(walk.case))
        st.button(_("Stop"), key="case_stop", on_click=stop)


def _position_html(walk: Walk) -> str:
    number = f'<span class="rs-case-number">{format_number(walk.at + 1)}</span>'
    values = dict(number=number, total=format_number(len(walk.cases)))
    if walk.is_paused:
        position, hint = _("Paused at case {number} of {total}", **values), _("the arrow keys move through the steps")
    else:
        position, hint = _("Case {number} of {total}", **values), _("the arrow keys move through the cases")
    rest = [html.escape_html(each) for each in (walk.title, walk.case.note) if each]
    return f'<p class="rs-walk" title="{html.escape_html(hint)}">{" · ".join([f"<b>{position}</b>", *rest])}</p>'


def _where(case: UserStep) -> dict[str, Any]:
    """Return the case as arguments of `move_cursor`."""
    where = dict(dataset=case.dataset, model=case.model, user=case.user, step=case.step)
    return {name: value for name, value in where.items() if value is not None}


def _is_at(here: Cursor, case: UserStep) -> bool:
    return (here.user, here.step) == (case.user, case.step) and case.dataset in (None, here.dataset.name)


def _nearby(walk: Walk) -> range:
    return range(max(walk.at - NEARBY, 0), min(walk.at + NEARBY + 1, len(walk.cases)))

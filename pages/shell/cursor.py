"""The cursor: dataset, model, user and step, one state shared by all pages and kept in the URL. Its widgets are in `sidebar`."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import streamlit as st

from recsys.core import Dataset, History

GO_USER, GO_STEP = "go_user", "go_step"  # the target that a callback sets, read before the cursor's widgets are drawn
GO_WHERE = "go_where"  # a whole cursor that a script sets, placed before the cursor's widgets are drawn
AT_USER, AT_STEP = "at_user", "at_step"  # the current position; a widget may still hold the one that the browser last saw
LAST = -1  # the step before the last event: the prediction of an event the model may not have seen


@dataclass(frozen=True, eq=False)
class Cursor:
    """One position: `model` is the name of a checkpoint, or of a model that has none yet (`trained` is False)."""

    dataset: Dataset
    model: str
    user: str
    step: int
    device: str
    trained: bool

    @property
    def history(self) -> History:
        return self.dataset.history(self.user)


def current_cursor() -> Cursor:
    """Return the cursor that the sidebar has drawn in this run."""
    return st.session_state["cursor"]


def move_cursor(dataset: str | None = None, model: str | None = None, user: str | None = None, step: int | None = None) -> None:
    """Move the cursor, in a callback; a new user without a step, or no argument at all, starts before the last event."""
    for name, value in (("dataset", dataset), ("model", model)):
        if value is not None:
            st.session_state[name] = value
    if user is not None:
        st.session_state[GO_USER] = st.session_state[AT_USER] = user
    if step is not None or user is not None or dataset is not None or model is None:
        st.session_state[GO_STEP] = st.session_state[AT_STEP] = LAST if step is None else step


def jump_button(label: str, page: str, key: str, part: Mapping[str, str] | None = None, **where: str | int) -> None:
    """Draw a button that moves the cursor and opens a page, a path relative to `pages`; the rest of the cursor stays.

    `part` is the part of that page to show: the key of the widget that chooses it, and its value.
    """
    if st.button(label, key=key, on_click=_place_all, args=(where, part or {})):
        st.switch_page(page, query_params={})  # {} and not None, which refuses to clear bound parameters


def open_page(page: str, **where: str | int) -> None:
    """Open a page with the cursor moved, from a script or a fragment rather than from a button."""
    st.session_state[GO_WHERE] = where
    st.switch_page(page, query_params={})


def place_pending() -> None:
    """Move the cursor to where `open_page` has sent it; call before its widgets are drawn."""
    if GO_WHERE in st.session_state:
        _place_all(st.session_state.pop(GO_WHERE))


def _place_all(where: dict[str, Any], part: Mapping[str, str] = MappingProxyType({})) -> None:
    """Set the whole cursor: switching the page from a script clears the values of widgets, but not what was set here."""
    st.session_state.update(part)
    kept: tuple[str, ...] = ("dataset", "model", "user", "step")
    if where.get("dataset", st.session_state.get("dataset")) != st.session_state.get("dataset"):
        kept = ()
    elif "user" in where:
        kept = ("dataset", "model")
    move_cursor(**{name: st.session_state[name] for name in kept if name in st.session_state} | where)

"""Small choices whose first option is the default, and the view of the page, which stands in the URL."""

from typing import Any, TypeVar

import streamlit as st

from recsys.core.translation import N_, _

Choice = TypeVar("Choice", bound=str)
VIEWS = {
    "one": N_("This recommendation"),
    "what-if": N_("What if"),
    "global": N_("Global view: what the model responds to"),
}
DEFAULT_VIEW = "one"
FORMER_VIEWS = {"This recommendation": "one", "What if": "what-if", "The model in general": "global"}  # of links made before
LINKED = "view_in_link"


def choose_option(options: dict[Choice, str], label: str, key: str, **more: Any) -> Choice:
    """Draw the choice and return the chosen id; `options` maps ids to titles marked for translation."""
    value = st.segmented_control(
        label, list(options), default=next(iter(options)), required=True, key=key, format_func=lambda name: _(options[name]), **more
    )
    return value if value in options else next(iter(options))


def choose_view() -> str:
    """Draw the choice of the view and return its id.

    It is kept in the URL by its id. A binding would write its title there, which depends on the language.
    """
    linked = st.query_params.get("view")
    if "view" not in st.session_state or linked != st.session_state.get(LINKED):  # or after the browser's back and forward buttons
        st.session_state["view"] = _view_of_link(linked)
    view = st.segmented_control(
        _("View"), list(VIEWS), required=True, key="view", format_func=lambda name: _(VIEWS[name]), label_visibility="collapsed"
    )
    view = view if view in VIEWS else DEFAULT_VIEW
    if view == DEFAULT_VIEW and linked is not None:
        del st.query_params["view"]
    elif view != _view_of_link(linked):
        st.query_params["view"] = view
    st.session_state[LINKED] = st.query_params.get("view")
    return view


def _view_of_link(linked: str | None) -> str:
    if linked in VIEWS:
        return str(linked)
    return FORMER_VIEWS.get(linked or "", DEFAULT_VIEW)

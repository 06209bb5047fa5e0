"""Models compared at the cursor: side by side with their names, or blind."""

import streamlit as st

from pages.demo.compare import blind, side_by_side
from pages.shell import cursor
from recsys.core.translation import N_, _

VIEWS = {
    "named": (N_("Side by side"), side_by_side.draw),
    "blind": (N_("Blind"), blind.draw),
}

here = cursor.current_cursor()
st.title(_("Compare"))
shown = st.segmented_control(
    _("View"), list(VIEWS), default="named", required=True, key="compare_view", persist_state="session",
    format_func=lambda name: _(VIEWS[name][0]), label_visibility="collapsed",
)  # fmt: skip
VIEWS[shown][1](here)

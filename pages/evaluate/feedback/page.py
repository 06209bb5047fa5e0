"""Feedback: what people did with the lists, refits and versions, and blind comparisons."""

import streamlit as st

from pages.evaluate.feedback import answers, comparisons, versions
from pages.shell import cursor
from recsys.core.translation import N_, _

PARTS = {
    "answers": (N_("What people did"), answers.draw),
    "versions": (N_("Refits and versions"), versions.draw),
    "comparisons": (N_("Blind comparisons"), comparisons.draw),
}

here = cursor.current_cursor()
st.title(_("Feedback"))
part = st.segmented_control(
    _("Part of the page"), list(PARTS), default="answers", required=True, key="feedback_part",
    format_func=lambda name: _(PARTS[name][0]), label_visibility="collapsed",
)  # fmt: skip
PARTS[part][1](here)

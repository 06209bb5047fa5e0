"""The Explain page: the reasons for one recommendation, changes to its request, and the behaviour of the model as a whole."""

import streamlit as st

from pages import cache
from pages.inspect.explain import global_view, local_view, what_if
from pages.inspect.explain.options import choose_view
from pages.shell import cursor, keyboard
from pages.shell.account import signed_in
from pages.ui import fixed_scores
from pages.ui.errors import error_boundary
from recsys.core import find_unexplained_reason
from recsys.core.translation import _

VIEWS = {"one": local_view.draw, "what-if": what_if.draw, "global": global_view.draw}
here = cursor.current_cursor()
st.title(_("Explain"))
loaded = cache.loaded(here.dataset, here.model, here.device)
if fixed_scores.draw_reason(here, find_unexplained_reason(loaded.model), _("This model cannot be explained: {reason}.")):
    st.stop()


@st.fragment
@signed_in
def draw_view() -> None:
    lead = st.empty()
    view = choose_view()
    with error_boundary():
        VIEWS[view](here, loaded, lead)


draw_view()
keyboard.walk()

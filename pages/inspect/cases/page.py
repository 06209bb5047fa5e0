"""Cases: kept views with notes and tags, and reports of them."""

import streamlit as st

from pages.inspect.cases import case_cards, case_list
from pages.shell import open_case
from pages.shell.account import current_account, current_store, signed_in
from pages.ui import html
from pages.ui.errors import draw_notices, error_boundary
from recsys.cases.keeping import load_case
from recsys.core.translation import _

EDIT = "edit"


@st.fragment
@signed_in
@error_boundary()
def draw() -> None:
    draw_notices()  # those of a click, which runs this part of the page alone
    store, account = current_store(), current_account()
    linked = st.query_params.get(EDIT) or st.query_params.get(open_case.ALONE)
    if linked is None:
        case_list.draw()
        return
    case_cards.edit_once(linked, st.query_params.get(EDIT) == linked)
    with error_boundary():
        case_cards.draw_case(load_case(store, account, linked), is_alone=True)
    st.button(_("All cases"), key="all_cases", on_click=_show_all)


def _show_all() -> None:
    for name in (open_case.ALONE, EDIT):
        st.query_params.pop(name, None)


st.title(_("Cases"))
html.lead(_("Views that people keep with a note and tags. Opening one restores it."))
draw()

"""Cold start: the recommendations of every trained model for a new user, described by a few items or a sentence."""

import time

import streamlit as st

from pages import cache
from pages.demo.cold_start import lists, new_user
from pages.shell import cursor
from pages.ui import checkpoint_titles, html
from pages.ui.errors import escape_markdown
from recsys.core import HoldsLists, find_fixed_reason
from recsys.core.formatting import join_words
from recsys.core.translation import _, ngettext

REDRAW = 0.5  # seconds between two updates of the lists

here = cursor.current_cursor()
found = checkpoint_titles.matching_checkpoints(here)

st.title(_("Cold start"))
html.lead(
    _(
        "Pick items or write a sentence for a new user. Every trained model answers straight away; lists not made by the model are labelled as fallback lists."
    )
)
with st.container(border=True):
    user = new_user.draw_form(here, found)
    for_all = bool(user.nearest) and st.toggle(
        _("Give the items nearest to the sentence to every model"),
        key="newcomer_everyone",
        help=_("Otherwise only models that read text get them."),
    )
if not found:
    st.info(_("No model is trained on this dataset yet. Train one on the Checkpoints page; a counting model takes seconds."))
else:
    titles = checkpoint_titles.name_checkpoints(found)
    order = sorted(found, key=lambda name: (bool(user.nearest) and not lists.reads_text(found[name]), name != here.model))
    answers: list[lists.ModelList] = []
    without: list[str] = []  # models that hold finished lists of known users
    with st.spinner(ngettext("Running {count} model …", "Running {count} models …", len(order)), show_time=False):
        shown, drawn = st.empty(), 0.0
        for name in order:
            model = cache.loaded(here.dataset, name, here.device).model
            if isinstance(model, HoldsLists) and find_fixed_reason(model) is not None:
                without.append(titles[name])
                continue
            answers.append(lists.recommend_to_new_user(here, titles[name], found[name], user, for_all))
            if time.monotonic() - drawn > REDRAW or name == order[-1]:  # the first list must not wait for the last model
                shown.html(lists.lists_html(here.dataset, user, answers))
                drawn = time.monotonic()
    if without:
        st.caption(
            escape_markdown(_("Not shown, since they hold finished lists of users in the data: {models}.", models=join_words(without)))
        )

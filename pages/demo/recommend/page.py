"""Recommendations at the cursor that follow changes of time, place, categories, history and feedback at once."""

import streamlit as st

from pages import cache
from pages.demo.recommend import cards, code_parameters, filters, session
from pages.shell import cursor, keyboard
from pages.ui import fixed_scores, html, request_context
from pages.ui.errors import guarded
from recsys.core import find_fixed_reason
from recsys.core.translation import _
from recsys.models import find_model_spec

here = cursor.current_cursor()
loaded = cache.loaded(here.dataset, here.model, here.device)
fixed_reason = find_fixed_reason(loaded.model)


@st.fragment
@guarded
def draw_list() -> None:
    trial = session.current_trial(here)
    controls, list_column = st.columns([3, 9], gap="large")
    with controls:
        context = request_context.draw_context_controls(here, find_model_spec(loaded.card.model).aware, "try")
        chosen = filters.draw_filters(here.dataset)
        if trial.changed:
            st.button(_("Reset"), key="try_reset", on_click=session.forget, width="stretch")
    with list_column:
        model = code_parameters.draw_parameters(loaded.model, controls)
        request = request_context.build_request(here, trial, context)
        items, scores, reason = session.recommend_items(here, model, request, chosen)
        st.html(cards.trial_html(here.dataset, trial, reason, request_context.describe_context(here, context), fixed_reason is not None))
        connections = session.connect_items(here, loaded.card.protocol, request, items)
        cards.draw_cards(here.dataset, items, html.bar_widths(scores), trial, connections, chosen != filters.Filters())
        st.caption(_(session.CONNECTION_NOTE))


st.title(_("Recommendations"))
html.lead(cards.history_sentence(here, request_context.request_moment(here), loaded.card))
fixed_scores.draw_reason(here, fixed_reason, _("This list does not follow what you add or like: {reason}."))
draw_list()
keyboard.walk()

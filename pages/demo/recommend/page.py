"""Recommendations at the cursor that follow changes of time, place, categories, history and feedback at once."""

import streamlit as st

from pages import cache
from pages.demo.recommend import cards, code_parameters, feedback_chips, filters, paths, session
from pages.shell import cursor, feedback, keyboard
from pages.shell.account import signed_in
from pages.ui import fixed_scores, html, request_context
from pages.ui.errors import draw_notices, error_boundary
from recsys.core import find_fixed_reason
from recsys.core.translation import _
from recsys.models import find_model_spec

here = cursor.current_cursor()
loaded = cache.loaded(here.dataset, here.model, here.device)
fixed_reason = find_fixed_reason(loaded.model)


@st.fragment
@signed_in
@error_boundary()
def draw_list() -> None:
    draw_notices()  # those of a click, which runs this part of the page alone
    feedback.retry_unsaved()
    timeline = [each for each in feedback.load_timeline_feedback(here) if each.action != session.SKIP]
    given = [each for each in timeline if each.step == here.step]
    kept = session.follow_kept(here, given)
    given = given if kept is None else kept
    trial, is_allowed = session.build_trial(here, given), feedback.may_give_feedback()
    controls, list_column = st.columns([3, 9], gap="large")
    with controls:
        context = request_context.draw_context_controls(here, find_model_spec(loaded.card.model).aware, "try")
        chosen = filters.draw_filters(here.dataset)
        model = code_parameters.draw_parameters(loaded.model, controls)
        if is_allowed and kept is None:
            feedback_chips.draw_forgetting(here, timeline)
    with list_column:
        request = request_context.build_request(here, trial, context)
        items, scores, reason = session.recommend_items(here, model, request, chosen)
        impression = session.show_list(here, loaded, items, scores, session.describe_changes(trial, request, context, chosen))
        feedback.draw_unsaved()
        described = request_context.describe_context(here, context)
        is_allowed = is_allowed and kept is None
        is_quiet = fixed_reason is not None or bool(given) or not is_allowed
        st.html(cards.notes_html(reason, described, is_quiet, cache.star_values(here.dataset) is not None))
        if kept is not None:
            feedback_chips.draw_kept(here, kept)
        elif is_allowed:
            feedback_chips.draw_chips(here, given)
        else:
            st.caption(_("Your role can look at lists but not give feedback; an admin can give you the role of an editor."))
        connections = paths.find_paths(here, loaded.card.protocol, request, items)
        is_changed = trial.changed or chosen != filters.Filters()
        cards.draw_cards(here, impression, html.bar_widths(scores), given, connections, is_changed, is_allowed)
        st.caption(_(paths.NOTE))


st.title(_("Recommendations"))
html.lead(cards.history_sentence(here, request_context.request_moment(here), loaded.card))
fixed_scores.draw_reason(here, fixed_reason, _("This list does not follow what you add or like: {reason}."))
draw_list()
keyboard.walk()

"""Questions about a file, each with the widget that answers it."""

from dataclasses import replace
from typing import Any

import streamlit as st

from pages.explore.dataset.import_choices import ASK_ICON, LAYOUTS
from pages.explore.dataset.import_state import ImportState
from pages.ui.errors import escape_markdown
from recsys.core.errors import QuestionError
from recsys.core.translation import N_, _

# By the field of Options that an answer fills.
ANSWER_LABELS = {
    "table": N_("The events are in"),
    "encoding": N_("Encoding of the text"),
    "layout": N_("The rows of the file are"),
    "dates": N_("Dates are written"),
}
ANSWERS: dict[str, dict[str, str]] = {
    "layout": {str(layout): label for layout, label in LAYOUTS.items()},
    "dates": {"day-first": N_("day first"), "month-first": N_("month first"), "year-first": N_("year first")},
}
ROW_ANSWERS = {"drop": N_("Drop these rows and continue"), "keep": N_("Keep these values and continue")}
ENCODINGS = ("utf-8", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp932", "gb18030", "big5", "euc_kr", "utf-16")


def ask_question(question: QuestionError, state: ImportState) -> None:
    """Draw a question; its answer joins the others and the page runs again."""
    answer = _draw_question(question, state.widget_key)
    if answer is None:
        return
    name, value = answer
    if name == "rows":
        kind, choice = value.split("=", 1)
        state.rows = (*state.rows, (kind, choice))
    else:
        filled: dict[str, Any] = {name: value}
        state.answers = replace(state.answers, **filled)
    state.must_check = state.plan_question is None  # the question came from the check
    st.rerun()


def _draw_question(question: QuestionError, suffix: str) -> tuple[str, str] | None:
    """Draw a question with its suggested answer; return the field of Options and the value once the user has answered.

    A question that only another file or another column answers has no widget.
    """
    st.warning(escape_markdown(question), icon=ASK_ICON)
    name = question.option.removeprefix("--")
    suggested = question.suggestion[1] if question.suggestion else None
    if name == "rows" and suggested:
        choice = suggested.partition("=")[2]
        return (name, suggested) if st.button(_(ROW_ANSWERS[choice]), type="primary", key=f"answer_rows_{suffix}") else None
    if name not in ANSWER_LABELS:
        st.caption(_("Change a setting above, or correct the file and upload it again; then check it again."))
        return None
    options = list(dict.fromkeys([*question.choices, *([suggested] if suggested else []), *(ENCODINGS if name == "encoding" else ())]))
    labels = ANSWERS.get(name, {})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        value = st.selectbox(
            _(ANSWER_LABELS[name]),
            options,
            index=options.index(suggested) if suggested else None,
            format_func=lambda option: _(labels[option]) if option in labels else option,
            placeholder=_("Choose an answer"),
            accept_new_options=name == "encoding",
            key=f"answer_{name}_{suffix}",
            width=360,
        )
        is_given = st.button(_("Continue"), type="primary", key=f"answer_{name}_{suffix}_button", disabled=not value)
    return (name, value) if is_given and value else None

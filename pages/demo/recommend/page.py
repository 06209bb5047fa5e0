"""A live list: change the moment, the place and the kinds asked for, take items, like them or turn them down."""

import streamlit as st

from pages import cache
from pages.demo.recommend import history_lines, session
from pages.shell import cursor, keyboard
from pages.ui import html, item_card, request_context, theme
from pages.ui.errors import escape_markdown, guarded
from recsys.models import MODELS

here = cursor.current_cursor()
dataset = here.dataset
found = cache.loaded(dataset, here.model, here.device)
aware = MODELS[found.card.model].aware


@st.fragment
@guarded
def page() -> None:
    tried = session.current(here)
    controls, list_column = st.columns([3, 9], gap="large")
    with controls:
        asked = request_context.request_controls(here, aware, "try")
        kinds = cache.category_order(dataset)
        only = st.multiselect("Only these kinds", kinds, key=f"try_only_{dataset.name}", placeholder="all kinds") if kinds else []
        most = st.select_slider("At most of one kind", ["1", "2", "3", "4", "any"], "any", key="try_most") if kinds else "any"
        if tried.changed:
            st.button("Start over", on_click=session.forget, width="stretch")
    with list_column:
        request = request_context.build_request(here, tried, asked)
        items, scores, reason = session.answer(here, found.model, request, only, None if most == "any" else int(most))
        st.html(
            history_lines.tried_html(
                dataset, tried.taken, tried.likes, tried.dislikes, reason, request_context.describe_context(here, asked)
            )
        )
        cards(items, html.bar_widths(scores), tried, session.hangs_together(here, found.card.protocol, request, items))
        st.caption(session.PATH_MEANING)


def cards(items: list[str], widths: list[float], tried: request_context.TrialHistory, paths: list[str]) -> None:
    if not items:
        st.info("Nothing is left to recommend. Allow more kinds, or start over.")
    tints = cache.category_tints(dataset, theme.theme_palette())
    for start in range(0, len(items), 2):
        for column, at in zip(st.columns(2, gap="small"), range(start, min(start + 2, len(items))), strict=False):
            item = items[at]
            with column.container(border=True, gap=None, key=f"card_{at}"):
                st.html(
                    item_card.card_html(at + 1, dataset, item, widths[at], tints)
                    + f'<p class="rs-path" title="{html.escape_html(paths[at])}">{html.escape_html(paths[at])}</p>'
                )
                with st.container(horizontal=True, gap="small"):
                    st.button("Take it", key=f"take_{at}", on_click=session.take, args=(item,), type="tertiary")
                    st.button(
                        "Liked" if item in tried.likes else "Like", key=f"like_{at}", on_click=session.like, args=(item,), type="tertiary"
                    )
                    st.button("Not for me", key=f"not_{at}", on_click=session.turn_down, args=(item,), type="tertiary")


st.title(escape_markdown(f"What {cache.user_name(dataset, here.user)} would be shown"))
html.lead(history_lines.recent_words(dataset, here.history, here.step, request_context.moment_of(here)))
page()
keyboard.walk()

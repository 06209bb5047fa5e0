"""A live list: change the moment, the place and the kinds asked for, take items, like them or turn them down."""

import streamlit as st

from pages import cursor, loaders, look, steps, tryout
from pages.boundary import guarded, plain
from recsys.models import MODELS

here = cursor.now()
dataset = here.dataset
found = loaders.loaded(dataset, here.model, here.device)
aware = MODELS[found.card.model].aware


@st.fragment
@guarded
def page() -> None:
    tried = tryout.current(here)
    controls, list_column = st.columns([3, 9], gap="large")
    with controls:
        asked = tryout.controls(here, aware, "try")
        kinds = loaders.category_order(dataset)
        only = st.multiselect("Only these kinds", kinds, key=f"try_only_{dataset.name}", placeholder="all kinds") if kinds else []
        most = st.select_slider("At most of one kind", ["1", "2", "3", "4", "any"], "any", key="try_most") if kinds else "any"
        if tried.changed:
            st.button("Start over", on_click=tryout.forget, width="stretch")
    with list_column:
        request = tryout.request(here, tried, asked)
        items, scores, reason = tryout.answer(here, found.model, request, only, None if most == "any" else int(most))
        st.html(look.tried_html(dataset, tried.taken, tried.likes, tried.dislikes, reason, tryout.supposed(here, asked)))
        cards(items, look.bar_widths(scores), tried, tryout.hangs_together(here, found.card.protocol, request, items))
        st.caption(tryout.PATH_MEANING)


def cards(items: list[str], widths: list[float], tried: tryout.Tryout, paths: list[str]) -> None:
    if not items:
        st.info("Nothing is left to recommend. Allow more kinds, or start over.")
    tints = loaders.category_tints(dataset, look.colours())
    for start in range(0, len(items), 2):
        for column, at in zip(st.columns(2, gap="small"), range(start, min(start + 2, len(items))), strict=False):
            item = items[at]
            with column.container(border=True, gap=None, key=f"card_{at}"):
                st.html(
                    look.card_html(at + 1, dataset, item, widths[at], tints)
                    + f'<p class="rs-path" title="{look.safe(paths[at])}">{look.safe(paths[at])}</p>'
                )
                with st.container(horizontal=True, gap="small"):
                    st.button("Take it", key=f"take_{at}", on_click=tryout.take, args=(item,), type="tertiary")
                    st.button(
                        "Liked" if item in tried.likes else "Like", key=f"like_{at}", on_click=tryout.like, args=(item,), type="tertiary"
                    )
                    st.button("Not for me", key=f"not_{at}", on_click=tryout.turn_down, args=(item,), type="tertiary")


st.title(plain(f"What {loaders.person_name(dataset, here.user)} would be shown"))
look.lead(look.recent_words(dataset, here.history, here.step, tryout.moment_of(here)))
page()
steps.walk()

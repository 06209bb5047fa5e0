"""The start page: one sentence on the product, stories, prepared datasets; two clicks to a user's timeline."""

import streamlit as st

from pages import cache
from pages.home import cards
from pages.shell import cursor
from pages.ui import html
from recsys.core import TOP_K
from recsys.core.formatting import join_words
from recsys.core.translation import _

TIMELINE = "explore/timeline/page.py"

st.title(_("Replay a recommender, step by step"))
html.lead(
    _(
        "At every step of a user’s history: the top {k} items the model would have recommended then, the item that really came next, "
        "and its rank.",
        k=TOP_K,
    )
)

stories = cache.stories("demo-city")
if stories:
    st.subheader(_("Three stories from a simulated city"), anchor=False)
    for column, story in zip(st.columns(len(stories), gap="small"), stories, strict=True):
        with column.container(border=True, height="stretch", key=f"story_{story.kind}"):
            st.html(cards.story_html(story.kind, story.title, story.sentence, cards.spark(story.ranks, story.step - story.first)))
            cursor.jump_button(
                _("Open the timeline"),
                TIMELINE,
                f"see_{story.kind}",
                dataset="demo-city",
                model=story.model,
                user=story.user,
                step=story.step,
            )

st.subheader(_("Datasets"), anchor=False)
known = cache.dataset_cards()
for card in known:
    if card.prepared:
        with st.container(horizontal=True, vertical_alignment="center", gap="medium", key=f"data_{card.name}"):
            st.html(cards.dataset_html(card), width="stretch")
            cursor.jump_button(_("Open the most active user"), TIMELINE, f"open_{card.name}", dataset=card.name, user=card.example_users[0])
unprepared = [card for card in known if not card.prepared]
if unprepared:
    titles = join_words(f"<b>{html.escape_html(card.title)}</b>" for card in unprepared)
    command = f"<code>python -m recsys prepare {html.escape_html(unprepared[0].name)}</code>"
    sentence = _("Known but not prepared yet: {titles}. One command prepares each, for example {command}", titles=titles, command=command)
    st.html(f'<p class="rs-quiet">{sentence}</p>')

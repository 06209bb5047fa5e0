"""The start page: what this is, a few stories, the data at hand; two clicks to somebody's timeline."""

import streamlit as st

from pages import cache
from pages.home import cards
from pages.shell import cursor
from pages.ui import html

TIMELINE = "explore/timeline/page.py"

st.title("Replay a recommender, step by step")
html.lead(
    "At every step of somebody’s history: the ten items the model would have shown then, what really came next, and whether it was right."
)

stories = cache.stories("demo-city")
if stories:
    st.subheader("Three stories from a simulated city", anchor=False)
    for column, story in zip(st.columns(len(stories), gap="small"), stories, strict=True):
        with column.container(border=True, height="stretch", key=f"story_{story.kind}"):
            st.html(cards.story_html(story.kind, story.title, story.sentence, cards.spark(story.ranks, story.step - story.first)))
            cursor.jump_button(
                "See it on the timeline",
                TIMELINE,
                f"see_{story.kind}",
                dataset="demo-city",
                model=story.model,
                user=story.user,
                step=story.step,
            )

st.subheader("Data at hand", anchor=False)
shown = cache.dataset_cards()
for card in shown:
    if card.prepared:
        with st.container(horizontal=True, vertical_alignment="center", gap="medium", key=f"data_{card.name}"):
            st.html(cards.dataset_html(card), width="stretch")
            cursor.jump_button("Open its busiest timeline", TIMELINE, f"open_{card.name}", dataset=card.name, user=card.example_users[0])
missing = [card for card in shown if not card.prepared]
if missing:
    names = ", ".join(f"<b>{html.escape_html(card.title)}</b>" for card in missing)
    st.html(
        f'<p class="rs-quiet">Not prepared yet: {names}. One command each: <code>python -m recsys prepare {html.escape_html(missing[0].name)}</code></p>'
    )

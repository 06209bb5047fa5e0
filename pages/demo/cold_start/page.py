"""A new person from scratch: items and a sentence in, a list of every trained model out."""

import time

import streamlit as st

from pages.demo.cold_start import new_user
from pages.shell import cursor
from pages.ui import checkpoint_titles, formatting, html

REDRAW = 0.5  # seconds between two pictures of the answers that are there

here = cursor.current_cursor()
dataset = here.dataset
found = checkpoint_titles.matching_checkpoints(here)

st.title("Somebody new")
html.lead("Say what they took or what they like. Every trained model answers at once, and says when it is only falling back on something.")
with st.container(border=True):
    known = new_user.ask(here, found)
    everyone = bool(known.near) and st.toggle(
        "Give the items like the sentence to every model", key="newcomer_everyone", help="Else only models that read words get them."
    )
if not found:
    st.info("Nothing is trained on this data yet. Train a model on the page Evaluate, Checkpoints: a counted one takes seconds.")
else:
    titles = checkpoint_titles.checkpoint_titles(found)
    order = sorted(found, key=lambda name: (bool(known.near) and not new_user.reads(found[name]), name != here.model))
    answers: list[new_user.Answer] = []
    with st.spinner(f"Asking {formatting.plural(len(order), 'model')} …", show_time=False):
        shown, drawn = st.empty(), 0.0
        for name in order:
            answers.append(new_user.answer(here, titles[name], found[name], known, everyone))
            if time.monotonic() - drawn > REDRAW or name == order[-1]:  # the first list must not wait for the last model
                shown.html(new_user.answers_html(dataset, known, answers))
                drawn = time.monotonic()

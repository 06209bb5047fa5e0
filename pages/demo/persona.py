"""A new person from scratch: items and a sentence in, a list of every trained model out."""

import time

import streamlit as st

from pages import comparing, cursor, look, newcomer

REDRAW = 0.5  # seconds between two pictures of the answers that are there

here = cursor.now()
dataset = here.dataset
found = comparing.fitting(here)

st.title("Somebody new")
look.lead("Say what they took or what they like. Every trained model answers at once, and says when it is only falling back on something.")
with st.container(border=True):
    known = newcomer.ask(here, found)
    everyone = bool(known.near) and st.toggle(
        "Give the items like the sentence to every model", key="newcomer_everyone", help="Else only models that read words get them."
    )
if not found:
    st.info("Nothing is trained on this data yet. Train a model on the page Evaluate, Checkpoints: a counted one takes seconds.")
else:
    titles = comparing.titles(found)
    order = sorted(found, key=lambda name: (bool(known.near) and not newcomer.reads(found[name]), name != here.model))
    answers: list[newcomer.Answer] = []
    with st.spinner(f"Asking {look.plural(len(order), 'model')} …", show_time=False):
        shown, drawn = st.empty(), 0.0
        for name in order:
            answers.append(newcomer.answer(here, titles[name], found[name], known, everyone))
            if time.monotonic() - drawn > REDRAW or name == order[-1]:  # the first list must not wait for the last model
                shown.html(newcomer.answers_html(dataset, known, answers))
                drawn = time.monotonic()

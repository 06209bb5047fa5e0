"""A new person from scratch: items and a sentence in, a list of every trained model out."""

import streamlit as st

from pages import comparing, cursor, look, newcomer

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
    with st.spinner(f"Asking {look.plural(len(order), 'model')} …", show_time=False):
        answers = [newcomer.answer(here, titles[name], found[name], known, everyone) for name in order]
    words_alone = newcomer.nearest_html(dataset, known) if known.near else ""
    st.html(f'<div class="rs-columns">{words_alone}{newcomer.answers_html(dataset, answers)}</div>')

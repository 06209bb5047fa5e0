"""What is trained on the cursor's dataset, and training a new model."""

import streamlit as st

from pages import cache
from pages.evaluate.checkpoints import training_form
from pages.shell import cursor
from pages.ui import formatting, html

here = cursor.current_cursor()
trained = cache.checkpoints(here.dataset)
st.title("Checkpoints")
count = formatting.plural(len(trained), "trained model")
html.lead(f"{count} of <b>{html.escape_html(here.dataset.title)}</b>. A checkpoint is a model as it was when validation liked it best.")
training_form.draw_running(here)
parts = ("What is trained", "Train a new one")
first = parts[0] if trained else parts[1]
part = st.segmented_control("Part", parts, default=first, required=True, key="checkpoint_part", label_visibility="collapsed")
if part == parts[1]:
    training_form.draw_form(here)
elif trained:
    training_form.draw_trained(here, trained)
else:
    st.info("Nothing is trained on this data yet. Take “Train a new one” above: a counted model such as the Markov chain takes seconds.")

"""What is trained on the cursor's dataset, and training a new model."""

import streamlit as st

from pages import cursor, loaders, look, trainer

here = cursor.now()
trained = loaders.checkpoints(here.dataset)
st.title("Checkpoints")
count = look.plural(len(trained), "trained model")
look.lead(f"{count} of <b>{look.safe(here.dataset.title)}</b>. A checkpoint is a model as it was when validation liked it best.")
trainer.draw_running(here)
parts = ("What is trained", "Train a new one")
first = parts[0] if trained else parts[1]
part = st.segmented_control("Part", parts, default=first, required=True, key="checkpoint_part", label_visibility="collapsed")
if part == parts[1]:
    trainer.draw_form(here)
elif trained:
    trainer.draw_trained(here, trained)
else:
    st.info("Nothing is trained on this data yet. Take “Train a new one” above: a counted model such as the Markov chain takes seconds.")

"""Checkpoints: the models trained on the cursor's dataset, and the form that trains a new one."""

import streamlit as st

from pages import cache
from pages.evaluate.checkpoints import bring_model, trained_models, training_form, training_progress
from pages.shell import cursor
from pages.ui import html
from recsys.core.translation import N_, _, ngettext

PARTS = {"trained": N_("Trained models"), "train": N_("Train a model"), "bring": N_("Bring a model")}

here = cursor.current_cursor()
trained = cache.checkpoints(here.dataset)
st.title(_("Checkpoints"))
first = ngettext(
    "{count} trained model of <b>{dataset}</b>.",
    "{count} trained models of <b>{dataset}</b>.",
    len(trained),
    dataset=html.escape_html(here.dataset.title),
)
second = _("A checkpoint is a model as it was after the epoch with the best validation score.")
html.lead(f"{first} {second}")
training_progress.draw_running_job(here)
part = st.segmented_control(
    _("Part of the page"), list(PARTS), default="trained" if trained else "train", required=True, key="checkpoint_part",
    format_func=lambda name: _(PARTS[name]), label_visibility="collapsed",
)  # fmt: skip
if part == "train":
    training_form.draw_form(here)
elif part == "bring":
    bring_model.draw(here)
elif trained:
    trained_models.draw_trained_models(here, trained)
else:
    st.info(
        _("No model is trained on this dataset yet. Choose “Train a model” above; a counting model such as the Markov chain takes seconds.")
    )

"""Loss and validation curves of a training run, side by side."""

from typing import Any

import streamlit as st

from pages.ui import charts, theme
from recsys.core.translation import ngettext
from recsys.figures.training import loss_curve, validation_curve


def draw_curves(history: Any, key: str) -> None:
    """Draw loss and validation NDCG@10 of every epoch; `history` as in a checkpoint's card, `key` begins the keys of the charts."""
    colours = theme.theme_palette()
    left, right = st.columns(2, gap="medium")
    epochs = len(history)
    with left:
        alt = ngettext("Training loss of {count} epoch.", "Training loss of {count} epochs.", epochs)
        charts.chart(loss_curve(history, colours), key=f"{key}_loss", alt=alt)
    with right:
        alt = ngettext("Validation NDCG@10 of {count} epoch.", "Validation NDCG@10 of {count} epochs.", epochs)
        charts.chart(validation_curve(history, colours), key=f"{key}_validation", alt=alt)

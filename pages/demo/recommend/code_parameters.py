"""Sliders of the numbers that a recommender in Python declares as adjustable."""

from typing import Any

from streamlit.delta_generator import DeltaGenerator

from pages.ui.errors import escape_markdown
from recsys.models.imported.python_model import PythonRecommender

STEPS = 100


def draw_parameters(model: Any, place: DeltaGenerator) -> Any:
    """Draw a slider for each parameter, and return the model with the chosen values; any other model is returned as it is."""
    if not isinstance(model, PythonRecommender) or not model.parameters:
        return model
    values = {
        name: place.slider(
            escape_markdown(name),
            float(each.low),
            float(each.high),
            float(each.default),
            step=(each.high - each.low) / STEPS,
            key=f"parameter_{model.config.source}_{name}",
        )
        for name, each in model.parameters.items()
    }
    return model.with_parameters(values)

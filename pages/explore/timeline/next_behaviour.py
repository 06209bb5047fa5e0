"""Predicted probabilities of the next behaviour, whatever the item, beside the actual one."""

from collections.abc import Sequence

import numpy as np

from pages.shell.cursor import Cursor
from pages.ui import html
from recsys.core import PredictsBehaviours, request_at
from recsys.core.formatting import format_share
from recsys.core.translation import _
from recsys.training.checkpoints import LoadedCheckpoint


def predictions_html(here: Cursor, found: LoadedCheckpoint, steps: Sequence[int]) -> list[str]:
    """Return the probabilities at each step as bars, the most likely first; "" where the model or the data has no behaviours."""
    model, behaviours, history = found.model, here.history.behaviours, here.history
    if behaviours is None or not isinstance(model, PredictsBehaviours) or not model.behaviour_names or not steps:
        return [""] * len(steps)
    names = [str(name) for name in model.behaviour_names]
    probabilities = model.behaviours([request_at(history, step) for step in steps])
    actual = [behaviours[step] if step < len(history) else None for step in steps]
    return [_prediction(names, row, behaviour) for row, behaviour in zip(probabilities, actual, strict=True)]


def _prediction(names: list[str], probabilities: np.ndarray, actual: object) -> str:
    order = np.argsort(-probabilities, kind="stable").tolist()
    bars = "".join(_bar(names[at], float(probabilities[at]), names[at] == actual) for at in order)
    return f'<div class="rs-next"><span>{_("Predicted next behaviour")}</span>{bars}{_outcome(actual, names[order[0]])}</div>'


def _bar(name: str, probability: float, is_actual: bool) -> str:
    tag = f' <span class="rs-tag">{html.TICK}</span>' if is_actual else ""
    label = f"{html.escape_html(name)} {format_share(probability)}{tag}"
    return f'<b class="{"hit" if is_actual else ""}">{label}<i><i style="width:{100 * probability:.0f}%"></i></i></b>'


def _outcome(actual: object, most_likely: str) -> str:
    if not isinstance(actual, str):
        return ""
    name = html.escape_html(actual)
    text = _("actual: {behaviour}, the most likely", behaviour=name) if actual == most_likely else _("actual: {behaviour}", behaviour=name)
    return f"<span>{text}</span>"

"""What a person will do next, whatever the item: the model's probabilities beside what happened."""

from collections.abc import Sequence

import numpy as np

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import html
from recsys.core import PredictsBehaviours, request_at


def lines_html(here: Cursor, steps: Sequence[int]) -> list[str]:
    """Probabilities at each of these steps as bars, the likeliest first; empty where the model or the data has no behaviours."""
    model = cache.loaded(here.dataset, here.model, here.device).model
    kinds, history = here.history.behaviours, here.history
    if kinds is None or not isinstance(model, PredictsBehaviours) or not model.behaviour_names or not steps:
        return [""] * len(steps)
    chances = model.behaviours([request_at(history, step) for step in steps])
    did = [kinds[step] if step < len(history) else None for step in steps]
    return [_line([str(each) for each in model.behaviour_names], row, kind) for row, kind in zip(chances, did, strict=True)]


def _line(names: list[str], chances: np.ndarray, did: object) -> str:
    order = np.argsort(-chances, kind="stable").tolist()
    bars = "".join(_bar(names[at], float(chances[at]), names[at] == did) for at in order)
    return f'<div class="rs-next"><span>What they will do next, whatever the item</span>{bars}{_verdict(did, names[order[0]])}</div>'


def _bar(name: str, chance: float, did: bool) -> str:
    tag = f' <span class="rs-tag">{html.TICK}</span>' if did else ""
    return (
        f'<b class="{"hit" if did else ""}">{html.escape_html(name)} {chance:.0%}{tag}<i><i style="width:{100 * chance:.0f}%"></i></i></b>'
    )


def _verdict(did: object, likeliest: str) -> str:
    if not isinstance(did, str):
        return ""
    return f"<span>they did: {html.escape_html(did)}{', the likeliest' if did == likeliest else ''}</span>"

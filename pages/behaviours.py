"""What a person will do next, whatever the item: the model's probabilities beside what happened."""

import numpy as np

from pages import loaders, look
from pages.cursor import Cursor
from recsys.core import PredictsBehaviours, request_at


def line_html(here: Cursor) -> str:
    """Probabilities at the cursor's step as bars, the likeliest first; empty where the model or the data has no behaviours."""
    model = loaders.loaded(here.dataset, here.model, here.device).model
    kinds = here.history.behaviours
    if kinds is None or not isinstance(model, PredictsBehaviours) or not model.behaviour_names:
        return ""
    chances = model.behaviours([request_at(here.history, here.step)])[0]
    did = kinds[here.step] if here.step < len(here.history) else None
    order = np.argsort(-chances, kind="stable")
    bars = "".join(_bar(str(model.behaviour_names[at]), float(chances[at]), model.behaviour_names[at] == did) for at in order.tolist())
    return f'<div class="rs-next"><span>What they will do next, whatever the item</span>{bars}{_verdict(did, str(model.behaviour_names[order[0]]))}</div>'


def _bar(name: str, chance: float, did: bool) -> str:
    tag = f' <span class="rs-tag">{look.TICK}</span>' if did else ""
    return f'<b class="{"hit" if did else ""}">{look.safe(name)} {chance:.0%}{tag}<i><i style="width:{100 * chance:.0f}%"></i></i></b>'


def _verdict(did: object, likeliest: str) -> str:
    if not isinstance(did, str):
        return ""
    return f"<span>they did: {look.safe(did)}{', the likeliest' if did == likeliest else ''}</span>"

"""Parts of a drawn timeline, made once: figures that are the same at every step, and the parts of its steps."""

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go

from pages.cache.answer_store import AnswerStore
from pages.cache.decorator import cached
from recsys.core.translation import current_language


def figure(make: Callable[[], go.Figure], *key: Any) -> go.Figure:
    """Return the figure that `make` makes, made once for a key and language; the key names all that it is made from."""
    return _figure(key, current_language(), make)


@cached(128)
def _figure(key: tuple[Any, ...], language: str, _make: Callable[[], go.Figure]) -> go.Figure:
    # With its arrays as they are sent: else they are encoded again at every step.
    return go.Figure(_make().to_dict(), _validate=False)


@cached(1)
def step_parts() -> AnswerStore:
    """Return the store of the parts of steps as HTML: a step is fetched ahead by the browser and drawn when the cursor is there."""
    return AnswerStore(1_024)

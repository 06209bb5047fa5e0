"""Figures that are the same at every step of a timeline, made once."""

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go

from pages.cache.decorator import cached
from recsys.core.translation import current_language


def figure(make: Callable[[], go.Figure], *key: Any) -> go.Figure:
    """Return the figure that `make` makes, made once for a key and language; the key names all that it is made from."""
    return _figure(key, current_language(), make)


@cached(128)
def _figure(key: tuple[Any, ...], language: str, _make: Callable[[], go.Figure]) -> go.Figure:
    return _make()

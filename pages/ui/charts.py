"""Charts and progress bars as every page shows them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import plotly.graph_objects as go
import streamlit as st

CHART = {"displayModeBar": "hover", "modeBarButtons": [["toImage"]], "displaylogo": False, "scrollZoom": False}
"""Plotly's bar holds one button, of which `downloads.offer_downloads` makes one for each format."""
Report = Callable[[int, int], None]


def chart(figure: go.Figure, key: str, alt: str, **options: Any) -> None:
    """Draw a figure in the app's own theme; `alt` describes it for screen readers, `options` go to Streamlit."""
    st.plotly_chart(figure, key=key, theme=None, config=CHART, alt=alt, **options)


@contextmanager
def progress(opening: str | None, describe: Callable[[int, int], str]) -> Iterator[Report]:
    """Show a progress bar while something is computed, and remove it afterwards.

    Args:
        opening: the text beside the bar until the first report.
        describe: returns the text for the amount done and the total.

    Yields:
        The function to report progress to.
    """
    bar = st.progress(0.0, opening)

    def report(done: int, total: int) -> None:
        bar.progress(min(done / max(total, 1), 1.0), describe(done, total))

    yield report
    bar.empty()  # skipped where Streamlit stops the run, which then cannot draw

"""A chart of differences and a table that tell which of their rows was clicked."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd
import streamlit as st

from pages.ui import charts, theme
from recsys.figures.failures import DifferenceRow, difference_rows

Clicked = Callable[[int], None]
HEAD, ROW, MOST_PIXELS = 38, 35, 430
FORMATS = {"metric": "%.3f", "count": "localized", "share": "%.0f%%"}


class Column(NamedTuple):
    """A column of a table: its values (rows,), their kind (text, or a key of FORMATS; shares are in percent), and a help text for numbers."""

    values: Sequence[object]
    kind: str = "text"
    help: str | None = None


def draw_rows(key: str, title: str, rows: Sequence[DifferenceRow], axis: str, note: str, alt: str, on_click: Clicked) -> None:
    """Draw a chart of differences; `on_click` is called with the number of the row that was clicked."""

    def note_click() -> None:
        points = st.session_state[key].selection.points
        if points:
            on_click(int(points[0]["customdata"]))

    figure = difference_rows(title, rows, axis, theme.theme_palette(), note)
    charts.chart(figure, key=key, alt=alt, on_select=note_click, selection_mode="points")


def draw_table(
    key: str,
    columns: Mapping[str, Column],
    alt: str,
    on_click: Clicked,
    most_pixels: int = MOST_PIXELS,
) -> None:
    """Draw a table by the titles of its columns; a click in any cell calls `on_click` with the number of its row."""

    def note_click() -> None:
        cells = st.session_state[key].selection.cells
        if cells:
            on_click(int(cells[0][0]))

    config = {
        title: st.column_config.NumberColumn(format=FORMATS[each.kind], help=each.help)
        for title, each in columns.items()
        if each.kind != "text"
    }
    values = pd.DataFrame({title: each.values for title, each in columns.items()})
    st.dataframe(
        values, hide_index=True, width="stretch", height=min(HEAD + ROW * len(values), most_pixels), key=key, alt=alt,
        on_select=note_click, selection_mode="single-cell", column_config=config,
    )  # fmt: skip

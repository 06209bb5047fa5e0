"""A chart of differences and a table that tell which of their rows was clicked."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from pages.ui import charts, theme
from recsys.figures.failures import DifferenceRow, difference_rows

Clicked = Callable[[int], None]
HEAD, ROW, MOST_PIXELS = 38, 35, 430
FORMATS = {"metric": "%.3f", "count": "localized", "share": "%.0f%%"}


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
    columns: Mapping[str, Sequence[object]],
    kinds: Mapping[str, str],
    alt: str,
    on_click: Clicked,
    helps: Mapping[str, str] | None = None,
    most_pixels: int = MOST_PIXELS,
) -> None:
    """Draw a table whose rows are clicked in any of their cells; `kinds` are metric, count or share, in percent, for columns of numbers."""

    def note_click() -> None:
        cells = st.session_state[key].selection.cells
        if cells:
            on_click(int(cells[0][0]))

    helps, length = helps or {}, len(next(iter(columns.values())))
    config = {name: st.column_config.NumberColumn(format=FORMATS[kind], help=helps.get(name)) for name, kind in kinds.items()}
    st.dataframe(
        pd.DataFrame(columns), hide_index=True, width="stretch", height=min(HEAD + ROW * length, most_pixels), key=key, alt=alt,
        on_select=note_click, selection_mode="single-cell", column_config=config,
    )  # fmt: skip

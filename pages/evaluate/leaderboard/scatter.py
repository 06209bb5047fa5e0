"""A scatter plot of any two metrics of the models."""

from collections.abc import Sequence

import streamlit as st

from pages.evaluate.leaderboard.labels import LOGARITHMIC, MORE_METRICS
from pages.ui import charts, theme
from pages.ui.metrics import METRICS, SPLITS_IN_SENTENCES
from recsys.core.translation import _, ngettext
from recsys.figures.leaderboard import Mark, trade_off
from recsys.leaderboard import LeaderboardRow


def draw_scatter(lines: Sequence[LeaderboardRow], chosen: str) -> None:
    """Draw the plot and the choice of its axes; nothing for fewer than two models or metrics."""
    protocols = sorted({(line.protocol, line.split) for line in lines})
    axes = list_axes(lines)
    if len(lines) < 2 or len(axes) < 2:
        return
    st.subheader(_("Trade-off between two metrics"))
    first, second, third = st.columns(3)
    x = first.selectbox(_("Horizontal axis"), axes, index=axes.index("parameters"), key="board_x", format_func=_axis_title)
    y = second.selectbox(_("Vertical axis"), axes, index=0, key="board_y", format_func=_axis_title)
    if len(protocols) > 1:
        only = third.selectbox(_("Protocol"), protocols, key="board_protocol", format_func=_protocol_title)
        lines = [line for line in lines if (line.protocol, line.split) == only]
    marks = list_marks(lines, x, y, chosen)
    figure = trade_off(marks, _axis_title(x), _axis_title(y), x in LOGARITHMIC, y in LOGARITHMIC, theme.theme_palette())
    alt = ngettext(
        "{y} against {x} of {count} model.", "{y} against {x} of {count} models.", len(marks), x=_axis_title(x), y=_axis_title(y)
    )
    charts.chart(figure, key="trade_off", alt=alt)


def list_axes(lines: Sequence[LeaderboardRow]) -> list[str]:
    """Return the metrics that at least two rows have."""
    return [name for name in (METRICS | MORE_METRICS) if sum(find_value(line, name) is not None for line in lines) > 1]


def find_value(line: LeaderboardRow, metric: str) -> float | None:
    """Return the value of a metric, of the size, of the training time in seconds or of the latency in milliseconds."""
    values = {"parameters": line.parameters, "seconds": max(line.train_seconds, 0.01), "request": line.request_ms}
    return values[metric] if metric in values else line.metrics.get(metric)


def list_marks(lines: Sequence[LeaderboardRow], x: str, y: str, chosen: str) -> list[Mark]:
    """Return a dot for every row that has both metrics."""
    marks = []
    for line in lines:
        across, up = find_value(line, x), find_value(line, y)
        if across is not None and up is not None:
            marks.append(Mark(line.title, across, up, line.intervals.get(x), line.intervals.get(y), bool(line.aware), line.name == chosen))
    return marks


def _axis_title(metric: str) -> str:
    return _((METRICS | MORE_METRICS)[metric])


def _protocol_title(protocol: tuple[str, str]) -> str:
    return _("{protocol}, {split}", protocol=protocol[0], split=_(SPLITS_IN_SENTENCES[protocol[1]]))

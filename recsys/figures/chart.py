"""Charts assembled from plain dicts and passed to Plotly once.

Plotly's own figure validates every call: a page of four charts takes it 400 ms a step, this takes 10. Properties must therefore be
spelled out, without magic underscores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recsys.core.formatting import format_number, format_share
from recsys.core.rank_text import format_rank
from recsys.core.translation import _
from recsys.figures.palette import FONT, Palette, escape_label


@dataclass(frozen=True)
class PlotArea:
    """Height of a figure and margins of its plot in pixels, for marks that a page lays over the plot."""

    height: int
    left: int
    right: int
    top: int
    bottom: int

    @property
    def margin(self) -> dict[str, int]:
        return dict(l=self.left, r=self.right, t=self.top, b=self.bottom)


class Chart:
    """Traces, shapes and annotations with the project's font, title and quiet axes. Methods are named as in `go.Figure`."""

    def __init__(self, title: str, colours: Palette, height: int, note: str = "") -> None:
        """Start an empty chart. `title` and `note`, small behind it, are plain text and may contain data: both are escaped."""
        small = f"  <span style='font-size:13px;font-weight:400;color:{colours.quiet}'>{escape_label(note)}</span>" if note else ""
        self.traces: list[dict[str, Any]] = []
        self.layout: dict[str, Any] = dict(
            template={},
            title=dict(
                text=escape_label(title) + small,
                x=0,
                xanchor="left",
                xref="container",
                y=0.98,
                yanchor="top",
                font=dict(size=17, weight=600),
            ),
            font=dict(family=FONT, size=14, color=colours.text),
            height=height,
            margin=dict(l=8, r=8, t=40, b=8),
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(0,0,0,0)",
            xaxis=_quiet_axis(colours),
            yaxis=_quiet_axis(colours),
            separators=_separators(),
            showlegend=False,
            dragmode=False,
            hovermode="closest",
            hoverlabel=dict(bgcolor=colours.surface, bordercolor=colours.faint, font=dict(color=colours.text, family=FONT, size=14)),
            shapes=[],
            annotations=[],
            images=[],
        )

    def add_trace(self, trace: dict[str, Any]) -> None:
        self.traces.append(trace)

    def add_shape(self, **shape: Any) -> None:
        self.layout["shapes"].append(shape)

    def add_annotation(self, **annotation: Any) -> None:
        self.layout["annotations"].append(annotation)

    def add_layout_image(self, **image: Any) -> None:
        self.layout["images"].append(image)

    def update_layout(self, **layout: Any) -> None:
        self.layout.update(layout)

    def update_xaxes(self, **axis: Any) -> None:
        self.layout["xaxis"].update(axis)

    def update_yaxes(self, **axis: Any) -> None:
        self.layout["yaxis"].update(axis)

    def to_figure(self) -> go.Figure:
        return go.Figure(data=self.traces, layout=self.layout, _validate=False)


def axis_title(text: str, colours: Palette, standoff: int = 4) -> dict[str, Any]:
    """Return the title of an axis; text from data must be escaped."""
    return dict(text=text, standoff=standoff, font=dict(color=colours.quiet, size=13))


def percent_ticks(*percents: float) -> dict[str, Any]:
    """Return ticks at these percents, labelled 0%, 50%, 100%."""
    return dict(tickvals=list(percents), ticktext=[format_share(percent / 100) for percent in percents])


def component_titles(shares: Sequence[float] | np.ndarray) -> tuple[str, str]:
    """Return axis titles of a projection to two principal components, with each one's share of the variance."""
    first, second = (format_share(float(share)) for share in shares)
    return (
        _("first principal component, {share} of the variance", share=first),
        _("second principal component, {share} of the variance", share=second),
    )


def format_ranks(ranks: Sequence[float]) -> list[str]:
    """Return ranks as text, such as 1,204 or, in the middle of a tie, 12.5; each different one is formatted once."""
    texts = {rank: format_rank(rank) for rank in set(ranks)}
    return [texts[rank] for rank in ranks]


def shorten_label(name: str, length: int) -> str:
    """Return a name from data cut to at most `length` characters and escaped."""
    return escape_label(name if len(name) <= length else name[: length - 1] + "…")


def _separators() -> str:
    """The decimal and the thousands separator of the current language, for the numbers that Plotly writes itself."""
    return format_number(1.5, 1)[1] + format_number(1000)[1:-3]


def _quiet_axis(colours: Palette) -> dict[str, Any]:
    return dict(showgrid=False, zeroline=False, linecolor=colours.faint, tickfont=dict(color=colours.quiet, size=13), fixedrange=True)

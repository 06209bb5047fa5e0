"""A chart put together from plain dicts and made once: the one way to draw with Plotly.

Plotly's own figure validates every call on the way: a page of four charts takes it 400 ms a step, this takes 10. Properties must
therefore be spelled out, without magic underscores.
"""

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from recsys.figures.palette import FONT, Palette, escaped


@dataclass(frozen=True)
class PlotArea:
    """Where the plot lies in a figure of this height, in pixels from its edges: for marks that a page lays over it."""

    height: int
    left: int
    right: int
    top: int
    bottom: int

    @property
    def margin(self) -> dict[str, int]:
        return dict(l=self.left, r=self.right, t=self.top, b=self.bottom)


class Chart:
    """Traces, shapes and annotations with the project's type, title and quiet axes. Methods are named as in `go.Figure`."""

    def __init__(self, title: str, colours: Palette, height: int, note: str = "") -> None:
        """`title` and `note`, small behind it, are plain text and may come from data."""
        small = f"  <span style='font-size:13px;font-weight:400;color:{colours.quiet}'>{escaped(note)}</span>" if note else ""
        self.traces: list[dict[str, Any]] = []
        self.layout: dict[str, Any] = dict(
            template={},
            title=dict(
                text=escaped(title) + small, x=0, xanchor="left", xref="container", y=0.98, yanchor="top", font=dict(size=17, weight=600)
            ),
            font=dict(family=FONT, size=14, color=colours.text),
            height=height,
            margin=dict(l=8, r=8, t=40, b=8),
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(0,0,0,0)",
            xaxis=_quiet_axis(colours),
            yaxis=_quiet_axis(colours),
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

    def drawn(self) -> go.Figure:
        return go.Figure(data=self.traces, layout=self.layout, _validate=False)


def axis_title(text: str, colours: Palette, standoff: int = 4) -> dict[str, Any]:
    return dict(text=text, standoff=standoff, font=dict(color=colours.quiet, size=13))


def _quiet_axis(colours: Palette) -> dict[str, Any]:
    return dict(showgrid=False, zeroline=False, linecolor=colours.faint, tickfont=dict(color=colours.quiet, size=13), fixedrange=True)

"""Building blocks of pages as HTML: lead sentences, rows of a list, key figures, and cursor marks over a chart."""

from html import escape

import numpy as np
import streamlit as st

from recsys.figures.chart import PlotArea


def lead(html: str) -> None:
    """Draw the sentence under a title. `html` must be escaped where it comes from data."""
    st.html(lead_html(html))


def lead_html(html: str) -> str:
    """Return the sentence under a title as HTML."""
    return f'<p class="rs-lead">{html}</p>'


def now_over(frame: PlotArea, across: float, down: float | None = None) -> str:
    """Return the cursor laid over a chart as HTML: a line, and a ring around a dot. The chart itself is not redrawn."""
    left = f"left:calc({frame.left}px + (100% - {frame.left + frame.right}px) * {across:.5f})"
    tall = frame.height - frame.top - frame.bottom
    line = f'<i class="rs-line-now" style="{left};top:{frame.top}px;height:{tall}px"></i>'
    ring = f'<i class="rs-ring-now" style="{left};top:{frame.top + tall * down:.1f}px"></i>' if down is not None else ""
    return f'<div class="rs-over">{line}{ring}</div>'


def ring_over(frame: PlotArea, across: float, down: float) -> str:
    """Return the cursor as a ring alone, at fractions `across` and `down` of the plot area."""
    tall = frame.height - frame.top - frame.bottom
    left = f"left:calc({frame.left}px + (100% - {frame.left + frame.right}px) * {across:.5f})"
    return f'<div class="rs-over"><i class="rs-ring-now" style="{left};top:{frame.top + tall * down:.1f}px"></i></div>'


def dot(colour: str) -> str:
    """Return a small disc of a category's colour as HTML."""
    return f'<span class="rs-dot" style="background:{colour}"></span>'


def escape_html(text: object) -> str:
    """Return text from data escaped for HTML."""
    return escape(str(text), quote=True)


TICK = "\u2713"


def bar_widths(scores: np.ndarray) -> list[float]:
    """Return the length of each score's bar in percent: 100 for the first, 12 for the last, square roots between."""
    finite = np.asarray(scores, dtype=np.float64)
    if not len(finite):
        return []
    span = finite.max() - finite.min()
    return [100.0] * len(finite) if span <= 0 else [float(12 + 88 * np.sqrt((score - finite.min()) / span)) for score in finite]


def facts(values: dict[str, str]) -> str:
    """Return a few key figures side by side as HTML; the keys are their labels."""
    return (
        '<div class="rs-facts">'
        + "".join(f"<div><b>{escape_html(value)}</b><span>{escape_html(name)}</span></div>" for name, value in values.items())
        + "</div>"
    )


def list_head(title: str, note: str) -> str:
    """Return the heading of a list as HTML, with a small note at the right."""
    return f'<div class="rs-head"><span>{escape_html(title)}</span><span class="rs-note">{escape_html(note)}</span></div>'


def row_html(
    number: str, title: str, about: str, width: float | None, kind: str = "", tag: str = "", note: str = "", picture: str = ""
) -> str:
    """Return one row of a list as HTML. `about`, `tag` and `picture` are HTML already; title, number and note are escaped here."""
    bar = (
        f'<span class="rs-bar"><span style="width:{width:.0f}%"></span></span>'
        if width is not None
        else f'<span class="rs-note">{escape_html(note)}</span>'
    )
    body = f'<span class="rs-body"><span class="rs-title" title="{escape_html(title)}"><span class="rs-name">{escape_html(title)}</span>{tag}</span><span class="rs-sub">{about}</span></span>'
    return f'<li class="{f"rs-row {kind}".rstrip()}"><span class="rs-rank">{escape_html(number)}</span>{picture}{body}{bar}</li>'

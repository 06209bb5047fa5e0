"""How things look on every page: the palette of the visitor's theme, the page's style sheet, cards and small words."""

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from recsys.core import TOP_K, Dataset, History
from recsys.datasets.prepared import DatasetCard
from recsys.figures.chart import Frame
from recsys.figures.palette import Palette, palette

CHART = {"displayModeBar": False, "scrollZoom": False}
Report = Callable[[int, int], None]
"""Takes how much is done, and of how much."""


def colours() -> Palette:
    """The palette of the theme this visitor sees."""
    return palette(st.context.theme.type == "dark")


def chart(figure: go.Figure, key: str, alt: str, **options: Any) -> None:
    """Draw a figure in the app's own theme; `alt` says what it shows to those who cannot see it, `options` go to Streamlit."""
    st.plotly_chart(figure, key=key, theme=None, config=CHART, alt=alt, **options)


@contextmanager
def progress(opening: str | None, describe: Callable[[int, int], str]) -> Iterator[Report]:
    """Show a progress bar while something is computed, and take it away after it.

    Args:
        opening: the text beside the bar until the first report.
        describe: the text for how much is done, and of how much.

    Yields:
        The function to report progress to.
    """
    bar = st.progress(0.0, opening)

    def report(done: int, total: int) -> None:
        bar.progress(min(done / max(total, 1), 1.0), describe(done, total))

    yield report
    bar.empty()  # not where Streamlit ends the run: a run that has ended cannot draw


def lead(html: str) -> None:
    """The sentence under a title. `html` must be escaped where it comes from data."""
    st.html(lead_html(html))


def lead_html(html: str) -> str:
    return f'<p class="rs-lead">{html}</p>'


def now_over(frame: Frame, across: float, down: float | None = None) -> str:
    """The cursor laid over a figure as HTML: a line, and a ring where a dot stands. The figure itself need not be drawn again."""
    left = f"left:calc({frame.left}px + (100% - {frame.left + frame.right}px) * {across:.5f})"
    tall = frame.height - frame.top - frame.bottom
    line = f'<i class="rs-line-now" style="{left};top:{frame.top}px;height:{tall}px"></i>'
    ring = f'<i class="rs-ring-now" style="{left};top:{frame.top + tall * down:.1f}px"></i>' if down is not None else ""
    return f'<div class="rs-over">{line}{ring}</div>'


def ring_over(frame: Frame, across: float, down: float) -> str:
    """The cursor as a ring alone, so far from the left and from the top of a figure's plot."""
    tall = frame.height - frame.top - frame.bottom
    left = f"left:calc({frame.left}px + (100% - {frame.left + frame.right}px) * {across:.5f})"
    return f'<div class="rs-over"><i class="rs-ring-now" style="{left};top:{frame.top + tall * down:.1f}px"></i></div>'


def local_time(seconds: float, utc_offset: float | None) -> datetime | None:
    """When something happened by the clock of the place; UTC where no offset is known, None where no time is."""
    if not np.isfinite(seconds):
        return None
    shift = utc_offset if utc_offset is not None and np.isfinite(utc_offset) else 0.0
    return datetime.fromtimestamp(float(seconds), tz=UTC) + timedelta(minutes=float(shift))


def spoken(time: datetime) -> str:
    """A moment as a person would say it: Sunday 6 May 2012, 14:00."""
    return f"{time:%A} {time.day} {time:%B %Y}, {time:%H:%M}"


def plural(count: int, noun: str) -> str:
    """1 visit, 57 visits, 3 check-ins."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def duration(hours: float) -> str:
    """A gap as a person would say it."""
    minutes = max(hours * 60, 0)
    if minutes < 90:
        return plural(round(minutes), "minute")
    if hours < 36:
        return plural(round(hours), "hour")
    days = hours / 24
    return plural(round(days), "day") if days < 60 else plural(round(days / 30.44), "month")


def dot(colour: str) -> str:
    return f'<span class="rs-dot" style="background:{colour}"></span>'


def safe(text: object) -> str:
    """Text from data for HTML."""
    return escape(str(text), quote=True)


TICK = "\u2713"


def bar_widths(scores: np.ndarray) -> list[float]:
    """How long to draw each score of a list, in percent: the first full, the last short but seen, roots between."""
    finite = np.asarray(scores, dtype=np.float64)
    if not len(finite):
        return []
    span = finite.max() - finite.min()
    return [100.0] * len(finite) if span <= 0 else [float(12 + 88 * np.sqrt((score - finite.min()) / span)) for score in finite]


def facts(values: dict[str, str]) -> str:
    """A few numbers side by side, as HTML; keys are what they count."""
    return (
        '<div class="rs-facts">'
        + "".join(f"<div><b>{safe(value)}</b><span>{safe(name)}</span></div>" for name, value in values.items())
        + "</div>"
    )


def list_head(title: str, note: str) -> str:
    return f'<div class="rs-head"><span>{safe(title)}</span><span class="rs-note">{safe(note)}</span></div>'


def row_html(number: str, title: str, about: str, width: float | None, kind: str = "", tag: str = "", note: str = "") -> str:
    """One row of a list. `about` and `tag` are HTML already; title, number and note are escaped here."""
    bar = (
        f'<span class="rs-bar"><span style="width:{width:.0f}%"></span></span>'
        if width is not None
        else f'<span class="rs-note">{safe(note)}</span>'
    )
    body = f'<span class="rs-body"><span class="rs-title" title="{safe(title)}"><span class="rs-name">{safe(title)}</span>{tag}</span><span class="rs-sub">{about}</span></span>'
    return f'<li class="{f"rs-row {kind}".rstrip()}"><span class="rs-rank">{safe(number)}</span>{body}{bar}</li>'


def about_item(dataset: Dataset, item: str, tints: dict[str, str]) -> str:
    """HTML that says what an item is: its category with its colour, and its district where known."""
    if item not in dataset.items.index:
        return ""
    known = {name: dataset.items.at[item, name] for name in ("category", "district") if name in dataset.items}
    words = [str(value) for value in known.values() if isinstance(value, str) and value]
    colour = tints.get(str(known.get("category")))
    return (dot(colour) if colour else "") + safe(" · ".join(words))


KINDS = {"moved": "A person who moved house", "hit": "A hit the model saw coming", "miss": "A miss, and why"}


def story_html(kind: str, title: str, sentence: str, picture: str) -> str:
    """A told story as a card's content; `picture` is HTML already."""
    look = colours()
    tint = {"moved": look.accent, "hit": look.hit, "miss": look.miss}[kind]
    head = f'<span class="rs-kind" style="color:{tint}">{safe(KINDS[kind])}</span>{picture}'
    return f'<div class="rs-story">{head}<b>{safe(title)}</b><p>{safe(sentence)}</p></div>'


def spark(ranks: Sequence[float], now: int) -> str:
    """A rank strip in miniature, as SVG: green within ten, orange outside, the step itself ringed."""
    look = colours()
    width, height, room = 320, 58, 8
    worst = max(np.log10(max(*ranks, 100.0)), 1.0)
    marks = [f'<rect x="0" y="0" width="{width}" height="{room + (height - 2 * room) / worst:.0f}" rx="6" fill="{look.hit_surface}"/>']
    for at, rank in enumerate(ranks):
        x = room + at * (width - 2 * room) / max(len(ranks) - 1, 1)
        y = room + np.log10(max(rank, 1.0)) / worst * (height - 2 * room)
        marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{look.hit if rank <= TOP_K else look.miss}"/>')
        if at == now:
            ring = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height}" stroke="{look.accent}" stroke-width="1.5"/>'
            marks.insert(1, ring)
            marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5" fill="none" stroke="{look.accent}" stroke-width="2"/>')
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{"".join(marks)}</svg>'
    address = base64.b64encode(drawing.encode()).decode()  # as a picture, since st.html takes drawings out
    return f'<img class="rs-spark" src="data:image/svg+xml;base64,{address}" alt="Ranks around this step">'


def dataset_html(card: DatasetCard) -> str:
    """What a dataset is, in one line under its title."""
    counts = [
        plural(card.interactions or 0, card.noun),
        plural(card.users or 0, "people").removesuffix("s"),
        plural(card.items or 0, "item"),
    ]
    span = f"{card.first:%B %Y} to {card.last:%B %Y}" if card.first and card.last else "in order, without times"
    return f'<p class="rs-data"><b>{safe(card.title)}</b>{safe(" · ".join([*counts, span]))}</p>'


def card_html(rank: int, dataset: Dataset, item: str, width: float, tints: dict[str, str]) -> str:
    """A card of the live list: title, what it is, and the first words of its description where the data has one."""
    text = dataset.items.at[item, "text"] if "text" in dataset.items and item in dataset.items.index else None
    words = f"<p>{safe(text)}</p>" if isinstance(text, str) and text else ""
    title = safe(dataset.title_of(item))
    body = f'<span class="rs-body"><span class="rs-title" title="{title}">{title}</span><span class="rs-sub">{about_item(dataset, item, tints)}</span>{words}</span>'
    bar = f'<span class="rs-bar" title="score, tenth to first"><span style="width:{width:.0f}%"></span></span>'
    return f'<div class="rs-card"><span class="rs-rank">{rank}</span>{body}{bar}</div>'


def tried_html(
    dataset: Dataset, taken: Sequence[str], likes: Sequence[str], dislikes: Sequence[str], reason: str | None, supposed: str = ""
) -> str:
    """What this session has added to the history or supposes, and the label of a list that is not the model's own."""
    told = [(name, items) for name, items in (("taken", taken), ("liked", likes), ("not for me", dislikes)) if items]
    said = [f"<b>{safe(supposed)}</b>"] if supposed else []
    said += [f"{name} <b>{', '.join(safe(dataset.title_of(each)) for each in items)}</b>" for name, items in told]
    label = f'<span class="rs-label">Not a personal list: {safe(reason)}</span> ' if reason else ""
    hint = "Take an item and the list answers at once. Nothing here changes the model or the data."
    return f'<p class="rs-tried">{label}{" · ".join(said) or hint}</p>'


def recent_words(dataset: Dataset, history: History, step: int, moment: datetime | None) -> str:
    """HTML: when it is, and what came last."""
    last = [safe(dataset.title_of(str(item))) for item in history.items[max(step - 3, 0) : step]][::-1]
    parts = [spoken(moment)] if moment else []
    parts.append("last: " + ", ".join(f"<b>{each}</b>" for each in last) if last else "nothing is known of them yet")
    return f"after {step:,} of {plural(len(history), dataset.noun)} · " + " · ".join(parts)

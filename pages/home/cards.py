"""Cards of the start page: a story with its ranks, and a dataset."""

import base64
from collections.abc import Sequence

import numpy as np

from pages.ui.formatting import plural
from pages.ui.html import escape_html
from pages.ui.theme import theme_palette
from recsys.core import TOP_K
from recsys.datasets.prepared import DatasetCard

KINDS = {"moved": "A person who moved house", "hit": "A hit the model saw coming", "miss": "A miss, and why"}


def story_html(kind: str, title: str, sentence: str, picture: str) -> str:
    """A told story as a card's content; `picture` is HTML already."""
    look = theme_palette()
    tint = {"moved": look.accent, "hit": look.hit, "miss": look.miss}[kind]
    head = f'<span class="rs-kind" style="color:{tint}">{escape_html(KINDS[kind])}</span>{picture}'
    return f'<div class="rs-story">{head}<b>{escape_html(title)}</b><p>{escape_html(sentence)}</p></div>'


def spark(ranks: Sequence[float], now: int) -> str:
    """A rank strip in miniature, as SVG: green within ten, orange outside, the step itself ringed."""
    look = theme_palette()
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
    return f'<p class="rs-data"><b>{escape_html(card.title)}</b>{escape_html(" · ".join([*counts, span]))}</p>'

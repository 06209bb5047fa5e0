"""Cards of the start page: a story with its ranks, and a dataset."""

import base64
from collections.abc import Sequence

import numpy as np

from pages.ui.html import escape_html
from pages.ui.theme import theme_palette
from recsys.core import TOP_K
from recsys.core.formatting import format_month
from recsys.core.nouns import count_events
from recsys.core.translation import N_, _, ngettext
from recsys.datasets.prepared import DatasetCard

KINDS = {"moved": N_("A user who moved house"), "hit": N_("A hit that the model saw coming"), "miss": N_("A miss, and its cause")}


def story_html(kind: str, title: str, sentence: str, picture: str) -> str:
    """Return the content of a story's card; `picture` is HTML already."""
    colours = theme_palette()
    tint = {"moved": colours.accent, "hit": colours.hit, "miss": colours.miss}[kind]
    head = f'<span class="rs-kind" style="color:{tint}">{escape_html(_(KINDS[kind]))}</span>{picture}'
    return f'<div class="rs-story">{head}<b>{escape_html(title)}</b><p>{escape_html(sentence)}</p></div>'


def spark(ranks: Sequence[float], now: int) -> str:
    """Return a miniature rank strip as an image: hits green, misses orange, the step itself ringed."""
    colours = theme_palette()
    width, height, room = 320, 58, 8
    worst = max(np.log10(max(*ranks, 100.0)), 1.0)
    marks = [f'<rect x="0" y="0" width="{width}" height="{room + (height - 2 * room) / worst:.0f}" rx="6" fill="{colours.hit_surface}"/>']
    for at, rank in enumerate(ranks):
        x = room + at * (width - 2 * room) / max(len(ranks) - 1, 1)
        y = room + np.log10(max(rank, 1.0)) / worst * (height - 2 * room)
        marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colours.hit if rank <= TOP_K else colours.miss}"/>')
        if at == now:
            ring = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height}" stroke="{colours.accent}" stroke-width="1.5"/>'
            marks.insert(1, ring)
            marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5" fill="none" stroke="{colours.accent}" stroke-width="2"/>')
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{"".join(marks)}</svg>'
    address = base64.b64encode(drawing.encode()).decode()  # an image, since st.html removes inline SVG
    return f'<img class="rs-spark" src="data:image/svg+xml;base64,{address}" alt="{escape_html(_("Ranks around this step"))}">'


def dataset_html(card: DatasetCard) -> str:
    """Return one line on a dataset as HTML: title, counts and time span."""
    users, items = card.users or 0, card.items or 0
    counts = [
        count_events(card.interactions or 0, card.noun),
        ngettext("{count} user", "{count} users", users),
        ngettext("{count} item", "{count} items", items),
    ]
    if card.first and card.last:
        span = _("{first} to {last}", first=format_month(card.first), last=format_month(card.last))
    else:
        span = _("in order, without times")
    return f'<p class="rs-data"><b>{escape_html(card.title)}</b>{escape_html(" · ".join([*counts, span]))}</p>'

"""Paths in the data from the user's history to each recommended item, as they stand on its card."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui.html import escape_html
from recsys.core import Request, append_likes
from recsys.core.translation import N_, _, ngettext

if TYPE_CHECKING:
    from recsys.analysis.knowledge_graph import Path

MOST = 5
ARROW = ' <i aria-hidden="true">→</i> '
NOTE = N_(
    "The line under a card is the strongest path in the data from this user’s history to the item. "
    "The model plays no part in it, so it does not explain the list."
)


def find_paths(cursor: Cursor, protocol: str, request: Request, items: Sequence[str]) -> list[list["Path"]]:
    """Return the paths to each item, the strongest first; earlier events with the item itself stand before all others.

    The user's own events with an item say more about this user than any number of events of other users.
    """
    graph, request = cache.knowledge_graph(cursor.dataset, protocol), append_likes(request)
    if request.history.times is not None and request.time is None and len(request.history):
        request = replace(request, time=float(request.history.times[-1]))
    found = [graph.find_paths(request.history, item, most=MOST, request=request) for item in items]
    return [sorted(each, key=lambda path: path.kind != "again") for each in found]


def paths_html(paths: Sequence["Path"]) -> str:
    """Return the strongest path to the item of a card as HTML; where there are others, its line opens them, each with its sentence."""
    first, others = path_html(next(iter(paths), None)), paths[1:]
    if not others:
        return first
    label = escape_html(ngettext("{count} more", "{count} more", len(others)))
    hint = escape_html(_("Further paths from the history to this item"))
    lines = "".join(f'{path_html(each)}<p class="rs-path-words">{escape_html(each.words)}</p>' for each in others)
    summary = f'<summary>{first}<span class="rs-more" title="{hint}">{label}</span></summary>'
    return f'<details class="rs-paths">{summary}{lines}</details>'


def path_html(path: "Path | None") -> str:
    """Return the steps of a path to the item of a card as one line of HTML, with its sentence for the mouse."""
    if path is None:
        words = escape_html(_("no connection in the training events"))
        return f'<span class="rs-path" title="{words}">{words}</span>'
    first, link = (escape_html(each) for each in path.steps)
    return f'<span class="rs-path" title="{escape_html(path.words)}"><b>{first}</b>{ARROW}{link}</span>'

"""Notes in Markdown as HTML that runs nothing and loads nothing: no HTML of the note's own, links that are opened by a click only."""

from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import Any

from recsys.core.translation import _, current_language


def render_note(note: str) -> str:
    """Return a note as HTML. A picture becomes a link to it, so that looking at a note tells no other server of it."""
    return _render(note, current_language())


@lru_cache(maxsize=64)
def _render(note: str, _language: str) -> str:
    html: str = _renderer().render(note)
    return html


def shorten_note(note: str, longest: int) -> str:
    """Return the beginning of a note, cut at the end of a line or a word where there is one; the note itself where it is short."""
    if len(note) <= longest:
        return note
    start = note[:longest]
    cut = max(start.rfind("\n", longest // 2), start.rfind(" ", longest // 2))
    return f"{start[:cut] if cut > 0 else start} …"


@lru_cache(maxsize=1)
def _renderer() -> Any:
    from markdown_it import MarkdownIt

    made: Any = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    made.add_render_rule("image", _draw_image_as_link)
    made.add_render_rule("link_open", _open_link)
    return made


def _open_link(renderer: Any, tokens: Sequence[Any], at: int, options: Any, env: Any) -> str:
    tokens[at].attrSet("target", "_blank")
    tokens[at].attrSet("rel", "noopener noreferrer")
    return str(renderer.renderToken(tokens, at, options, env))


def _draw_image_as_link(renderer: Any, tokens: Sequence[Any], at: int, options: Any, env: Any) -> str:
    text = renderer.renderInlineAsText(tokens[at].children or [], options, env) or _("picture")
    return f'<a href="{escape(str(tokens[at].attrs["src"]))}" target="_blank" rel="noopener noreferrer">{escape(text)}</a>'

"""Buttons that take something out of the app."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from recsys.core.translation import _
from recsys.storage.paths import ASSETS

_copier = st.components.v2.component(
    "recscope_copy_link",
    html='<button type="button" class="rs-copy"></button>',
    js=(ASSETS / "copy_link.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)
_downloads = st.components.v2.component(
    "recscope_downloads", js=(ASSETS / "downloads.js").read_text(encoding="utf-8"), isolate_styles=False
)


@dataclass(frozen=True)
class Link:
    """The address of a view, relative to that of the app, and words to show once it is copied; by default that it is."""

    address: str
    words: str = ""


def copy_link(key: str, link: Link | Callable[[], Link]) -> None:
    """Draw a button that copies a link; a function is called when the button is pressed, so that the link is of the view then."""
    asked = int(st.session_state.get(f"{key}_asked", 0))
    made = link() if callable(link) and asked else link
    data = {
        "label": _("Copy link"),
        "prompt": _("Copy this link:"),
        "address": made.address if isinstance(made, Link) else None,
        "words": (made.words if isinstance(made, Link) else "") or _("Link copied"),
        "turn": asked if callable(link) else None,
    }
    _copier(key=key, data=data, width="content", on_asked_change=lambda: st.session_state.update({f"{key}_asked": asked + 1}))


def offer_downloads() -> None:
    """Let the browser save every chart of the page as SVG and PNG, and every table as CSV; call once a run."""
    words = {"svg": _("Download as SVG"), "png": _("Download as PNG"), "table": _("Download this table as CSV"), "details": _("(details)")}
    _downloads(key="downloads", data=words)

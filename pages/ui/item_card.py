"""An item as HTML: a line about it, a row of a list, and a card."""

from urllib.parse import urlsplit

from pages.ui import html
from pages.ui.html import dot, escape_html
from pages.ui.thumbnails import thumbnail_html
from recsys.core import Dataset
from recsys.core.translation import _


def about_item(dataset: Dataset, item: str, tints: dict[str, str]) -> str:
    """Return a line about an item as HTML: its category with its colour, and its district where known."""
    known = dataset.describe_item(item, "category", "district")
    words = [str(value) for value in known.values() if isinstance(value, str) and value]
    colour = tints.get(str(known.get("category")))
    return (dot(colour) if colour else "") + escape_html(" · ".join(words))


def link_html(dataset: Dataset, item: str) -> str:
    """Return the link of an item as HTML, called by its host; empty where there is none that a browser should open."""
    from recsys.item_images import is_web_address

    address = dataset.describe_item(item, "url").get("url")
    if not is_web_address(address):
        return ""
    shown = str(urlsplit(str(address)).hostname).removeprefix("www.")
    link = escape_html(address)
    return f'<a class="rs-link" href="{link}" title="{link}" target="_blank" rel="noopener noreferrer">{escape_html(shown)}</a>'


def row_html(
    number: str, dataset: Dataset, item: str, tints: dict[str, str], width: float | None = None, kind: str = "", tag: str = "",
    note: str = "", about: str | None = None,
) -> str:  # fmt: skip
    """Return the row of an item in a list as HTML; the arguments are those of `html.row_html`, `about` is by default `about_item`."""
    line = about_item(dataset, item, tints) if about is None else about
    return html.row_html(number, dataset.title_of(item), line, width, kind, tag, note, thumbnail_html(dataset, item, tints))


def card_html(rank: int, dataset: Dataset, item: str, width: float | None, tints: dict[str, str], tag: str = "") -> str:
    """Return the card of a recommended item as HTML: rank, picture, title, category, link, the start of its text, and its score as a bar.

    `tag` behind the title is HTML already.
    """
    text = dataset.describe_item(item, "text").get("text")
    words = f"<p>{escape_html(text)}</p>" if isinstance(text, str) and text else ""
    title = escape_html(dataset.title_of(item))
    about = " · ".join(part for part in (about_item(dataset, item, tints), link_html(dataset, item)) if part)
    body = (
        f'<span class="rs-body"><span class="rs-title" title="{title}">{title}{tag}</span><span class="rs-sub">{about}</span>{words}</span>'
    )
    hint = escape_html(_("score, relative to this list"))
    bar = "" if width is None else f'<span class="rs-bar" title="{hint}"><span style="width:{width:.0f}%"></span></span>'
    return f'<div class="rs-card"><span class="rs-rank">{rank}</span>{thumbnail_html(dataset, item, tints)}{body}{bar}</div>'


def empty_list_text(dataset: Dataset) -> str:
    """Return the sentence in place of a list without items."""
    if dataset.repeats:
        return _("No item to recommend at this step.")
    return _("No item to recommend at this step. Items that the user had before are left out.")


def fallback_label(reason: str | None) -> str:
    """Return a label as HTML that says a list does not depend on the user's history, and why; empty for a personal list."""
    if not reason:
        return ""
    label = _("Fallback list – {reason}", reason=_(reason))
    return f'<span class="rs-label">{escape_html(label)}</span>'

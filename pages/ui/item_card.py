"""An item as HTML: a line about it, and a card."""

from pages.ui.html import dot, escape_html
from recsys.core import Dataset
from recsys.core.translation import _


def about_item(dataset: Dataset, item: str, tints: dict[str, str]) -> str:
    """Return a line about an item as HTML: its category with its colour, and its district where known."""
    known = dataset.describe_item(item, "category", "district")
    words = [str(value) for value in known.values() if isinstance(value, str) and value]
    colour = tints.get(str(known.get("category")))
    return (dot(colour) if colour else "") + escape_html(" · ".join(words))


def card_html(rank: int, dataset: Dataset, item: str, width: float | None, tints: dict[str, str], tag: str = "") -> str:
    """Return the card of a recommended item as HTML: rank, title, category, the start of its text, and its score as a bar, if any.

    `tag` behind the title is HTML already.
    """
    text = dataset.describe_item(item, "text").get("text")
    words = f"<p>{escape_html(text)}</p>" if isinstance(text, str) and text else ""
    title = escape_html(dataset.title_of(item))
    body = f'<span class="rs-body"><span class="rs-title" title="{title}">{title}{tag}</span><span class="rs-sub">{about_item(dataset, item, tints)}</span>{words}</span>'
    hint = escape_html(_("score, relative to this list"))
    bar = "" if width is None else f'<span class="rs-bar" title="{hint}"><span style="width:{width:.0f}%"></span></span>'
    return f'<div class="rs-card"><span class="rs-rank">{rank}</span>{body}{bar}</div>'


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

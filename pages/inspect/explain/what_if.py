"""What the list would be at another time or place, without some events or with others: the same model, asked again."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages import cache
from pages.inspect.explain.case import Listed, listed
from pages.shell.cursor import Cursor
from pages.ui import html, item_card, request_context, theme
from pages.ui.errors import escape_markdown
from recsys.core import TOP_K
from recsys.models import MODELS
from recsys.training.checkpoints import Loaded

OFFERED = 30  # latest events that can be taken away by name
FAVOURITES = 200


def draw(here: Cursor, found: Loaded, lead: DeltaGenerator) -> None:
    """The controls beside both lists; what moved is said in `lead`."""
    before = listed(here, found)
    controls, lists = st.columns([3, 9], gap="medium")
    with controls:
        asked = request_context.request_controls(here, MODELS[found.card.model].aware, "whatif")
        gone, added = _events(here)
    tried = request_context.TrialHistory((here.dataset.name, here.user, here.step), taken=tuple(added))
    request = request_context.build_request(here, tried, asked)
    request = replace(request, history=request.history.without(gone))
    after = Listed(here, found, request)
    lead.html(html.lead_html(moved_sentence(here, before, after, bool(MODELS[found.card.model].aware))))
    with lists:
        was, then = st.columns(2, gap="medium")
        was.html(list_html(here, "As it was", before, None))
        then.html(list_html(here, "As it would be", after, before))


def _events(here: Cursor) -> tuple[list[int], list[str]]:
    """Steps to take away and items to add."""
    latest = list(range(here.step))[::-1][:OFFERED]
    items = here.history.items
    gone = st.multiselect(
        "Without these events", latest, key=f"whatif_gone_{here.user}_{here.step}", placeholder="all are there",
        format_func=lambda step: escape_markdown(f"{step + 1:,} · {here.dataset.title_of(str(items[step]))}"), disabled=not latest,
    )  # fmt: skip
    added = st.multiselect(
        "And had they also taken", cache.items_by_popularity(here.dataset)[:FAVOURITES], key=f"whatif_added_{here.user}_{here.step}",
        format_func=lambda item: escape_markdown(here.dataset.title_of(item)), placeholder="nothing else",
    )  # fmt: skip
    return gone, added


def moved_sentence(here: Cursor, before: Listed, after: Listed, aware: bool) -> str:
    """HTML: how much of the list changed."""
    new = [item for item in after.items if item not in before.items]
    if after.items == before.items:
        first = "Change the moment or the place, take an event away" if aware else "Take an event away"
        return f"The list is <b>the same</b>. {first}, or add one, and see what moves."
    if not new:
        return "The same ten, <b>in another order</b>."
    first = (
        f", <b>{html.escape_html(here.dataset.title_of(new[0]))}</b> first of them"
        if len(new) > 1
        else f": <b>{html.escape_html(here.dataset.title_of(new[0]))}</b>"
    )
    return f"<b>{len(new)} of {len(after.items)}</b> {'is' if len(new) == 1 else 'are'} new{first}."


def list_html(here: Cursor, title: str, shown: Listed, before: Listed | None) -> str:
    """A list as rows; beside another one with how far each item moved, and what left."""
    tints = cache.category_tints(here.dataset, theme.theme_palette())
    rows = ""
    for place, item in enumerate(shown.items, start=1):
        kind = "hit" if item == shown.next else ""
        rows += html.row_html(
            str(place),
            here.dataset.title_of(item),
            item_card.about_item(here.dataset, item, tints),
            None,
            kind,
            note=_move(item, place, before),
        )
    gone = [item for item in before.items if item not in shown.items] if before else []
    names = ", ".join(html.escape_html(here.dataset.title_of(item)) for item in gone)
    left = f'<p class="rs-quiet">No longer there: {names}.</p>' if gone else ""
    label = (
        f'<p class="rs-quiet"><span class="rs-label">Not a personal list: {html.escape_html(shown.fallback)}</span></p>'
        if shown.fallback
        else ""
    )
    note = "green is what really came next" if shown.next in shown.items[:TOP_K] else ""
    return f'{html.list_head(title, note)}{label}<ol class="rs-list">{rows}</ol>{left}'


def _move(item: str, place: int, before: Listed | None) -> str:
    if before is None:
        return ""
    if item not in before.items:
        return "new"
    by = before.items.index(item) + 1 - place
    return "" if by == 0 else f"▲ {by}" if by > 0 else f"▼ {-by}"

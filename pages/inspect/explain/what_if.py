"""The what-if view: the list for another time or place, without some events or with further ones, beside the original list."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages import cache
from pages.inspect.explain.top_list import TopList, limit_note, list_at_cursor
from pages.shell.cursor import Cursor
from pages.ui import html, item_card, request_context, theme
from recsys.core import TOP_K
from recsys.core.formatting import format_number, join_words
from recsys.core.translation import _, ngettext
from recsys.explain.explained_item import MOST_EVENTS
from recsys.models import find_model_spec
from recsys.training.checkpoints import LoadedCheckpoint

LATEST = 30  # events offered for removal
POPULAR = 200  # items offered for addition


def draw(here: Cursor, loaded: LoadedCheckpoint, lead: DeltaGenerator) -> None:
    """Draw the controls beside both lists; `lead` takes the difference between them."""
    before = list_at_cursor(here, loaded)
    aware = find_model_spec(loaded.card.model).aware
    controls, lists = st.columns([3, 9], gap="medium")
    with controls:
        context = request_context.draw_context_controls(here, aware, "whatif")
        removed, added = _choose_events(here)
    trial = request_context.TrialHistory((here.dataset.name, here.user, here.step), taken=tuple(added))
    request = request_context.build_request(here, trial, context)
    request = replace(request, history=request.history.without([*removed, *range(here.step - MOST_EVENTS)]))
    after = TopList(here, loaded, request)
    lead.html(html.lead_html(difference_html(here, before, after, bool(aware))))
    if note := limit_note(here):
        st.caption(note)
    with lists:
        left, right = st.columns(2, gap="medium")
        left.html(list_html(here, _("Original list"), before, None))
        right.html(list_html(here, _("List after the changes"), after, before))


def _choose_events(here: Cursor) -> tuple[list[int], list[str]]:
    """Return the steps to remove and the items to add."""
    latest = list(range(here.step))[::-1][:LATEST]
    items = here.history.items
    removed = st.multiselect(
        _("Remove events"), latest, key=f"whatif_gone_{here.user}_{here.step}", placeholder=_("none removed"),
        format_func=lambda step: f"{format_number(step + 1)} · {here.dataset.title_of(str(items[step]))}",
        disabled=not latest,
    )  # fmt: skip
    added = st.multiselect(
        _("Add items"), cache.items_by_popularity(here.dataset)[:POPULAR], key=f"whatif_added_{here.user}_{here.step}",
        format_func=here.dataset.title_of, placeholder=_("none added"),
    )  # fmt: skip
    return removed, added


def difference_html(here: Cursor, before: TopList, after: TopList, is_aware: bool) -> str:
    """Return how much of the list changed, as HTML."""
    new = [item for item in after.items if item not in before.items]
    if after.items == before.items:
        if is_aware:
            return _("The list is <b>unchanged</b>. Change the time or the place, remove an event or add an item to see the effect.")
        return _("The list is <b>unchanged</b>. Remove an event or add an item to see the effect.")
    if not new:
        return _("The list has the same items <b>in a different order</b>.")
    return ngettext(
        "<b>{count} new item</b> among {total}: <b>{item}</b>.",
        "<b>{count} new items</b> among {total}; the one at the highest rank is <b>{item}</b>.",
        len(new),
        total=len(after.items),
        item=html.escape_html(here.dataset.title_of(new[0])),
    )


def list_html(here: Cursor, title: str, shown: TopList, before: TopList | None) -> str:
    """Return a list as HTML; beside another one with the change of each rank, and with the items that dropped out."""
    tints = cache.category_tints(here.dataset, theme.theme_palette())
    rows = ""
    for rank, item in enumerate(shown.items, start=1):
        kind = "hit" if item == shown.next else ""
        rows += item_card.row_html(str(rank), here.dataset, item, tints, kind=kind, note=_move(item, rank, before))
    dropped = [item for item in before.items if item not in shown.items] if before else []
    names = join_words(html.escape_html(here.dataset.title_of(item)) for item in dropped)
    sentence = _("Dropped out: {items}.", items=names)
    left = f'<p class="rs-quiet">{sentence}</p>' if dropped else ""
    fallback = shown.fallback_html()
    label = f'<p class="rs-quiet">{fallback}</p>' if fallback else ""
    note = _("green: the next item") if shown.next in shown.items[:TOP_K] else ""
    return f'{html.list_head(title, note)}{label}<ol class="rs-list">{rows}</ol>{left}'


def _move(item: str, rank: int, before: TopList | None) -> str:
    if before is None:
        return ""
    if item not in before.items:
        return _("new")
    by = before.items.index(item) + 1 - rank
    return "" if by == 0 else f"▲ {by}" if by > 0 else f"▼ {-by}"

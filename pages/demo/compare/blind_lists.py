"""The lists of a blind comparison as cards, and the sentences above them: before the pick without anything that tells whose they are."""

from collections.abc import Collection, Mapping

import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import html, item_card, request_context, theme
from recsys.core.formatting import format_moment, format_number, join_words
from recsys.core.nouns import count_events
from recsys.core.translation import _
from recsys.core.user_names import name_user
from recsys.feedback.blind_comparison import INTERLEAVED, BlindComparison
from recsys.feedback.interleaving import FIRST, SECOND, TIE

LATEST = 5


def question_html(here: Cursor, comparison: BlindComparison) -> str:
    """Return the question as HTML, and what is known of the user: the latest events, and the time of the request."""
    user = html.escape_html(name_user(here.dataset, here.user))
    values = dict(user=user, step=format_number(here.step), events=count_events(len(here.history), here.dataset.noun))
    if comparison.method == INTERLEAVED:
        question = _("Tick what <b>{user}</b> would take after {step} of {events}.", **values)
    else:
        question = _("Which list suits <b>{user}</b> better after {step} of {events}?", **values)
    moment = request_context.request_moment(here)
    when = _("Time of the request: {moment}.", moment=format_moment(moment)) if moment else ""
    latest = [str(item) for item in here.history.items[max(here.step - LATEST, 0) : here.step]][::-1]
    names = join_words(f"<b>{html.escape_html(here.dataset.title_of(item))}</b>" for item in latest)
    events = _("Latest events: {items}.", items=names) if latest else _("The history is empty.")
    return " ".join(filter(None, [question, when, events]))


def columns_html(here: Cursor, comparison: BlindComparison, titles: Mapping[str, str] | None = None, clicked: Collection[str] = ()) -> str:
    """Return the lists as columns of cards; with `titles`, after the pick, the names of the models and the item that came next."""
    interleaved = comparison.method == INTERLEAVED
    heads = [_("Mixed list")] if interleaved else [_("Left"), _("Right")]
    if titles is not None and not interleaved:
        names = [titles.get(comparison.name_of(side), comparison.name_of(side)) for side in comparison.sides]
        heads = [_("{side}: {model}", side=head, model=name) for head, name in zip(heads, names, strict=True)]
    next_item = None if titles is None else _next_item(here)
    tints = cache.category_tints(here.dataset, theme.theme_palette())
    columns = []
    for head, items in zip(heads, comparison.columns, strict=True):
        cards = []
        for at, item in enumerate(items):
            tags = f' <span class="rs-tag">{html.TICK} {_("next item")}</span>' if item == next_item else ""
            if interleaved and titles is not None:
                name = comparison.name_of(comparison.sides[at])
                notes = [titles.get(name, name), *([_("would take")] if item in clicked else [])]
                tags += f' <span class="rs-note">{html.escape_html(" · ".join(notes))}</span>'
            card = item_card.card_html(at + 1, here.dataset, item, None, tints, tags)
            cards.append(f'<div class="rs-blind-card{" hit" if item == next_item else ""}">{card}</div>')
        empty = "" if items else f'<p class="rs-lead">{html.escape_html(item_card.empty_list_text(here.dataset))}</p>'
        columns.append(f'<div><div class="rs-column-head"><b>{html.escape_html(head)}</b></div>{empty}<div>{"".join(cards)}</div></div>')
    return f'<div class="rs-columns rs-blind{" rs-mixed" if interleaved else ""}">{"".join(columns)}</div>'


def draw_mixed_list(here: Cursor, comparison: BlindComparison) -> list[str]:
    """Draw the one list of both models, two cards a row, and return the items that are ticked."""
    (items,) = comparison.columns
    if not items:
        st.info(item_card.empty_list_text(here.dataset))
    ticked = []
    tints = cache.category_tints(here.dataset, theme.theme_palette())
    for start in range(0, len(items), 2):
        for column, at in zip(st.columns(2, gap="small"), range(start, min(start + 2, len(items))), strict=False):
            with column.container(border=True, gap=None, key=f"card_{at}"):
                st.html(item_card.card_html(at + 1, here.dataset, items[at], None, tints))
                if st.checkbox(_("Would take"), key=f"blind_take_{at}_{comparison.id}"):
                    ticked.append(items[at])
    return ticked


def result_html(here: Cursor, comparison: BlindComparison, pick: str, titles: Mapping[str, str]) -> str:
    """Return as HTML whose list was picked, and where the item that came next stands in both lists."""
    names = {side: f"<b>{html.escape_html(titles.get(name, name))}</b>" for side in (FIRST, SECOND) for name in [comparison.name_of(side)]}
    if pick == TIE:
        first = _("You saw no difference between {first} and {second}.", first=names[FIRST], second=names[SECOND])
    else:
        loser = SECOND if pick == FIRST else FIRST
        first = _("You preferred {winner} to {loser}.", winner=names[pick], loser=names[loser])
    next_item = _next_item(here)
    if next_item is None:
        return first
    title, lists = html.escape_html(here.dataset.title_of(next_item)), {FIRST: comparison.first.items, SECOND: comparison.second.items}
    if not any(next_item in items for items in lists.values()):
        return f"{first} {_('What came next was <b>{item}</b>, which is in neither list.', item=title)}"
    places = join_words(_place_text(items, next_item, names[side]) for side, items in lists.items())
    return f"{first} {_('What came next was <b>{item}</b>: {places}.', item=title, places=places)}"


def _place_text(items: Collection[str], item: str, model: str) -> str:
    if item not in items:
        return _("not in the list of {model}", model=model)
    return _("at rank {rank} of {model}", rank=format_number(list(items).index(item) + 1), model=model)


def _next_item(here: Cursor) -> str | None:
    return str(here.history.items[here.step]) if here.step < len(here.history) else None

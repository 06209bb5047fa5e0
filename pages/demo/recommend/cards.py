"""The recommended items as cards, and the sentences above them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from pages import cache
from pages.demo.recommend import session
from pages.shell.cursor import Cursor
from pages.ui import item_card, theme
from pages.ui.checkpoint_titles import name_checkpoint
from pages.ui.html import escape_html
from pages.ui.request_context import TrialHistory
from recsys.core import TOP_K, Dataset
from recsys.core.formatting import format_moment, format_number, join_words
from recsys.core.nouns import count_events
from recsys.core.translation import N_, _

if TYPE_CHECKING:
    from recsys.training.checkpoints import CheckpointCard

LATEST = 3
HINT = N_("Add an item to the history, or like or dislike it, and the list follows at once. The model and the dataset stay unchanged.")


def history_sentence(cursor: Cursor, moment: datetime | None, card: "CheckpointCard") -> str:
    """Return the sentence under the title as HTML: whose list this is, at which step, and the latest events."""
    dataset, history, step = cursor.dataset, cursor.history, cursor.step
    values = dict(
        k=format_number(TOP_K),
        model=escape_html(name_checkpoint(card.name, card.model)),
        user=escape_html(cache.user_name(dataset, cursor.user)),
        step=format_number(step),
        events=count_events(len(history), dataset.noun),
    )
    if moment:
        first = _("Top {k} of {model} for <b>{user}</b> after {step} of {events}, {moment}.", moment=format_moment(moment), **values)
    else:
        first = _("Top {k} of {model} for <b>{user}</b> after {step} of {events}.", **values)
    latest = [str(item) for item in history.items[max(step - LATEST, 0) : step]][::-1]
    second = _("Latest events: {items}.", items=_titles(dataset, latest)) if latest else _("The history is empty.")
    return f"{first} {second}"


def trial_html(dataset: Dataset, trial: TrialHistory, reason: str | None, context: str, is_fixed: bool = False) -> str:
    """Return the fallback label, if any, and the changes made in this session as HTML."""
    changes = [f"<b>{escape_html(context)}</b>"] if context else []
    if trial.taken:
        changes.append(_("Added to the history: {items}", items=_titles(dataset, trial.taken)))
    if trial.likes:
        changes.append(_("Liked: {items}", items=_titles(dataset, trial.likes)))
    if trial.dislikes:
        changes.append(_("Disliked: {items}", items=_titles(dataset, trial.dislikes)))
    notes = " · ".join(changes) or ("" if is_fixed else _(HINT))
    return f'<p class="rs-tried">{item_card.fallback_label(reason)} {notes}</p>'


def draw_cards(
    dataset: Dataset, items: list[str], widths: list[float], trial: TrialHistory, connections: list[str], is_filtered: bool
) -> None:
    """Draw two cards a row, each with its connection to the history and the buttons that change the trial."""
    if not items:
        is_changed = trial.changed or is_filtered
        st.info(
            _("No item is left to recommend. Allow more categories, or reset your changes.")
            if is_changed
            else item_card.empty_list_text(dataset)
        )
    tints = cache.category_tints(dataset, theme.theme_palette())
    for start in range(0, len(items), 2):
        for column, at in zip(st.columns(2, gap="small"), range(start, min(start + 2, len(items))), strict=False):
            connection = escape_html(connections[at])
            with column.container(border=True, gap=None, key=f"card_{at}"):
                st.html(
                    item_card.card_html(at + 1, dataset, items[at], widths[at], tints)
                    + f'<p class="rs-path" title="{connection}">{connection}</p>'
                )
                _draw_buttons(items[at], at, trial)


def _draw_buttons(item: str, at: int, trial: TrialHistory) -> None:
    like = _("Liked") if item in trial.likes else _("Like")
    with st.container(horizontal=True, gap="small"):
        st.button(_("Add to history"), key=f"take_{at}", on_click=session.add_to_history, args=(item,), type="tertiary")
        st.button(like, key=f"like_{at}", on_click=session.like, args=(item,), type="tertiary")
        st.button(_("Dislike"), key=f"not_{at}", on_click=session.dislike, args=(item,), type="tertiary")


def _titles(dataset: Dataset, items: Sequence[str]) -> str:
    return join_words(f"<b>{escape_html(dataset.title_of(item))}</b>" for item in items)

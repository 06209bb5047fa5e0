"""The recommended items as cards with their buttons, and the sentences above them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages import cache
from pages.demo.recommend import paths, session
from pages.shell.cursor import Cursor
from pages.ui import item_card, theme
from pages.ui.checkpoint_titles import name_checkpoint
from pages.ui.html import escape_html
from recsys.core import TOP_K, Dataset
from recsys.core.formatting import format_moment, format_number, join_words
from recsys.core.nouns import count_events
from recsys.core.translation import N_, _
from recsys.core.user_names import name_user
from recsys.feedback.recording import Feedback, Impression
from recsys.feedback.stars import count_stars

if TYPE_CHECKING:
    from recsys.analysis.knowledge_graph import Path
    from recsys.training.checkpoints import CheckpointCard

LATEST = 3
HINT = N_("Add an item to the history, or like or dislike it, and the list follows at once. The model and the dataset stay unchanged.")
RATING_HINT = N_("A rating of three stars or more counts as an event of the history, a lower one as a dislike.")
BUTTONS = {
    "take": (N_("Add to history"), N_("Added")),
    "like": (N_("Like"), N_("Liked")),
    "dislike": (N_("Dislike"), N_("Disliked")),
}
"""Label of the button of each action, and that once it is given: the same button then takes it back."""


def history_sentence(cursor: Cursor, moment: datetime | None, card: "CheckpointCard") -> str:
    """Return the sentence under the title as HTML: whose list this is, at which step, and the latest events."""
    dataset, history, step = cursor.dataset, cursor.history, cursor.step
    values = dict(
        k=format_number(TOP_K),
        model=escape_html(name_checkpoint(card.name, card.model)),
        user=escape_html(name_user(dataset, cursor.user)),
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


def notes_html(reason: str | None, context: str, is_quiet: bool, has_stars: bool) -> str:
    """Return the label of a fallback list, the changed context and, unless `is_quiet`, how to use the page as HTML."""
    changes = [f"<b>{escape_html(context)}</b>"] if context else []
    if not changes and not is_quiet:
        changes = [_(HINT), _(RATING_HINT)] if has_stars else [_(HINT)]
    return f'<p class="rs-tried">{item_card.fallback_label(reason)} {" ".join(changes)}</p>'


def draw_cards(
    cursor: Cursor,
    impression: Impression,
    widths: list[float],
    given: Sequence[Feedback],
    connections: Sequence[Sequence["Path"]],
    is_changed: bool,
    is_allowed: bool,
) -> None:
    """Draw the cards, each with its path from the history and, where the account may, the buttons of feedback."""
    dataset, items = cursor.dataset, list(impression.items)
    if not items:
        st.info(
            _("No item is left to recommend. Allow more categories, or reset your changes.")
            if is_changed
            else item_card.empty_list_text(dataset)
        )
    tints, stars = cache.category_tints(dataset, theme.theme_palette()), cache.star_values(dataset)
    # As few elements as can be: each takes a part of the time that the server has for all its sessions.
    with st.container(key="cards"):
        for at, item in enumerate(items):
            with st.container(border=True, horizontal=True, gap="small", vertical_alignment="center", key=f"card_{at}"):
                st.html(item_card.card_html(at + 1, dataset, item, widths[at], tints) + paths.paths_html(connections[at]))
                if is_allowed:
                    _draw_buttons(cursor, impression, at, given, stars)


def _draw_buttons(cursor: Cursor, impression: Impression, at: int, given: Sequence[Feedback], values: np.ndarray | None) -> None:
    item = impression.items[at]
    done = {each.action: each for each in given if each.item_id == item}
    for action, (label, given_label) in BUTTONS.items():
        is_given = action in done
        st.button(
            f":primary[{_(given_label)}]" if is_given else _(label),
            key=f"{action}_{at}",
            on_click=session.answer,
            args=(cursor, impression, item, action, is_given),
            type="tertiary",
            help=_("Click again to take it back.") if is_given else None,
        )
    if values is not None:
        stars = done["rating"].rating if "rating" in done else None
        # The key holds the item: its widget must not pass its stars on to the item that stands here next.
        key = f"stars_{at}_{item}"
        st.session_state[key] = None if stars is None else count_stars(stars, values) - 1
        st.feedback("stars", key=key, on_change=session.rate, args=(cursor, impression, item, key))


def _titles(dataset: Dataset, items: Sequence[str]) -> str:
    return join_words(f"<b>{escape_html(dataset.title_of(item))}</b>" for item in items)

"""Refits and versions of the cursor's checkpoint: what a refit learnt, before and after, and which version is in use."""

from typing import TYPE_CHECKING

import streamlit as st

from pages import cache
from pages.evaluate.feedback import refit_controls, version_cards
from pages.shell.account import current_account, current_store
from pages.shell.cursor import Cursor
from pages.shell.feedback import is_private
from pages.ui import html
from pages.ui.checkpoint_titles import name_checkpoint
from pages.ui.errors import escape_markdown
from recsys.core.formatting import format_short_moment, local_time
from recsys.core.translation import N_, _, ngettext
from recsys.feedback.version_names import split_version

if TYPE_CHECKING:
    from recsys.feedback.version_history import HistoryEntry
    from recsys.feedback.versions import Version

ACTION_TITLES = {
    "refit": N_("refit"),
    "promote version": N_("promoted"),
    "roll back": N_("rolled back"),
    "delete version": N_("deleted"),
    "save schedule": N_("schedule set"),
    "delete schedule": N_("schedule deleted"),
}


def draw(here: Cursor) -> None:
    """Draw this part of the page."""
    reason = _find_obstacle(here)
    if reason is not None:
        st.info(escape_markdown(reason))
        if not here.trained:
            st.page_link("evaluate/checkpoints/page.py", label=_("Train it on the Checkpoints page"))
        return
    from recsys.feedback.version_history import list_history
    from recsys.feedback.versions import list_versions

    store, account = current_store(), current_account()
    base = split_version(here.model)[0]
    versions = list_versions(store, here.dataset.name, base)
    html.lead(_describe(here, base, versions))
    refit_controls.draw(here, store, account, versions)
    for version in reversed(versions):
        version_cards.draw_card(here, account, version, versions)
    if any(each.metrics for each in versions):
        version_cards.draw_notes()
    history = list_history(store, here.dataset.name, base)
    if history:
        with st.expander(_("Who did what, and when")):
            st.html(_history_table(history))


def _find_obstacle(here: Cursor) -> str | None:
    """Return a sentence that says why the checkpoint at the cursor has no refits; None if it can have them."""
    from recsys.feedback.refit import find_refusal
    from recsys.storage.paths import home

    if is_private(here) or home(here.dataset.name) != home():
        return _("This dataset belongs to this session alone, so its feedback is not kept and nothing can be refitted on it.")
    if not here.trained:
        return _("This model is not trained on {dataset} yet, so it has no versions.", dataset=here.dataset.title)
    return find_refusal(cache.checkpoints(here.dataset)[here.model].card)


def _describe(here: Cursor, base: str, versions: "list[Version]") -> str:
    current = next(each for each in versions if each.is_in_use)
    model = name_checkpoint(base, cache.checkpoints(here.dataset)[here.model].card.model)
    text = ngettext(
        "<b>{model}</b> has {count} version; version {current} is in use.",
        "<b>{model}</b> has {count} versions; version {current} is in use.",
        len(versions),
        model=html.escape_html(model),
        current=current.version,
    )
    return f"{text} {_('A refit learns from the answers to its lists and makes a new version; it is used once it is promoted.')}"


def _history_table(history: "list[HistoryEntry]") -> str:
    heads = "".join(f"<th>{head}</th>" for head in (_("When (UTC)"), _("Who"), _("Did"), _("With")))
    rows = "".join(
        f"<tr><td>{html.escape_html(format_time(each.created))}</td><td>{html.escape_html(each.account or '–')}</td>"
        f"<td>{html.escape_html(_(ACTION_TITLES[each.action]))}</td><td>{html.escape_html(each.subject)}</td></tr>"
        for each in history
    )
    return f'<table class="rs-table"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def format_time(seconds: float) -> str:
    """Return a time in the store as 6 May 2012, 14:00."""
    moment = local_time(seconds, None)
    return "–" if moment is None else format_short_moment(moment)

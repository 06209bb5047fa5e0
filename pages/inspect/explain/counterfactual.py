"""Counterfactuals of one recommendation: the smallest change that removes the item, and the smallest one that brings another in."""

import time

import streamlit as st

from pages import cache
from pages.cache.explanations import explanation_key, explanation_store
from pages.inspect.explain.top_list import TopList, explained_request
from pages.shell.account import signed_in
from pages.shell.cursor import Cursor
from pages.ui import charts, html, item_card, theme
from pages.ui.errors import error_boundary
from recsys.core import TOP_K
from recsys.core.formatting import format_number
from recsys.core.translation import _, ngettext
from recsys.explain.counterfactual.addition import BUDGET, Addition, smallest_addition
from recsys.explain.counterfactual.removal import Counterfactual
from recsys.explain.counterfactual.topk_membership import make_event_factory
from recsys.explain.explained_item import ExplainedItem
from recsys.explain.explanation import Player
from recsys.explain.game import Game
from recsys.explain.wording import MAX_NAMED_REMOVALS, describe_addition, describe_removal
from recsys.models import find_model_spec
from recsys.training.checkpoints import LoadedCheckpoint

TIME_LIMIT = 4.0  # seconds for the whole search
LEAST_BUDGET, TIMED = 48, 4  # evaluations: spent in any case, and spent to measure how long one takes


def removal_html(explained: ExplainedItem, counterfactual: Counterfactual) -> str:
    """Return the fewest events whose removal drops the item out of the list, and the item that replaces it, as HTML."""
    evaluations = ngettext("verified, {count} evaluation", "verified, {count} evaluations", counterfactual.evaluations)
    head = html.list_head(_("Smallest change that removes it (counterfactual)"), evaluations)
    if not counterfactual.verified:
        return head + _quiet(_("None: the item stays in the top {k} even when the whole history is removed.", k=counterfactual.k))
    removed = explained.removed_players(counterfactual)
    if len(removed) > MAX_NAMED_REMOVALS:
        return head + _quiet(describe_removal(counterfactual, [""] * len(removed), None))
    tints = cache.category_tints(explained.dataset, theme.theme_palette())
    rows = "".join(
        html.row_html(
            format_number(each.steps[-1] + 1),
            explained.player_name(each),
            _about_event(explained, each, tints),
            None,
            note=_times(len(each.steps)),
        )
        for each in removed
    )
    return f'{head}<ol class="rs-list">{rows}</ol>{_quiet(_consequence(explained, counterfactual))}'


def _consequence(explained: ExplainedItem, counterfactual: Counterfactual) -> str:
    sentence = ngettext(
        "Without this event its rank falls from {before} to <b>{after}</b>.",
        "Without these {count} events its rank falls from {before} to <b>{after}</b>.",
        len(counterfactual.removed),
        before=format_number(counterfactual.rank_before),
        after=format_number(counterfactual.rank_after or 0),
    )
    if not counterfactual.replacement:
        return sentence
    item = html.escape_html(explained.dataset.title_of(counterfactual.replacement))
    return sentence + " " + _("<b>{item}</b> enters the top {k} instead.", item=item, k=counterfactual.k)


def _about_event(explained: ExplainedItem, player: Player, tints: dict[str, str]) -> str:
    about = item_card.about_item(explained.dataset, str(player.item_id), tints)
    before = html.escape_html(explained.time_before(player.steps[-1]))
    return f"{before} · {about}" if about else before


def _times(count: int) -> str:
    return "" if count == 1 else ngettext("{count} time", "{count} times", count)


@st.fragment
@signed_in
def draw_addition(here: Cursor, loaded: LoadedCheckpoint, choices: TopList) -> None:
    """Draw a choice of items below the top k, the next item first if it is one, and the smallest addition that brings it in."""
    with error_boundary():
        is_missed = choices.next in choices.ranks and choices.next not in choices.items
        options = [*([choices.next] if is_missed and choices.next else []), *choices.further]
        if not options:
            return
        st.html(html.list_head(_("Smallest addition that brings it in"), ""))
        item = st.selectbox(
            _("Item below the top {k}", k=TOP_K),
            list(dict.fromkeys(options)),
            format_func=lambda each: choices.option_title(here, each),
            key=f"wanted_{here.user}_{here.step}",
        )
        st.html(addition_html(here, _find_addition(here, loaded, item)))


def _find_addition(here: Cursor, loaded: LoadedCheckpoint, item: str) -> Addition:
    """Return the known answer, or search for it with progress shown; moving the cursor ends the search."""
    key = explanation_key(here.dataset, loaded, here.user, here.step, item, "addition")
    addition: Addition | None = explanation_store().get(key)
    if addition is None:
        request = explained_request(here)
        game = Game(loaded.model, request, item, aware=find_model_spec(loaded.card.model).aware, repeats=here.dataset.repeats)
        with charts.progress(_("Searching …"), lambda done, total: _progress(done)) as report:
            began = time.perf_counter()
            loaded.model.score([request] * TIMED)
            budget = int(TIME_LIMIT * TIMED / max(time.perf_counter() - began, 1e-6))
            budget = min(max(budget, LEAST_BUDGET), BUDGET)
            addition = smallest_addition(game, TOP_K, event_of=make_event_factory(request, here.dataset), budget=budget, report=report)
        explanation_store().put(key, addition)
    return addition


def _progress(done: int) -> str:
    return ngettext("Searching, {count} evaluation so far", "Searching, {count} evaluations so far", done)


def addition_html(here: Cursor, addition: Addition) -> str:
    """Return the items that would bring the wanted one in, and how the answer was checked, as HTML."""

    def bold(item: str) -> str:
        return f"<b>{html.escape_html(here.dataset.title_of(item))}</b>"

    sentence = describe_addition(
        addition, [bold(item) for item in addition.added], bold(addition.displaced) if addition.displaced else None
    )
    if addition.verified:
        note = ngettext("verified, {count} evaluation", "verified, {count} evaluations", addition.evaluations)
    else:
        note = ngettext("{count} evaluation", "{count} evaluations", addition.evaluations)
    return _quiet(f'{sentence} <span class="rs-note">({note})</span>')


def _quiet(sentence: str) -> str:
    return f'<p class="rs-quiet">{sentence}</p>'

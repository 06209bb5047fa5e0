"""Blind comparison: two models' lists without names, a pick, and then the names.

Before the pick nothing that depends on which model made which list is sent to the browser: no name, score or address, and not the
misses of the sidebar's model either, which `keyboard.walk` would send.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import SystemRandom
from typing import TYPE_CHECKING

import streamlit as st

from pages import cache
from pages.demo.compare import blind_lists, view
from pages.shell import comparisons, cursor, feedback
from pages.shell.cursor import Cursor
from pages.ui import checkpoint_titles, html
from pages.ui.errors import escape_markdown, guarded
from recsys.core import TOP_K
from recsys.core.errors import StoreError
from recsys.core.translation import N_, _
from recsys.feedback.blind_comparison import INTERLEAVED, METHODS, SIDE_BY_SIDE, BlindComparison, RankedList, start_comparison
from recsys.feedback.interleaving import TIE, decide_by_clicks
from recsys.models import find_model_spec

if TYPE_CHECKING:
    from recsys.training.checkpoints import CheckpointEntry

SETUP, ROUND = "blind_setup", "blind_round"
METHOD_LABELS = {SIDE_BY_SIDE: N_("Two lists"), INTERLEAVED: N_("One mixed list")}
CHOICES = {"left": N_("Left is better"), TIE: N_("No difference"), "right": N_("Right is better")}
PAIR = 2


@dataclass(frozen=True)
class Setup:
    """Settings of the comparisons of this session. Without `models` each is of two at random."""

    dataset: str
    method: str
    models: tuple[str, ...]


@dataclass(frozen=True)
class Round:
    """The comparison on the screen, its pick once there is one, and the items clicked in a mixed list."""

    at: tuple[str, str, int]
    comparison: BlindComparison
    pick: str | None = None
    clicked: frozenset[str] = frozenset()


def draw(here: Cursor) -> None:
    """Draw the choice of models, then one comparison after the other."""
    st.query_params.pop(view.IN_URL, None)
    found = {
        name: each
        for name, each in checkpoint_titles.matching_checkpoints(here).items()
        if not find_model_spec(each.card.model).candidates_only
    }
    if not feedback.may_give_feedback():
        st.info(_("Your role can look at lists but not give feedback; an admin can give you the role of an editor."))
        return
    if len(found) < PAIR:
        st.info(_("A blind comparison needs two models that are trained on this dataset."))
        st.page_link("evaluate/checkpoints/page.py", label=_("Train models on the Checkpoints page"))
        return
    setup: Setup | None = st.session_state.get(SETUP)
    if setup is None or setup.dataset != here.dataset.name or not set(setup.models) <= found.keys():
        _draw_setup(here, found)
        return
    shown: Round | None = st.session_state.get(ROUND)
    if shown is None or shown.at != _place(here):
        shown = _start_round(here, found, setup)
    titles = {each.card.name: checkpoint_titles.name_checkpoint(name, each.card.model) for name, each in found.items()}
    if shown.pick is None:
        _draw_question(here, shown)
    else:
        _draw_answer(here, shown, titles)


def _draw_setup(here: Cursor, found: Mapping[str, "CheckpointEntry"]) -> None:
    html.lead(_("Two models recommend for the same user, and you pick the better list before you see their names."))
    titles = checkpoint_titles.name_checkpoints(found)
    column, _rest = st.columns([5, 7])
    with column:
        models = st.multiselect(
            _("Models"), list(found), key=f"blind_models_{here.dataset.name}", max_selections=PAIR,
            format_func=titles.__getitem__, placeholder=_("two at random"),
        )  # fmt: skip
        method = st.segmented_control(
            _("Lists"), METHODS, default=SIDE_BY_SIDE, required=True, key="blind_method", format_func=lambda name: _(METHOD_LABELS[name]),
            help=_("A mixed list takes its items from both models in turns; each item that you would take counts for its model."),
        )  # fmt: skip
        chosen = Setup(here.dataset.name, method, tuple(models))
        st.button(_("Start"), key="blind_start", type="primary", disabled=len(models) == 1, on_click=_set_up, args=(chosen,))
        if len(models) == 1:
            st.caption(_("Choose a second model, or none for two at random."))


def _set_up(setup: Setup | None) -> None:
    st.session_state.pop(ROUND, None)
    st.session_state[SETUP] = setup


def _place(here: Cursor) -> tuple[str, str, int]:
    return here.dataset.fingerprint, here.user, here.step


def _start_round(here: Cursor, found: Mapping[str, "CheckpointEntry"], setup: Setup) -> Round:
    first, second = setup.models or SystemRandom().sample(sorted(found), PAIR)
    lists = _rank(here, first), _rank(here, second)
    comparison = start_comparison(here.dataset, here.user, here.step, lists, setup.method, TOP_K)
    try:
        comparisons.save_shown(here, comparison)
    except StoreError as error:
        words = _("This comparison is not saved yet: {reason}. It is saved with your pick as soon as the store answers.", reason=error)
        st.warning(escape_markdown(words))
    shown = st.session_state[ROUND] = Round(_place(here), comparison)
    return shown


def _rank(here: Cursor, name: str) -> RankedList:
    from recsys.analysis.model_comparison import list_top_items

    loaded, replay = cache.loaded(here.dataset, name, here.device), cache.replay_part(here.dataset, name, here.user, here.device, here.step)
    items = list_top_items(replay, here.step, TOP_K)
    scores = replay.top_scores[here.step - replay.first][: len(items)]
    return RankedList(loaded.card.name, loaded.fingerprint, items, [float(score) for score in scores])


def _draw_question(here: Cursor, shown: Round) -> None:
    comparison = shown.comparison
    html.lead(blind_lists.question_html(here, comparison))
    if comparison.method == INTERLEAVED:
        st.button(_("Done"), key="blind_done", type="primary", on_click=_pick_by_clicks, args=(here,))
        clicked = blind_lists.draw_mixed_list(here, comparison)
        st.session_state[ROUND] = replace(shown, clicked=frozenset(clicked))
        return
    for column, (choice, label) in zip(st.columns(len(CHOICES)), CHOICES.items(), strict=True):
        column.button(_(label), key=f"blind_{choice}", on_click=_pick_side, args=(here, choice), width="stretch")
    st.html(blind_lists.columns_html(here, comparison))


@guarded
def _pick_side(here: Cursor, choice: str) -> None:
    sides = dict(zip(("left", "right"), st.session_state[ROUND].comparison.sides, strict=True))
    _take_pick(here, sides.get(choice, TIE))


@guarded
def _pick_by_clicks(here: Cursor) -> None:
    shown: Round = st.session_state[ROUND]
    _take_pick(here, decide_by_clicks(shown.comparison.drafted, shown.clicked))


def _take_pick(here: Cursor, pick: str) -> None:
    """Save the pick, and only then let the page reveal the names; a second click on the same screen changes nothing."""
    shown: Round = st.session_state[ROUND]
    if shown.pick is None:
        comparisons.save_pick(here, shown.comparison, pick, shown.clicked)
        st.session_state[ROUND] = replace(shown, pick=pick)


def _draw_answer(here: Cursor, shown: Round, titles: Mapping[str, str]) -> None:
    html.lead(blind_lists.answer_html(here, shown.comparison, str(shown.pick), titles))
    with st.container(horizontal=True):
        st.button(_("Next user"), key="blind_next", type="primary", on_click=_go_on, args=(here,))
        st.button(_("Change models"), key="blind_change", on_click=_set_up, args=(None,))
        part = {"feedback_part": "comparisons"}
        cursor.jump_button(_("Win rates"), "evaluate/feedback/page.py", "blind_rates", part)
    st.html(blind_lists.columns_html(here, shown.comparison, titles, shown.clicked))


@guarded
def _go_on(here: Cursor) -> None:
    cursor.move_cursor(user=cache.user_after(here.dataset, here.user))

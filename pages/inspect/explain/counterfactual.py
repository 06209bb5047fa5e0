"""What would bring a wanted item into the list, on the page that says why another one is there."""

import time

import streamlit as st

from pages.cache.explanations import explanation_key, explanation_store
from pages.inspect.explain.case import Listed
from pages.shell.cursor import Cursor
from pages.ui import charts, html
from pages.ui.errors import error_boundary, escape_markdown
from recsys.core import TOP_K, request_at
from recsys.explain.counterfactual.addition import BUDGET, Addition, smallest_addition
from recsys.explain.counterfactual.topk_membership import taken_now
from recsys.explain.game import Game
from recsys.explain.wording import would_bring
from recsys.models import MODELS
from recsys.training.checkpoints import Loaded

PATIENCE = 4.0  # seconds for the whole search
FEWEST, TIMED = 48, 4  # questions: asked in any case, and to see how long one takes


@st.fragment
def draw(here: Cursor, found: Loaded, choices: Listed) -> None:
    """A choice of items that are not listed, by default what really came next, and what would bring it in."""
    with error_boundary():
        wanted = ([choices.next] if choices.next in choices.places and choices.next not in choices.items else []) + list(choices.further)
        if not wanted:
            return
        st.html(html.list_head("What would bring another one in", ""))
        item = st.selectbox(
            "Wanted",
            list(dict.fromkeys(wanted)),
            format_func=lambda each: escape_markdown(choices.title(here, each)),
            key=f"wanted_{here.user}_{here.step}",
            label_visibility="collapsed",
        )
        st.html(addition_html(here, _asked(here, found, item)))


def _asked(here: Cursor, found: Loaded, item: str) -> Addition:
    """The answer, kept; or searched now, with its progress shown. Moving the cursor ends the search."""
    key = explanation_key(here.dataset, found, here.user, here.step, item, "addition")
    kept: Addition | None = explanation_store().get(key)
    if kept is None:
        request = request_at(here.history, here.step)
        game = Game(found.model, request, item, aware=MODELS[found.card.model].aware, repeats=here.dataset.repeats)
        with charts.progress("Asking the model …", lambda done, _: f"Asking the model, {done:,} times so far") as report:
            began = time.perf_counter()
            found.model.score([request] * TIMED)
            budget = int(PATIENCE * TIMED / max(time.perf_counter() - began, 1e-6))
            budget = min(max(budget, FEWEST), BUDGET)
            kept = smallest_addition(game, TOP_K, event_of=taken_now(request, here.dataset), budget=budget, report=report)
        explanation_store().put(key, kept)
    return kept


def addition_html(here: Cursor, found: Addition) -> str:
    """The answer in a sentence, and how it was checked."""

    def name(item: str) -> str:
        return f"<b>{html.escape_html(here.dataset.title_of(item))}</b>"

    told = would_bring(found, [name(item) for item in found.added], name(found.displaced) if found.displaced else None)
    checked = "checked by asking the model again, " if found.verified else ""
    return f'<p class="rs-quiet">{told} <span class="rs-note">({checked}{found.evaluations:,} questions in all)</span></p>'

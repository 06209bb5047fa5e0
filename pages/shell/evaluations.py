"""Evaluations that this session may see, and the button that makes them; the test split only after a warning."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages import cache
from pages.shell.account import check_action, draw_refusal
from pages.shell.cursor import Cursor
from pages.ui import charts
from pages.ui.checkpoint_titles import name_checkpoint
from pages.ui.errors import escape_markdown
from recsys.core.formatting import format_number
from recsys.core.translation import _

if TYPE_CHECKING:
    from recsys.leaderboard import Measurement
    from recsys.training.checkpoints import CheckpointEntry


def find_evaluation(here: Cursor, name: str, found: "CheckpointEntry", which: str) -> "Measurement | None":
    """Return the evaluation of a checkpoint on a split; None where it was not made yet.

    That on the test split appears only after this session has asked for it, even if it was made long before.
    """
    if (name, found.card.created, which) in requested_evaluations():
        return cache.evaluation(here.dataset, name, which, here.device)
    return cache.measurement(here.dataset, found.card, which) if which == "validation" else None


def requested_evaluations() -> set[tuple[str, str, str]]:
    """Return (checkpoint, created, split) of the evaluations this session has asked for; results are on disk or in the cache."""
    return st.session_state.setdefault("evaluated", set())


def draw_button(here: Cursor, found: Mapping[str, "CheckpointEntry"], waiting: Sequence[str], which: str) -> None:
    """Draw the button that evaluates the checkpoints that wait for it, or the reason why this account may not; `found` has them by name."""
    if not waiting or draw_refusal("evaluate"):
        return
    agreed = True
    if which == "test":
        st.warning(
            _(
                "Evaluate on the test split once, after all choices are made. "
                "Tuning after looking at test results turns the test split into a validation split."
            )
        )
        agreed = st.checkbox(_("My choices are made; evaluate on the test split now"), key="test_agreed")
        label = _("Evaluate on the test split")
    elif len(waiting) > 1:
        label = _("Evaluate all models and measure their latency")
    else:
        title = escape_markdown(name_checkpoint(waiting[0], found[waiting[0]].card.model))
        label = _("Evaluate {model} and measure its latency", model=title)
    if st.button(label, key="evaluate", disabled=not agreed):
        evaluate(here, found, waiting, which)


def evaluate(here: Cursor, found: Mapping[str, "CheckpointEntry"], names: Sequence[str], which: str) -> None:
    """Evaluate checkpoints and draw the page anew."""
    check_action("evaluate", f"{', '.join(names)} on the {which} split of {here.dataset.name}")

    def describe(done: int, total: int) -> str:
        title = escape_markdown(name_checkpoint(names[done], found[names[done]].card.model))
        return _("Evaluating {model}, {number} of {total} …", model=title, number=format_number(done + 1), total=format_number(total))

    with charts.progress(None, describe) as report:
        for at, name in enumerate(names):
            report(at, len(names))
            cache.evaluation(here.dataset, name, which, here.device)
            requested_evaluations().add((name, found[name].card.created, which))
    st.rerun()

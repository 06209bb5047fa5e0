"""The button that evaluates models now; the test split only after a warning."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages import cache
from pages.evaluate.leaderboard.rows import LeaderboardRows, requested_evaluations
from pages.shell.account import check_action, draw_refusal
from pages.shell.cursor import Cursor
from pages.ui import charts
from pages.ui.checkpoint_titles import matching_checkpoints, name_checkpoint
from pages.ui.errors import escape_markdown
from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.models import find_model_spec

if TYPE_CHECKING:
    from recsys.training.checkpoints import CheckpointEntry


def draw_button(here: Cursor, which: str, shown: LeaderboardRows) -> None:
    """Draw the button if a checkpoint waits to be evaluated on this split."""
    fitting = {name: each for name, each in matching_checkpoints(here).items() if not find_model_spec(each.card.model).candidates_only}
    waiting = [name for name in fitting if name not in shown.evaluations]
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
        title = escape_markdown(name_checkpoint(waiting[0], fitting[waiting[0]].card.model))
        label = _("Evaluate {model} and measure its latency", model=title)
    if st.button(label, key="evaluate", disabled=not agreed):
        _evaluate(here, fitting, waiting, which)


def _evaluate(here: Cursor, found: Mapping[str, "CheckpointEntry"], names: Sequence[str], which: str) -> None:
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

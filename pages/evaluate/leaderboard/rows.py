"""The rows of the leaderboard with the evaluations behind them, and the models that have no row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from pages import cache
from pages.evaluate.leaderboard.labels import ALL
from pages.shell.cursor import Cursor
from pages.shell.evaluations import find_evaluation
from pages.ui.errors import escape_markdown
from recsys.core import Dataset
from recsys.core.formatting import join_words
from recsys.core.translation import _
from recsys.evaluation import Evaluation
from recsys.leaderboard import LeaderboardRow, add_measurement, build_leaderboard_row, explain_exclusion
from recsys.models import MODELS, find_model_spec

if TYPE_CHECKING:
    from recsys.training.checkpoints import CheckpointEntry


@dataclass(frozen=True)
class LeaderboardRows:
    """Rows, and by checkpoint the evaluations of those that were measured."""

    lines: list[LeaderboardRow]
    evaluations: dict[str, Evaluation]


def load_rows(here: Cursor, trained: Mapping[str, "CheckpointEntry"], which: str) -> LeaderboardRows:
    """Return a row for every checkpoint of this version of the dataset, measured if possible, else from its card.

    Test metrics appear only after this session has asked for them, even if they were measured long before.
    """
    lines, evaluations = [], {}
    for name, each in trained.items():
        if each.card.dataset_fingerprint != here.dataset.fingerprint or find_model_spec(each.card.model).candidates_only:
            continue
        line = build_leaderboard_row(each.card, here.dataset)
        measured = find_evaluation(here, name, each, which)
        if measured is not None:
            line = add_measurement(line, measured.evaluation, measured.request_ms)
            evaluations[name] = measured.evaluation
        elif which != "validation":
            continue
        lines.append(line)
    return LeaderboardRows(lines, evaluations)


def select_slice(lines: Sequence[LeaderboardRow], part: str) -> list[LeaderboardRow]:
    """Return the rows with the metrics of one slice of the cases; a row that was never measured has none there."""
    if part == ALL:
        return list(lines)
    found = []
    for line in lines:
        figures = line.slices.get(part)
        found.append(replace(line, metrics=figures.metrics if figures else {}, intervals=figures.intervals if figures else {}))
    return found


def draw_absent_models(dataset: Dataset, trained: Mapping[str, "CheckpointEntry"]) -> None:
    """Draw captions on the models without a row: outdated, not trained, or impossible on this dataset."""
    outdated = [name for name, each in trained.items() if each.card.dataset_fingerprint != dataset.fingerprint]
    if outdated:
        sentence = _(
            "Not shown, because the dataset has changed since they were trained: {names}. Train them again.", names=join_words(outdated)
        )
        st.caption(escape_markdown(sentence))
    untrained, excluded = list_absent_models(dataset, trained)
    if untrained:
        names = escape_markdown(join_words(untrained))
        if dataset.name in cache.uploads():
            st.caption(_("Not trained yet: {models}. Train them on the Checkpoints page.", models=names))
        else:
            command = f"python -m recsys leaderboard {dataset.name}"
            st.caption(
                _("Not trained yet: {models}. Train them on the Checkpoints page, or all with `{command}`.", models=names, command=command)
            )
    if excluded:
        reasons = "; ".join(_("{model}: {reason}", model=title, reason=reason) for title, reason in excluded.items())
        st.caption(escape_markdown(_("Not on this leaderboard – {reasons}.", reasons=reasons)))


def list_absent_models(dataset: Dataset, trained: Mapping[str, "CheckpointEntry"]) -> tuple[list[str], dict[str, str]]:
    """Return titles of the models that could be trained here, and of the others the reason why they cannot have a row."""
    there = {each.card.model for each in trained.values()}
    reasons = {spec.title: explain_exclusion(spec, dataset) for name, spec in MODELS.items() if name not in there or spec.candidates_only}
    return [title for title, why in reasons.items() if why is None], {title: why for title, why in reasons.items() if why is not None}

"""What the leaderboard shows: the lines, the evaluations behind them, the part of the cases looked at, and the button that measures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import charts
from recsys.core import Dataset
from recsys.evaluation import Evaluation
from recsys.figures.leaderboard import Mark
from recsys.leaderboard import LeaderboardRow, leaderboard_row, measured_row, why_not
from recsys.models import MODELS

if TYPE_CHECKING:
    from recsys.training.checkpoints import Found

FIRST = "ndcg@10"
METRICS = {"ndcg@10": "NDCG@10", "hr@10": "Hit rate@10", "hr@1": "Hit rate@1", "mrr": "MRR"}
MEANINGS = {
    "ndcg@10": "1 when the next item is first, less the lower it stands, 0 outside the ten",
    "hr@10": "how often the next item is among the ten",
    "hr@1": "how often the next item is first",
    "mrr": "one over the rank of the next item",
}
MORE = {
    "precision@10": "Precision@10",
    "recall@10": "Recall@10",
    "f1@10": "F1@10",
    "coverage@10": "Coverage@10",
    "novelty@10": "Novelty@10, bits",
    "diversity@10": "Diversity@10",
    "rmse": "RMSE of ratings",
    "log_loss": "Log loss of behaviours",
    "parameters": "Parameters",
    "seconds": "Training, s",
    "request": "One request, ms",
}
LOGARITHMIC = ("parameters", "seconds", "request")
SPLITS = {"validation": "Validation events", "test": "Test events"}
ALL = "all"
PARTS = {ALL: "Everything", "new_users": "New people", "rare_items": "Rare items"}


@dataclass(frozen=True)
class LeaderboardRows:
    """Lines, and by checkpoint the evaluations of those that were measured."""

    lines: list[LeaderboardRow]
    judged: dict[str, Evaluation]


def load_rows(here: Cursor, trained: Mapping[str, "Found"], which: str) -> LeaderboardRows:
    """A line a checkpoint that fits this data: what was ever measured of it, else what its card says of validation.

    Test figures stand there only once this session has asked for them, however long they have been known.
    """
    lines, judged = [], {}
    for name, each in trained.items():
        if each.card.dataset_fingerprint != here.dataset.fingerprint or MODELS[each.card.model].candidates_only:
            continue
        line, asked = leaderboard_row(each.card, here.dataset), (name, each.card.created, which) in _asked()
        kept = cache.evaluation(here.dataset, name, which, here.device) if asked else None
        if kept is None and which == "validation":
            kept = cache.measurement(here.dataset, each.card, which)
        if kept is not None:
            line = measured_row(line, kept.evaluation, kept.request_ms)
            judged[name] = kept.evaluation
        elif which != "validation":
            continue
        lines.append(line)
    return LeaderboardRows(lines, judged)


def only(lines: Sequence[LeaderboardRow], part: str) -> list[LeaderboardRow]:
    """The lines with the figures of one part of the cases; a line never measured has none there."""
    if part == ALL:
        return list(lines)
    found = []
    for line in lines:
        figures = line.slices.get(part)
        found.append(replace(line, metrics=figures.metrics if figures else {}, intervals=figures.intervals if figures else {}))
    return found


def stale(dataset: Dataset, trained: Mapping[str, "Found"]) -> str:
    """A sentence on checkpoints that are left out, or nothing."""
    old = [name for name, each in trained.items() if each.card.dataset_fingerprint != dataset.fingerprint]
    return f"Left out, since the data has changed after they were trained: {', '.join(old)}. Train them again." if old else ""


def absent(dataset: Dataset, trained: Mapping[str, "Found"]) -> tuple[list[str], dict[str, str]]:
    """Titles of the models that could be trained here, and of those that have no place here with the reason."""
    there = {each.card.model for each in trained.values()}
    reasons = {spec.title: why_not(spec, dataset) for name, spec in MODELS.items() if name not in there or spec.candidates_only}
    return [title for title, why in reasons.items() if why is None], {title: why for title, why in reasons.items() if why is not None}


def _asked() -> set[tuple[str, str, str]]:
    """What this session has asked to be evaluated; the results themselves are on disk or in the loaders' cache."""
    return st.session_state.setdefault("evaluated", set())


def draw_evaluate(here: Cursor, trained: Mapping[str, "Found"], which: str, shown: LeaderboardRows) -> None:
    """The button that measures here and now; the test split only after a warning was read."""
    fits = {name: each for name, each in trained.items() if each.card.dataset_fingerprint == here.dataset.fingerprint}
    fitting = {name: each for name, each in fits.items() if not MODELS[each.card.model].candidates_only}
    waiting = [name for name in fitting if name not in shown.judged]
    if not waiting:
        return
    agreed = True
    if which == "test":
        st.warning(
            "The test split is to be read once, when every choice is made. Who looks, changes something and looks again has made it a validation split."
        )
        agreed = st.checkbox("My choices are made; read the test split now", key="test_agreed")
    label = (
        "Read the test split"
        if which == "test"
        else f"Measure {'all' if len(waiting) > 1 else waiting[0]} here, with the time of a request"
    )
    if st.button(label, key="evaluate", disabled=not agreed):
        _evaluate(here, fitting, waiting, which)


def _evaluate(here: Cursor, trained: Mapping[str, "Found"], names: Sequence[str], which: str) -> None:
    with charts.progress(None, lambda done, total: f"Judging {names[done]}, {done + 1} of {total} …") as report:
        for at, name in enumerate(names):
            report(at, len(names))
            cache.evaluation(here.dataset, name, which, here.device)
            _asked().add((name, trained[name].card.created, which))
    st.rerun()


def axes(lines: Sequence[LeaderboardRow]) -> dict[str, str]:
    """What can be drawn: figures that two lines or more have."""
    every = {**METRICS, **MORE}
    return {key: title for key, title in every.items() if sum(value_of(line, key) is not None for line in lines) > 1}


def value_of(line: LeaderboardRow, key: str) -> float | None:
    values = {"parameters": line.parameters, "seconds": max(line.train_seconds, 0.01), "request": line.request_ms}
    return values[key] if key in values else line.metrics.get(key)


def marks(lines: Sequence[LeaderboardRow], x: str, y: str, chosen: str) -> list[Mark]:
    """Dots of the lines that have both figures."""
    found = []
    for line in lines:
        across, up = value_of(line, x), value_of(line, y)
        if across is not None and up is not None:
            found.append(Mark(line.title, across, up, line.intervals.get(x), line.intervals.get(y), bool(line.aware), line.name == chosen))
    return found

"""The state of an import in the session: an upload, the answers given so far, its plan and the result of its check."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import streamlit as st

from pages import cache
from pages.explore.dataset.import_choices import LAYOUTS
from pages.shell.account import check_action
from recsys.core import Check, Dataset
from recsys.core.errors import DataError, QuestionError, RecsysError, summarize_error
from recsys.core.translation import _
from recsys.datasets import read_file
from recsys.datasets.importing.import_plan import ImportPlan, plan_file
from recsys.datasets.importing.options import Options, Pairs
from recsys.datasets.importing.row_choices import list_choices

KEY = "wizard"  # in the session state


@dataclass
class ImportState:
    """An upload on its way to a dataset.

    Attributes:
        file: the id of the upload.
        path: its copy in this session's folder.
        answers: the answers to questions about the plan, and the layout; the other choices are read from their widgets.
        rows: the treatment of kinds of rows, from questions and from the widgets below the report.
        turn: the number of plans made, part of the keys of widgets, so that those of a new plan start on its guess.
        planned: the answers of the latest plan, None before the first.
        plan: the latest plan, None while only a question is known.
        plan_question: the question that must be answered before there is a plan for these answers.
        must_check: whether an answer asks for a check without a click.
        checked: the choices of the latest check, None before the first.
        result: the dataset of that check, or the question or the error that it ended in.
        choosable: lines of the report that offer a choice, by kind of rows; of all checks, as the rows of a kind may be dropped later.
        side_files: for each use of a further file, the id of its upload and its path.
        saved: the name under which the dataset was saved, None until then.
    """

    file: str
    path: Path
    answers: Options = field(default_factory=Options)
    rows: Pairs = ()
    turn: int = 0
    planned: Options | None = None
    plan: ImportPlan | None = None
    plan_question: QuestionError | None = None
    must_check: bool = False
    checked: Options | None = None
    result: Dataset | RecsysError | None = None
    choosable: dict[str, Check] = field(default_factory=dict)
    side_files: dict[str, tuple[str, str]] = field(default_factory=dict)
    saved: str | None = None

    @property
    def widget_key(self) -> str:
        """The end of the keys of widgets that a new plan replaces."""
        return f"{self.file}_{self.turn}"


def keep_upload(file: Any) -> ImportState:
    """Return the state of the import of an upload, which is written to this session's own folder once."""
    state: ImportState | None = st.session_state.get(KEY)
    if state is None or state.file != file.file_id:
        check_action("upload", file.name)
        state = st.session_state[KEY] = ImportState(file.file_id, cache.write_uploads([file], "events"))
    return state


def start_again(state: ImportState) -> None:
    """Forget every answer about this file."""
    st.session_state[KEY] = ImportState(state.file, state.path, turn=state.turn)


def keep_side_file(file: Any, use: str, state: ImportState) -> str:
    """Return the path of an uploaded file that describes the events, which is written to this session's own folder once."""
    if state.side_files.get(use, ("", ""))[0] != file.file_id:
        check_action("upload", file.name)
        state.side_files[use] = file.file_id, str(cache.write_uploads([file], use))
    return state.side_files[use][1]


def plan_import(state: ImportState) -> None:
    """Put the plan for the answers, or the question that comes before it, into the state."""
    answers = state.answers
    try:
        with _reading_errors(state.path.name):
            plan = plan_file(state.path, answers)
    except QuestionError as question:
        state.plan_question = question
    else:
        if answers.layout is not None and plan.layout != answers.layout:
            raise DataError(_("{file} cannot be read with the layout “{layout}”", file=plan.file, layout=_(LAYOUTS[answers.layout])))
        state.plan, state.plan_question = plan, None
    state.planned = answers
    state.turn += 1


def check_import(options: Options, state: ImportState) -> None:
    """Read and clean the file; put the dataset, or the question or the error that it ends in, into the state."""
    if state.checked is None or replace(state.checked, rows=()) != replace(options, rows=()):
        state.choosable = {}
    state.checked = options
    try:
        given = {key: value for key, value in vars(options).items() if value != ()}
        with _reading_errors(state.path.name):
            dataset = read_file(state.path, name="upload", **given)
    except RecsysError as error:
        state.result = error
        return
    state.result = dataset
    state.choosable.update({check.choice: check for check in dataset.checks if check.rows and len(list_choices(check.choice)) > 1})


@contextmanager
def _reading_errors(name: str) -> Iterator[None]:
    """Turn the errors that readers raise on a damaged file into one sentence."""
    try:
        yield
    except (csv.Error, duckdb.Error, pa.ArrowException, pd.errors.ParserError, OSError, ValueError) as error:
        reason = summarize_error(error)[:200]
        message = _("{file} cannot be read: {reason}; save it as CSV in UTF-8 and try again", file=name, reason=reason)
        raise DataError(message) from error

"""Import of a file: upload it, correct the guessed columns, read the cleaning report, then accept. The data stays private."""

import csv
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import streamlit as st

from pages import cache
from pages.explore.dataset import cleaning_report, import_choices, overview, use_dataset
from pages.explore.dataset.import_choices import SEPARATORS
from pages.ui import html
from pages.ui.errors import escape_markdown
from recsys.core import Check, Dataset
from recsys.core.errors import DataError, QuestionError, RecsysError
from recsys.core.nouns import count_events
from recsys.core.translation import N_, _
from recsys.datasets import read_file
from recsys.datasets.importing.import_plan import ID_ROLES, ImportPlan, plan_file
from recsys.datasets.importing.options import Options
from recsys.datasets.importing.row_choices import list_choices

LEAD = N_(
    "A file of events: CSV, Excel, JSON, Parquet, RecBole <code>.inter</code>, NumPy, lines of <code>user item item …</code>, or a zip of "
    "them. It stays private to this browser tab and is deleted when you close the tab."
)
# The formats offered for upload, LEAD says them to users; recsys/datasets/importing/file_format.py recognises them by content.
FILE_TYPES = [
    "csv",
    "tsv",
    "txt",
    "dat",
    "data",
    "xlsx",
    "xls",
    "ods",
    "json",
    "jsonl",
    "parquet",
    "pq",
    "inter",
    "npz",
    "npy",
    "zip",
    "gz",
]
SIDE_TYPES = [*FILE_TYPES, "item", "user"]


def draw() -> None:
    """Draw the steps of the import, as far as the file has come."""
    file = st.file_uploader(_("Your file"), FILE_TYPES, key="upload")
    if file is None:
        st.caption(
            _(
                "Users and items are required; a file of one user needs no column of users. Times, ratings, coordinates and titles make "
                "more of the app available."
            )
        )
        return
    try:
        state = _keep_upload(file)
        plan = _plan_once(state)
        if plan is not None:
            _draw_report(_draw_choices(plan, state), plan, state)
    except RecsysError as error:
        st.error(escape_markdown(error))


@contextmanager
def _reading_errors(name: str) -> Iterator[None]:
    """Turn the errors that readers raise on a damaged file into one sentence."""
    try:
        yield
    except (csv.Error, duckdb.Error, pa.ArrowException, pd.errors.ParserError, OSError, ValueError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        message = _("{file} cannot be read: {reason}; save it as CSV in UTF-8 and try again", file=name, reason=reason[:200])
        raise DataError(message) from error


def _keep_upload(file: Any) -> dict[str, Any]:
    """Return the state of the import of an upload, which is written to this session's own folder once."""
    state: dict[str, Any] = st.session_state.setdefault("wizard", {})
    if state.get("file") != file.file_id:
        state.clear()
        state.update(file=file.file_id, path=_write_upload(file, "events"), answers=Options(), rows=(), turn=0)
    return state


def _write_upload(file: Any, use: str) -> Path:
    """Write an upload to this session's folder in place of the last one of the same use, and return its path."""
    safe = re.sub(r"[^\w.\-]+", "-", Path(file.name).name, flags=re.ASCII).lstrip(".-") or "upload.csv"
    folder = cache.session_folder() / use
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / safe
    path.write_bytes(file.getbuffer())
    return path


def _plan_once(state: dict[str, Any]) -> ImportPlan | None:
    """Return the plan of the import for the answers given so far; draw the question and return None where one must be answered first."""
    answers: Options = state["answers"]
    if state.get("planned") != answers:
        try:
            _plan(state, answers)
        except RecsysError as error:
            if "planned" not in state:
                raise
            st.error(escape_markdown(error))
            state.update(answers=state["planned"], turn=state["turn"] + 1)  # new widgets, which show the answers that are kept
    question: QuestionError | None = state["asked"]
    if question is not None:
        _ask(question, state)
        return None
    plan: ImportPlan = state["plan"]
    return plan


def _plan(state: dict[str, Any], answers: Options) -> None:
    """Put the plan for these answers, or the question that comes first, into the state."""
    try:
        with _reading_errors(state["path"].name):
            plan = plan_file(state["path"], answers)
    except QuestionError as question:
        state.update(asked=question, planned=answers, turn=state["turn"] + 1)
        return
    if answers.layout is not None and plan.layout != answers.layout:
        raise DataError(
            _(
                "{file} cannot be read with the layout “{layout}”",
                file=plan.file,
                layout=_(import_choices.LAYOUTS[answers.layout]),
            )
        )
    state.update(plan=plan, asked=None, planned=answers, turn=state["turn"] + 1)


def _ask(question: QuestionError, state: dict[str, Any]) -> None:
    """Draw a question; its answer joins the others and the page runs again."""
    answer = import_choices.draw_question(question, f"{state['file']}_{state['turn']}")
    if answer is None:
        return
    name, value = answer
    if name == "rows":
        state["rows"] = (*state["rows"], tuple(value.split("=", 1)))
    else:
        state["answers"] = replace(state["answers"], **{name: value})
    state["check_now"] = state["asked"] is None  # the question came from the check
    st.rerun()


def _start_again(state: dict[str, Any]) -> None:
    """Forget every answer about this file."""
    kept = {key: state[key] for key in ("file", "path", "turn")}
    state.clear()
    state.update(kept, answers=Options(), rows=())


def _draw_choices(plan: ImportPlan, state: dict[str, Any]) -> Options:
    """Draw the guess with its reasons as select boxes that correct it, and the rules of the cleaning."""
    file: str = state["file"]
    turn = f"{file}_{state['turn']}"
    st.subheader(_("1 · Assign the columns"))
    st.caption(escape_markdown(_describe_format(plan)))
    if state["answers"] != Options():
        st.button(_("Answer the questions about this file again"), key=f"start_again_{file}", on_click=_start_again, args=(state,))
    st.dataframe(plan.sample.head(5), hide_index=True, width="stretch", key=f"sample_{turn}")
    layout = import_choices.draw_layout(plan, turn)
    if layout != plan.layout:
        state["answers"] = replace(state["answers"], layout=layout)
        st.rerun()
    mapping = import_choices.draw_mapping(plan, turn)
    duplicates, missing, ties = import_choices.draw_rules(file)
    behaviours = import_choices.draw_behaviours(plan.sample, dict(mapping)["behaviour"], file)
    items = _draw_side_file(_("A file that describes the items (optional)"), "items", state)
    return replace(
        state["answers"],
        layout=layout,
        mapping=mapping,
        duplicates=duplicates,
        missing=missing,
        ties=ties,
        behaviours=behaviours,
        items=items,
        rows=state["rows"],
    )


def _draw_side_file(label: str, key: str, state: dict[str, Any]) -> str | None:
    """Draw the upload of a file that describes items, and return its path in this session's folder."""
    file = st.file_uploader(label, SIDE_TYPES, key=f"{key}_{state['file']}")
    if file is None:
        return None
    if state.get(f"{key}_file") != file.file_id:
        state[f"{key}_file"], state[f"{key}_path"] = file.file_id, str(_write_upload(file, key))
    path: str = state[f"{key}_path"]
    return path


def _describe_format(plan: ImportPlan) -> str:
    found = plan.file_format
    if found.dialect is None or found.kind == "inter":
        return _(FORMATS[found.kind], file=plan.file)
    separator = _(SEPARATORS[found.delimiter]) if found.delimiter in SEPARATORS else _("“{text}”", text=found.delimiter)
    values = dict(file=plan.file, separator=separator, encoding=found.encoding)
    if found.has_header:
        return _("{file} has columns separated by {separator} ({encoding}). Its first rows:", **values)
    return _("{file} has columns separated by {separator} ({encoding}) and no header line. Its first rows:", **values)


FORMATS = {
    "parquet": N_("{file} is a Parquet table. Its first rows:"),
    "inter": N_("{file} is a RecBole .inter table. Its first rows:"),
    "lines": N_("{file} has a user on each line, followed by items. Its first events:"),
    "json": N_("{file} is a JSON file. Its first rows:"),
    "workbook": N_("{file} is a workbook. The first rows of its table:"),
    "numpy": N_("{file} is a NumPy file. Its first rows:"),
}


def _draw_report(options: Options, plan: ImportPlan, state: dict[str, Any]) -> None:
    """Draw the cleaning report of exactly these choices, and only then the button that accepts the data."""
    file: str = state["file"]
    st.subheader(_("2 · Read the cleaning report"))
    has_ids = all(dict(options.mapping)[role] for role in ID_ROLES)
    is_answered = state.pop("check_now", False)
    if (st.button(_("Check the file"), type="primary", key="check_file", disabled=not has_ids) or is_answered) and has_ids:
        _check(options, plan.file, state)
    if not has_ids:
        st.caption(_("Choose the columns of the user and of the item first."))
        return
    if "checked" not in state:
        st.caption(_("Nothing has been imported yet. “Check the file” shows the cleaning report first; then you decide."))
        return
    if replace(state["checked"], rows=()) != replace(options, rows=()):
        st.info(_("You changed a setting above: check the file again."))
        return
    if "question" in state:
        _ask(state["question"], state)
        return
    if "refusal" in state:
        st.error(escape_markdown(state["refusal"]))
        return
    checked: Dataset = state["dataset"]
    html.lead(_describe_result(checked))
    cleaning_report.draw_checks(checked.checks)
    turn = f"{file}_{state['turn']}"
    rows = import_choices.draw_row_choices(_remember(checked, state), turn)
    state["rows"] = (*(pair for pair in state["rows"] if pair[0] not in state["kinds"]), *rows)
    if dict(state["rows"]) != dict(state["checked"].rows):
        st.info(_("You changed what to do with some rows: check the file again."))
        if st.button(_("Check again"), key=f"check_again_{turn}"):
            state["check_now"] = True
            st.rerun()
        return
    use_dataset.draw(use_dataset.Imported(checked, state["path"], state["checked"]), file)


def _check(options: Options, file: str, state: dict[str, Any]) -> None:
    """Read and clean the file; put the dataset, or the question that comes first, or the error into the state."""
    for key in ("dataset", "question", "refusal"):
        state.pop(key, None)
    if "checked" not in state or replace(state["checked"], rows=()) != replace(options, rows=()):
        state["kinds"] = {}
    state["checked"] = options
    with st.spinner(_("Reading and cleaning {dataset} …", dataset=file)):
        try:
            given = {key: value for key, value in vars(options).items() if value != ()}
            with _reading_errors(file):
                state["dataset"] = read_file(state["path"], name="upload", **given)
        except QuestionError as question:
            state["question"] = question
        except RecsysError as error:
            state["refusal"] = error


def _remember(dataset: Dataset, state: dict[str, Any]) -> list[Check]:
    """Return the lines of the report that offer a choice, also those of an earlier check, whose rows may now be dropped."""
    seen: dict[str, Check] = state["kinds"]
    seen.update({check.choice: check for check in dataset.checks if check.rows and len(list_choices(check.choice)) > 1})
    return list(seen.values())


def _describe_result(dataset: Dataset) -> str:
    """Return the size of the cleaned data and the summary of its cleaning as HTML."""
    events = count_events(len(dataset.interactions), dataset.noun)
    size = overview.describe_size(len(dataset.user_ids), len(dataset.item_ids), events)
    sentences = [f"<b>{html.escape_html(size)}</b>.", html.escape_html(cleaning_report.summarize_checks(dataset.checks))]
    if dataset.times is None:
        sentences.append(_("The file has no times: the order of its rows is taken as the order of events."))
    return " ".join(sentences)

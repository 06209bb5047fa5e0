"""Import of a file: upload it, correct the guessed columns, read the cleaning report, then accept. The data stays private."""

import csv
import re
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
from recsys.core import Dataset
from recsys.core.errors import DataError, QuestionError, RecsysError
from recsys.core.nouns import count_events
from recsys.core.translation import N_, _
from recsys.datasets import read_file
from recsys.datasets.importing.import_plan import ImportPlan, plan_file
from recsys.datasets.importing.options import Options

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
        with _reading_errors(file.name):
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
        state.update(file=file.file_id, path=_write_upload(file), answers=Options(), rows=())
    return state


def _write_upload(file: Any) -> Path:
    safe = re.sub(r"[^\w.\-]+", "-", Path(file.name).name, flags=re.ASCII).lstrip(".-") or "upload.csv"
    path = cache.session_folder() / safe
    path.write_bytes(file.getbuffer())
    return path


def _plan_once(state: dict[str, Any]) -> ImportPlan | None:
    """Return the plan of the import for the answers given so far; draw the question and return None where one must be answered first."""
    answers: Options = state["answers"]
    if state.get("planned") != answers:
        try:
            state.update(plan=plan_file(state["path"], answers), planned=answers)
        except QuestionError as question:
            _ask(question, state)
            return None
    plan: ImportPlan = state["plan"]
    return plan


def _ask(question: QuestionError, state: dict[str, Any]) -> None:
    """Draw a question; its answer joins the others and the page runs again."""
    answer = import_choices.draw_question(question, state["file"])
    if answer is None:
        return
    name, value = answer
    if name == "rows":
        state["rows"] = (*state["rows"], tuple(value.split("=", 1)))
    else:
        state["answers"] = replace(state["answers"], **{name: value})
    state["check_now"] = "dataset" in state or name in ("rows", "dates")
    st.rerun()


def _draw_choices(plan: ImportPlan, state: dict[str, Any]) -> Options:
    """Draw the guess with its reasons as select boxes that correct it, and the rules of the cleaning."""
    file: str = state["file"]
    st.subheader(_("1 · Assign the columns"))
    st.caption(escape_markdown(_describe_format(plan)))
    st.dataframe(plan.sample.head(5), hide_index=True, width="stretch", key=f"sample_{file}")
    layout = import_choices.draw_layout(plan, file)
    if layout != plan.layout:
        state["answers"] = replace(state["answers"], layout=layout)
        st.rerun()
    mapping = import_choices.draw_mapping(plan, file)
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
        state[f"{key}_file"], state[f"{key}_path"] = file.file_id, str(_write_upload(file))
    path: str = state[f"{key}_path"]
    return path


def _describe_format(plan: ImportPlan) -> str:
    found = plan.file_format
    if found.dialect is None or found.kind == "inter":
        return _(FORMATS[found.kind], file=plan.file)
    separator = _(SEPARATORS[found.delimiter]) if found.delimiter in SEPARATORS else _("“{text}”", text=found.delimiter)
    values = dict(file=plan.file, separator=separator, encoding=found.encoding)
    if found.header:
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
    if st.button(_("Check the file"), type="primary", key="check_file") or state.pop("check_now", False):
        state.pop("dataset", None)
        with st.spinner(_("Reading and cleaning {dataset} …", dataset=plan.file)):
            try:
                dataset = read_file(state["path"], name="upload", **{key: value for key, value in vars(options).items() if value != ()})
            except QuestionError as question:
                state["question"] = question
            else:
                state.pop("question", None)
                state.update(dataset=dataset, choices=options)
    if "question" in state and "dataset" not in state:
        _ask(state["question"], state)
        return
    checked: Dataset | None = state.get("dataset")
    if checked is None:
        st.caption(_("Nothing has been imported yet. “Check the file” shows the cleaning report first; then you decide."))
        return
    if replace(state["choices"], rows=()) != replace(options, rows=()):
        st.info(_("You changed a setting above: check the file again."))
        return
    html.lead(_describe_result(checked))
    st.html(cleaning_report.report_html(checked.checks))
    rows = import_choices.draw_row_choices(_remember(checked, state), file)
    state["rows"] = (*(pair for pair in state["rows"] if pair[0] not in _kinds(state)), *rows)
    if dict(state["rows"]) != dict(state["choices"].rows):
        st.info(_("You changed a setting above: check the file again."))
        if st.button(_("Check again"), key="check_again"):
            state["check_now"] = True
            st.rerun()
        return
    use_dataset.draw(use_dataset.Imported(checked, state["path"], state["choices"]), file)


def _remember(dataset: Dataset, state: dict[str, Any]) -> list[Any]:
    """Return the lines of the report that offer a choice, also those of an earlier check, whose rows may now be dropped."""
    seen: dict[str, Any] = state.setdefault("kinds", {})
    seen.update({check.choice: check for check in dataset.checks if check.choice and check.rows})
    return list(seen.values())


def _kinds(state: dict[str, Any]) -> set[str]:
    return set(state.get("kinds", ()))


def _describe_result(dataset: Dataset) -> str:
    """Return the size of the cleaned data and the summary of its cleaning as HTML."""
    events = count_events(len(dataset.interactions), dataset.noun)
    size = overview.describe_size(len(dataset.user_ids), len(dataset.item_ids), events)
    sentences = [f"<b>{html.escape_html(size)}</b>.", html.escape_html(cleaning_report.summarize_checks(dataset.checks))]
    if dataset.times is None:
        sentences.append(_("The file has no times: the order of its rows is taken as the order of events."))
    return " ".join(sentences)

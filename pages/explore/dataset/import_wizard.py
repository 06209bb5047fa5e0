"""Import of a file: upload it, correct the guessed columns, read the cleaning report, then accept. The data stays private."""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import streamlit as st

from pages import cache
from pages.explore.dataset import cleaning_report, overview, use_dataset
from pages.ui import html
from pages.ui.errors import escape_markdown
from recsys.core import Dataset
from recsys.core.errors import DataError, RecsysError
from recsys.core.formatting import join_words
from recsys.core.nouns import count_events
from recsys.core.translation import N_, _
from recsys.datasets import read_file
from recsys.datasets.importing.column_roles import ColumnGuess, guess_columns
from recsys.datasets.importing.options import Options
from recsys.datasets.importing.times import DATE_ORDERS
from recsys.datasets.source import KEYS

LEAD = N_(
    "A table of events: CSV, TSV, Parquet, RecBole <code>.inter</code>, a zip or gzip of one of them, or lines of "
    "<code>user item item …</code>. It stays private to this browser tab and is deleted when you close the tab."
)
# The formats offered for upload, LEAD says them to users; recsys/datasets/importing/file_format.py recognises them by content.
FILE_TYPES = ["csv", "tsv", "txt", "dat", "data", "parquet", "pq", "inter", "zip", "gz"]
SEPARATORS = {"\t": N_("tabs"), ",": N_("commas"), ";": N_("semicolons"), "|": N_("vertical bars"), " ": N_("spaces")}
COLUMN_LABELS = {
    "user_id": N_("User"),
    "item_id": N_("Item"),
    "timestamp": N_("Time"),
    "position": N_("Position"),
    "behaviour": N_("Behaviour"),
    "rating": N_("Rating"),
    "weight": N_("Weight"),
    "latitude": N_("Latitude"),
    "longitude": N_("Longitude"),
    "title": N_("Item title"),
    "category": N_("Item category"),
    "text": N_("Text"),
}
COLUMN_HELP = {
    "user_id": N_("the id of the user; required"),
    "item_id": N_("the id of the item; required"),
    "timestamp": N_("seconds, milliseconds or text, with or without a time zone"),
    "position": N_("the place in the user’s order, where times are missing or equal"),
    "behaviour": N_("view, buy, like …"),
    "rating": N_("a number"),
    "weight": N_("a count of plays, a quantity or hours"),
    "latitude": N_("degrees, −90 to 90"),
    "longitude": N_("degrees, −180 to 180"),
    "title": N_("the name of the item"),
    "category": N_("a few words that many items share"),
    "text": N_("a description of the item, or a search query"),
}
DUPLICATE_RULES = {"keep": N_("keep and count them"), "drop": N_("drop all but the first")}
MISSING_RULES = {
    "keep": N_("leave them empty"),
    "drop": N_("drop the row"),
    "mean": N_("fill in the mean"),
    "median": N_("fill in the median"),
    "interpolate": N_("interpolate between the user’s events"),
}
DATE_ORDER_LABELS = {"day-first": N_("day first"), "month-first": N_("month first"), "year-first": N_("year first")}


@dataclass(frozen=True)
class Choices:
    """The settings of an import. A cleaning report is valid only for the choices it was made with."""

    mapping: tuple[tuple[str, str], ...]
    duplicates: Any
    missing: Any
    dates: str | None


def draw() -> None:
    """Draw the steps of the import, as far as the file has come."""
    file = st.file_uploader(_("Your file"), FILE_TYPES, key="upload")
    if file is None:
        st.caption(
            _(
                "A column of users and a column of items are required. Times, ratings, coordinates and titles make more of the app available."
            )
        )
        return
    try:
        with _reading_errors(file.name):
            guess, path = _guess_once(file)
            if guess.sample.empty:
                raise DataError(_("{file} has no rows below its header line; choose a file with events in it", file=file.name))
            choices = _draw_choices(guess, file.file_id)
            _draw_report(path, choices, file.file_id)
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


def _guess_once(file: Any) -> tuple[ColumnGuess, Path]:
    """Return the guessed columns of an upload and its path in this session's own folder; computed once for each upload."""
    state = st.session_state.setdefault("wizard", {})
    if state.get("file") != file.file_id:
        safe = re.sub(r"[^\w.\-]+", "-", Path(file.name).name, flags=re.ASCII).lstrip(".-") or "upload.csv"
        path = cache.session_folder() / safe
        path.write_bytes(file.getbuffer())
        state.clear()
        state.update(file=file.file_id, path=path, guess=guess_columns(path))
    return state["guess"], state["path"]


def _draw_choices(guess: ColumnGuess, file: str) -> Choices:
    """Draw the guess with its reasons as select boxes that correct it, and the rules of the cleaning."""
    st.subheader(_("1 · Assign the columns"))
    st.caption(escape_markdown(_describe_format(guess)))
    st.dataframe(guess.sample.head(5), hide_index=True, width="stretch", key=f"sample_{file}")
    mapping = () if guess.file_format.kind == "lines" else _draw_mapping(guess, file)
    if guess.file_format.kind == "lines":
        st.caption(_("Every line is a user followed by items, oldest first, so there is nothing to choose."))
    first, second, third = st.columns(3)
    duplicates = first.selectbox(
        _("Duplicate rows"), list(DUPLICATE_RULES), format_func=lambda rule: _(DUPLICATE_RULES[rule]), key=f"duplicates_{file}"
    )
    missing = second.selectbox(
        _("Missing ratings and coordinates"), list(MISSING_RULES), format_func=lambda rule: _(MISSING_RULES[rule]), key=f"missing_{file}"
    )
    dates = None
    if guess.ambiguous_date is not None:
        dates = third.selectbox(
            escape_markdown(_("“{date}” can be read in two ways", date=guess.ambiguous_date)),
            DATE_ORDERS,
            index=None,
            format_func=lambda order: _(DATE_ORDER_LABELS[order]),
            placeholder=_("choose one"),
            key=f"dates_{file}",
        )
    return Choices(mapping, duplicates, missing, dates)


def _describe_format(guess: ColumnGuess) -> str:
    layout = guess.file_format
    if layout.kind == "parquet":
        return _("{file} is a Parquet table. Its first rows:", file=guess.file)
    if layout.kind == "inter":
        return _("{file} is a RecBole .inter table. Its first rows:", file=guess.file)
    if layout.kind == "lines":
        return _("{file} has a user on each line, followed by items. Its first rows:", file=guess.file)
    delimiter = layout.delimiter or ""
    separator = _(SEPARATORS[delimiter]) if delimiter in SEPARATORS else _("“{text}”", text=delimiter)
    values = dict(file=guess.file, separator=separator, encoding=layout.encoding)
    if layout.header:
        return _("{file} has columns separated by {separator} ({encoding}). Its first rows:", **values)
    return _("{file} has columns separated by {separator} ({encoding}) and no header line. Its first rows:", **values)


def _draw_mapping(guess: ColumnGuess, file: str) -> tuple[tuple[str, str], ...]:
    # A suggestion can also be an id of two columns, or one user for all rows.
    options = ["", *dict.fromkeys([*guess.columns, *guess.mapping.values()])]
    chosen = {}
    for start in range(0, len(KEYS), 5):
        for column, key in zip(st.columns(5), KEYS[start : start + 5], strict=False):
            suggested = guess.mapping.get(key, "")
            value = column.selectbox(
                _(COLUMN_LABELS[key]),
                options,
                index=options.index(suggested),
                format_func=lambda name: escape_markdown(name) if name else _("not in this file"),
                key=f"map_{key}_{file}",
                help=_(COLUMN_HELP[key]),
            )
            chosen[key] = value
            if value and value == suggested:
                column.caption(escape_markdown(guess.reasons.get(key, "")))
    unused = [name for name in guess.columns if name not in chosen.values()]
    if unused:
        st.caption(escape_markdown(_("Not used: {columns}.", columns=join_words(unused))))
    return tuple(chosen.items())


def _draw_report(path: Path, choices: Choices, file: str) -> None:
    """Draw the cleaning report of exactly these choices, and only then the button that accepts the data."""
    state = st.session_state["wizard"]
    st.subheader(_("2 · Read the cleaning report"))
    if st.button(_("Check the file"), type="primary", key="check_file"):
        state.pop("dataset", None)
        with st.spinner(_("Reading and cleaning {dataset} …", dataset=path.name)):
            mapping = dict(choices.mapping)
            state["dataset"] = read_file(
                path, mapping or None, "upload", duplicates=choices.duplicates, missing=choices.missing, dates=choices.dates
            )
            state["choices"] = choices
    dataset: Dataset | None = state.get("dataset")
    if dataset is None:
        st.caption(_("Nothing has been imported yet. “Check the file” shows the cleaning report first; then you decide."))
        return
    if state["choices"] != choices:
        st.info(_("You changed a setting above: check the file again."))
        return
    html.lead(_describe_result(dataset))
    st.html(cleaning_report.report_html(dataset.checks))
    options = Options(choices.duplicates, choices.missing, choices.dates, choices.mapping)
    use_dataset.draw(use_dataset.Imported(dataset, path, options), file)


def _describe_result(dataset: Dataset) -> str:
    """Return the size of the cleaned data and the summary of its cleaning as HTML."""
    events = count_events(len(dataset.interactions), dataset.noun)
    size = overview.describe_size(len(dataset.user_ids), len(dataset.item_ids), events)
    sentences = [f"<b>{html.escape_html(size)}</b>.", html.escape_html(cleaning_report.summarize_checks(dataset.checks))]
    if dataset.times is None:
        sentences.append(_("The file has no times: the order of its rows is taken as the order of events."))
    return " ".join(sentences)

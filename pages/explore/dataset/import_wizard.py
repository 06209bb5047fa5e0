"""Bring your own file: upload, correct the guessed columns, read the report, then accept. Nobody else sees the data."""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import streamlit as st

from pages import cache
from pages.explore.dataset import cleaning_report
from pages.shell import cursor
from pages.ui import formatting, html
from pages.ui.errors import escape_markdown
from recsys.core import Dataset
from recsys.core.errors import DataError, RecsysError
from recsys.datasets import DATASETS, read_file
from recsys.datasets.importing.column_roles import ColumnGuess, guess_columns
from recsys.datasets.importing.times import DATE_ORDERS
from recsys.datasets.source import KEYS

LEAD = (
    "A table of events: CSV, TSV, Parquet, RecBole <code>.inter</code>, a zip of one of them, or lines of "
    "<code>person item item …</code>. It stays private to this window, and is gone when you close it."
)
KINDS = ["csv", "tsv", "txt", "dat", "data", "parquet", "pq", "inter", "zip", "gz"]
LAYOUTS = {"parquet": "a Parquet table", "inter": "a RecBole .inter table", "lines": "a person a line, with items behind them"}
MARKS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars", " ": "spaces"}
NOT_THERE = "not in this file"
WORDS = {
    "user_id": ("Person", "who did it; needed"),
    "item_id": ("Item", "what it was done to; needed"),
    "timestamp": ("When", "seconds, milliseconds or text, with or without a zone"),
    "behaviour": ("What was done", "view, buy, like …"),
    "rating": ("Rating", "a number"),
    "latitude": ("Latitude", "degrees, −90 to 90"),
    "longitude": ("Longitude", "degrees, −180 to 180"),
    "title": ("Name of the item", "what people call it"),
    "category": ("Kind of item", "a few words that many items share"),
    "text": ("Text", "a description of the item, or a search"),
}
DUPLICATES = {"keep": "keep and count them", "drop": "drop all but the first"}
MISSING = {
    "keep": "leave them empty",
    "drop": "drop the row",
    "mean": "fill in the mean",
    "median": "fill in the median",
    "interpolate": "fill in from the person’s events before and after",
}


@dataclass(frozen=True)
class Choices:
    """What a person chose; the report is only good for these."""

    mapping: tuple[tuple[str, str], ...]
    duplicates: Any
    missing: Any
    dates: str | None


def draw() -> None:
    file = st.file_uploader("Your file", KINDS, key="upload")
    if file is None:
        st.caption("What is needed: a column of people and a column of items. Times, ratings, places and names make the pages richer.")
        return
    try:
        with _readable(file.name):
            guessed, path = _guessed(file)
            if guessed.sample.empty:
                raise DataError(f"{file.name} has no rows below its line of names; choose a file with events in it")
            choices = _ask(guessed, file.file_id)
            _check(path, choices, file.file_id)
    except RecsysError as error:
        st.error(escape_markdown(error))


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Whatever a damaged file makes its readers raise becomes one line."""
    try:
        yield
    except (csv.Error, duckdb.Error, pa.ArrowException, pd.errors.ParserError, OSError, ValueError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(f"{name} cannot be read: {reason[:200]}; save it as CSV in UTF-8 and try again") from error


def _guessed(file: Any) -> tuple[ColumnGuess, Path]:
    """The guess for an upload, made once; the file lies in this session's own folder."""
    state = st.session_state.setdefault("wizard", {})
    if state.get("file") != file.file_id:
        safe = re.sub(r"[^\w.\-]+", "-", Path(file.name).name, flags=re.ASCII).lstrip(".-") or "upload.csv"
        path = cache.workspace() / safe
        path.write_bytes(file.getbuffer())
        state.clear()
        state.update(file=file.file_id, path=path, guess=guess_columns(path))
    return state["guess"], state["path"]


def _ask(guessed: ColumnGuess, file: str) -> Choices:
    """The guess with its reasons, as select boxes that correct it."""
    mark = MARKS.get(guessed.layout.delimiter or "", f"“{guessed.layout.delimiter}”")
    looks = LAYOUTS.get(guessed.layout.kind, f"columns separated by {mark}, {guessed.layout.encoding}")
    header = "" if guessed.layout.header or guessed.layout.kind != "separated" else ", without a line of names"
    st.subheader("1 · Which column is what?")
    st.caption(escape_markdown(f"{guessed.file} looks like {looks}{header}. The first rows:"))
    st.dataframe(guessed.sample.head(5), hide_index=True, width="stretch", key=f"sample_{file}")
    mapping = () if guessed.layout.kind == "lines" else _mapping(guessed, file)
    if guessed.layout.kind == "lines":
        st.caption("Every line is a person followed by items, oldest first: there is nothing to choose.")
    first, second, third = st.columns(3)
    duplicates = first.selectbox("Rows that occur twice", DUPLICATES, format_func=DUPLICATES.__getitem__, key=f"duplicates_{file}")
    missing = second.selectbox("Missing ratings and places", MISSING, format_func=MISSING.__getitem__, key=f"missing_{file}")
    dates = None
    if guessed.two_ways is not None:
        words = {order: order.replace("-", " ") for order in DATE_ORDERS}
        label = escape_markdown(f"“{guessed.two_ways}” can be read two ways")
        dates = third.selectbox(label, words, index=None, format_func=words.__getitem__, placeholder="say which", key=f"dates_{file}")
    return Choices(mapping, duplicates, missing, dates)


def _mapping(guessed: ColumnGuess, file: str) -> tuple[tuple[str, str], ...]:
    options = ["", *guessed.columns]
    chosen = {}
    for start in range(0, len(KEYS), 5):
        for column, key in zip(st.columns(5), KEYS[start : start + 5], strict=False):
            label, meaning = WORDS[key]
            suggested = guessed.mapping.get(key, "")
            value = column.selectbox(
                label,
                options,
                index=options.index(suggested),
                format_func=lambda name: escape_markdown(name) if name else NOT_THERE,
                key=f"map_{key}_{file}",
                help=meaning,
            )
            chosen[key] = value
            if value and value == suggested:
                column.caption(escape_markdown(guessed.reasons.get(key, "")))
    unused = [name for name in guessed.columns if name not in chosen.values()]
    if unused:
        st.caption(escape_markdown(f"Not used: {', '.join(unused)}."))
    return tuple(chosen.items())


def _check(path: Path, choices: Choices, file: str) -> None:
    """The report for exactly these choices, and only then the button that accepts."""
    state = st.session_state["wizard"]
    st.subheader("2 · What cleaning finds")
    if st.button("Check the file", type="primary", key="check_file"):
        state.pop("dataset", None)
        with st.spinner("Reading and cleaning …"):
            mapping = dict(choices.mapping)
            state["dataset"] = read_file(path, mapping or None, "upload", choices.duplicates, choices.missing, choices.dates)
            state["choices"] = choices
    dataset: Dataset | None = state.get("dataset")
    if dataset is None:
        st.caption("Nothing is taken over yet: the report comes first, then you decide.")
        return
    if state["choices"] != choices:
        st.info("You changed something above: check the file again.")
        return
    counts = f"{len(dataset.user_ids):,} people, {len(dataset.item_ids):,} items, {formatting.plural(len(dataset.interactions), 'event')}"
    order = "" if dataset.times is not None else " The file has no times: the order of its rows is taken as the order of events."
    html.lead(f"<b>{counts}</b>. {html.escape_html(cleaning_report.summary(dataset.checks))}{order}")
    st.html(cleaning_report.report_html(dataset.checks))
    st.subheader("3 · Use it")
    name = st.text_input("What to call it", value=dataset.title, max_chars=60, key=f"name_{file}")
    st.button("Use this data", type="primary", key="use_data", on_click=_accept, args=(dataset, name))


def _accept(dataset: Dataset, title: str) -> None:
    """Make it this session's own and move the cursor to it."""
    title = title.strip() or dataset.title
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "my-data"
    name, taken, number = slug[:60], {*DATASETS, *cache.dataset_titles()}, 2
    while name in taken:
        name, number = f"{slug[:60]}-{number}", number + 1
    cache.uploads()[name] = replace(dataset, name=name, title=title)
    st.session_state.pop("wizard", None)
    cursor.move_cursor(dataset=name)
    st.session_state["dataset_part"] = "What it is"

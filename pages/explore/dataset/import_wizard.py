"""Import of a file: upload it, correct the guessed columns, read the cleaning report, then accept. The data stays private."""

from dataclasses import replace

import streamlit as st

from pages.explore.dataset import cleaning_report, import_choices, overview, use_dataset
from pages.explore.dataset.import_questions import ask_question
from pages.explore.dataset.import_state import ImportState, check_import, keep_side_file, keep_upload, plan_import, start_again
from pages.shell.account import draw_refusal
from pages.ui import html
from pages.ui.errors import escape_markdown
from recsys.core import Dataset
from recsys.core.errors import QuestionError, RecsysError
from recsys.core.nouns import count_events
from recsys.core.translation import N_, _
from recsys.datasets.importing.import_plan import ID_ROLES, ImportPlan
from recsys.datasets.importing.options import Options

LEAD = N_(
    "A file of events: CSV, Excel, JSON, Parquet, RecBole <code>.inter</code>, NumPy, lines of <code>user item item …</code>, or a zip of "
    "them. It stays private to this browser tab and is deleted when you close the tab."
)
# The endings offered for upload, which LEAD names; recsys/datasets/importing/file_format.py recognizes the formats by content.
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
SEPARATORS = {"\t": N_("tabs"), ",": N_("commas"), ";": N_("semicolons"), "|": N_("vertical bars"), " ": N_("spaces")}
FORMAT_SENTENCES = {
    "parquet": N_("{file} is a Parquet table. Its first rows:"),
    "inter": N_("{file} is a RecBole .inter table. Its first rows:"),
    "lines": N_("{file} has a user on each line, followed by items. Its first events:"),
    "json": N_("{file} is a JSON file. Its first rows:"),
    "workbook": N_("{file} is a workbook. The first rows of its table:"),
    "numpy": N_("{file} is a NumPy file. Its first rows:"),
}


def draw() -> None:
    """Draw the steps of the import, as far as the file has come."""
    if draw_refusal("upload"):
        return
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
        state = keep_upload(file)
        plan = _draw_plan_question(state)
        if plan is not None:
            _draw_report(_draw_choices(plan, state), plan, state)
    except RecsysError as error:
        st.error(escape_markdown(error))


def _draw_plan_question(state: ImportState) -> ImportPlan | None:
    """Return the plan for the answers given so far; draw the question and return None where one must be answered first."""
    if state.planned != state.answers:
        try:
            plan_import(state)
        except RecsysError as error:
            if state.planned is None:
                raise
            st.error(escape_markdown(error))
            state.answers = state.planned
            state.turn += 1  # new widgets, which show the answers that are kept
    if state.plan_question is None:
        return state.plan
    ask_question(state.plan_question, state)
    return None


def _draw_choices(plan: ImportPlan, state: ImportState) -> Options:
    """Draw the guess with its reasons as select boxes that correct it, and the rules of the cleaning."""
    st.subheader(_("1 · Assign the columns"))
    st.caption(escape_markdown(_describe_format(plan)))
    if state.answers != Options():
        st.button(_("Answer the questions about this file again"), key=f"start_again_{state.file}", on_click=start_again, args=(state,))
    st.dataframe(plan.sample.head(5), hide_index=True, width="stretch", key=f"sample_{state.widget_key}")
    layout = import_choices.draw_layout(plan, state.widget_key)
    if layout != plan.layout:
        state.answers = replace(state.answers, layout=layout)
        st.rerun()
    mapping = import_choices.draw_mapping(plan, state.widget_key)
    duplicates, missing, ties = import_choices.draw_rules(state.file)
    behaviours = import_choices.draw_behaviours(plan.sample, dict(mapping)["behaviour"], state.file)
    item_file = st.file_uploader(_("A file that describes the items (optional)"), SIDE_TYPES, key=f"items_{state.file}")
    return replace(
        state.answers,
        layout=layout,
        mapping=mapping,
        duplicates=duplicates,
        missing=missing,
        ties=ties,
        behaviours=behaviours,
        items=keep_side_file(item_file, "items", state) if item_file else None,
        rows=state.rows,
    )


def _describe_format(plan: ImportPlan) -> str:
    found = plan.file_format
    if found.kind in FORMAT_SENTENCES:
        return _(FORMAT_SENTENCES[found.kind], file=plan.file)
    separator = _(SEPARATORS[found.delimiter]) if found.delimiter in SEPARATORS else _("“{text}”", text=found.delimiter)
    values = dict(file=plan.file, separator=separator, encoding=found.encoding)
    if found.has_header:
        return _("{file} has columns separated by {separator} ({encoding}). Its first rows:", **values)
    return _("{file} has columns separated by {separator} ({encoding}) and no header line. Its first rows:", **values)


def _draw_report(options: Options, plan: ImportPlan, state: ImportState) -> None:
    """Draw the cleaning report of exactly these choices, and only then the button that accepts the data."""
    st.subheader(_("2 · Read the cleaning report"))
    has_ids = all(dict(options.mapping)[role] for role in ID_ROLES)
    must_check, state.must_check = state.must_check, False
    if (st.button(_("Check the file"), type="primary", key="check_file", disabled=not has_ids) or must_check) and has_ids:
        with st.spinner(_("Reading and cleaning {dataset} …", dataset=plan.file)):
            check_import(options, state)
    if not has_ids:
        st.caption(_("Choose the columns of the user and of the item first."))
    elif state.checked is None:
        st.caption(_("Nothing has been imported yet. “Check the file” shows the cleaning report first; then you decide."))
    elif replace(state.checked, rows=()) != replace(options, rows=()):
        st.info(_("You changed a setting above: check the file again."))
    elif isinstance(state.result, QuestionError):
        ask_question(state.result, state)
    elif isinstance(state.result, RecsysError):
        st.error(escape_markdown(state.result))
    elif state.result is not None:
        _draw_result(state.result, state.checked, state)


def _draw_result(dataset: Dataset, checked: Options, state: ImportState) -> None:
    """Draw the report of a dataset with the choices for its kinds of rows, and the last step once these are the checked ones."""
    html.lead(_describe_result(dataset))
    cleaning_report.draw_checks(dataset.checks)
    rows = import_choices.draw_row_choices(state.choosable.values(), state.widget_key)
    state.rows = (*(pair for pair in state.rows if pair[0] not in state.choosable), *rows)
    if dict(state.rows) == dict(checked.rows):
        use_dataset.draw(use_dataset.Imported(dataset, state.path, checked), state)
        return
    st.info(_("You changed what to do with some rows: check the file again."))
    if st.button(_("Check again"), key=f"check_again_{state.widget_key}"):
        state.must_check = True
        st.rerun()


def _describe_result(dataset: Dataset) -> str:
    """Return the size of the cleaned data and the summary of its cleaning as HTML."""
    events = count_events(len(dataset.interactions), dataset.noun)
    size = overview.describe_size(len(dataset.user_ids), len(dataset.item_ids), events)
    sentences = [f"<b>{html.escape_html(size)}</b>.", html.escape_html(cleaning_report.summarize_checks(dataset.checks))]
    if dataset.times is None:
        sentences.append(_("The file has no times: the order of its rows is taken as the order of events."))
    return " ".join(sentences)

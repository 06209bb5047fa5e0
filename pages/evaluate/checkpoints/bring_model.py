"""Import of a model trained elsewhere: upload it, answer what its files do not say, read what matched, and use it."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages import cache
from pages.shell import cursor
from pages.shell.account import check_action, draw_refusal
from pages.shell.cursor import Cursor
from pages.ui import html
from pages.ui.errors import escape_markdown
from recsys.core.errors import QuestionError, RecsysError
from recsys.core.formatting import format_fixed, format_number
from recsys.core.translation import N_, _
from recsys.model_import.formats import FORMATS, read_models
from recsys.model_import.options import ImportOptions
from recsys.models import find_model_spec

if TYPE_CHECKING:
    from recsys.model_import.imported_model import ImportedModel
    from recsys.training.checkpoints import CheckpointCard

STATE = "bring_model"
ID_FILES = {
    "items": (N_("Ids of the items"), N_("in the order of the model: one id a line, JSON or NumPy")),
    "users": (N_("Ids of the users"), N_("in the order of the model: one id a line, JSON or NumPy")),
    "interactions": (N_("Interactions it was trained on"), N_("such as RecBole’s .inter file, from which the ids are numbered")),
}
ANSWERS = {
    "last": N_("before the last event of each user"),
    "second-last": N_("before the last two events of each user"),
    "end": N_("after all events"),
    "dot": N_("dot product"),
    "cosine": N_("cosine"),
    "euclidean": N_("Euclidean distance"),
    "left": N_("on the left"),
    "right": N_("on the right"),
    "none": N_("not at all"),
    "rank==rows": N_("yes, the best item first"),
    **{name: each.title for name, each in FORMATS.items()},
}
"""Answers as sentences; other answers, such as columns, are shown as they are."""


def draw(here: Cursor) -> None:
    """Draw the upload, the question that is open, and the models that were imported."""
    if draw_refusal("upload"):
        return
    files = st.file_uploader(
        _("A model, its vectors or its recommendations"),
        accept_multiple_files=True,
        key="model_files",
        help=_("Several files are taken as one folder, such as a Hugging Face folder or vectors of items and users."),
    )
    st.caption(
        _(
            "Recommendations as a table, vectors of items and users, RecBole checkpoints, RecTools exports, Hugging Face folders, ONNX "
            "networks. No code in the files is executed."
        )
    )
    question = st.session_state.get(STATE, {}).get("question")
    with st.expander(_("Files with ids, if the model has numbers only"), expanded=_asks_for_ids(question)):
        paths = {key: _draw_id_file(key) for key in ID_FILES}
    if not files:
        st.session_state.pop(STATE, None)
        return
    state = _keep_upload(files, here)
    name = st.text_input(
        _("Checkpoint name"),
        max_chars=60,
        key="model_name",
        placeholder=_("by the name of the file or of the model in it"),
        help=_("Several models in one file get this name with their own behind it."),
    )
    if st.button(_("Import"), type="primary", key="import_model") or state.pop("again", False):
        _import(here, state, paths, name.strip())
    if "question" in state:
        _draw_question(state["question"], state)
    elif "refusal" in state:
        st.error(escape_markdown(state["refusal"]))
    for imported, card in state.get("results", ()):
        _draw_result(imported, card)


def _draw_id_file(key: str) -> Path | None:
    label, help_text = ID_FILES[key]
    file = st.file_uploader(_(label), key=f"model_{key}", help=_(help_text))
    if file is None:
        return None
    check_action("upload")
    return cache.write_uploads([file], f"model-{key}")


def _keep_upload(files: list[Any], here: Cursor) -> dict[str, Any]:
    """Return the state of the import of these files, which are written to this session's folder once."""
    state: dict[str, Any] = st.session_state.setdefault(STATE, {})
    identity = (here.dataset.name, *(file.file_id for file in files))
    if state.get("identity") != identity:
        check_action("upload", ", ".join(file.name for file in files))
        state.clear()
        state.update(identity=identity, path=cache.write_uploads(files, "model"), answers=ImportOptions(), turn=0)
    return state


def _import(here: Cursor, state: dict[str, Any], paths: dict[str, Path | None], name: str) -> None:
    """Read and save the models; put them, or the question that comes first, or the error into the state."""
    from recsys.model_import.saving import choose_names, save_imported_models

    for key in ("results", "question", "refusal"):
        state.pop(key, None)
    id_files: dict[str, Any] = {key: path for key, path in paths.items() if path is not None}
    options: ImportOptions = replace(state["answers"], **id_files)
    own = cache.private_checkpoints(here.dataset)
    with st.spinner(_("Importing …")):
        try:
            found = read_models(state["path"], here.dataset, options)
            names = choose_names(found, name)
            replaces = own is None and not cache.checkpoints(here.dataset).keys().isdisjoint(names)
            check_action("replace" if replaces else "upload", f"{', '.join(names)} imported for {here.dataset.name}")
            state["results"] = list(zip(found, save_imported_models(found, here.dataset, name, folder=own), strict=True))
        except QuestionError as question:
            state["question"] = question
        except RecsysError as error:
            state["refusal"] = error
    state["turn"] += 1


def _asks_for_ids(question: QuestionError | None) -> bool:
    """Return whether a question is answered by one of the files with ids."""
    return question is not None and question.option.removeprefix("--") in ID_FILES


def _draw_question(question: QuestionError, state: dict[str, Any]) -> None:
    """Draw a question with its choices, the likeliest chosen; the answer starts the import again."""
    st.warning(escape_markdown(question))
    if _asks_for_ids(question):
        st.caption(_("Choose the file under “Files with ids” above, and press Import again."))
        return
    suggested = question.suggestion[1] if len(question.suggestion) > 1 else None
    choices = list(question.choices) or ([suggested] if suggested else [])
    if not choices:
        return
    answer = st.selectbox(
        _("Answer"),
        choices,
        index=choices.index(suggested) if suggested in choices else None,
        format_func=lambda each: _(ANSWERS[each]) if each in ANSWERS else each,
        key=f"model_answer_{state['turn']}",
    )
    if st.button(_("Go on"), key=f"model_go_on_{state['turn']}", type="primary") and answer:
        state["answers"] = _add_answer(state["answers"], question.option, answer)
        state["again"] = True
        st.rerun()


def _add_answer(options: ImportOptions, option: str, answer: str) -> ImportOptions:
    if option == "--map":
        role, _is_pair, column = answer.partition("=")
        return replace(options, columns={**options.columns, role: column})
    answered: dict[str, Any] = {option.removeprefix("--").replace("-", "_"): answer}
    return replace(options, **answered)


def _draw_result(imported: "ImportedModel", card: "CheckpointCard") -> None:
    """Draw what matched, the first quality figure, and the button that opens the model on the timeline."""
    spec = find_model_spec(card.model)
    with st.container(border=True):
        ndcg = card.validation.get("ndcg@10")
        quality = (
            _("no validation event to measure it on")
            if ndcg is None
            else _("NDCG@10 {value} on validation events", value=format_fixed(ndcg, 3))
        )
        name, kind = html.escape_html(card.name), html.escape_html(spec.title)
        st.html(f"<b>{name}</b> · {kind} · {html.escape_html(quality)}")
        if imported.matches:
            rows = "".join(
                f'<tr><td>{html.escape_html(_(each.check, **(each.values or {})))}</td><td class="n">{format_number(each.rows)}</td></tr>'
                for each in imported.matches
            )
            st.html(f'<table class="rs-table"><tbody>{rows}</tbody></table>')
        cursor.jump_button(_("Open the timeline"), "explore/timeline/page.py", f"open_{card.name}", model=card.name)

"""The form that changes a case, and what a person is told whose case has been changed by someone else meanwhile."""

from dataclasses import dataclass, replace

import streamlit as st

from pages.shell import open_case
from pages.shell.account import current_account, current_store
from pages.shell.keep_case import offer_tags
from pages.ui.errors import escape_markdown, guarded
from recsys.cases.case import Case, CaseChangedError
from recsys.cases.keeping import edit_case, load_case
from recsys.cases.limits import MOST_TAGS
from recsys.core.errors import RecsysError
from recsys.core.translation import _

EDITED = "case_edited"


@dataclass(frozen=True)
class Editing:
    """A case as it was when its form was opened; `error` is why it was not saved, `other` the case as someone else has saved it meanwhile."""

    case: Case
    error: str = ""
    other: Case | None = None


def begin(case: Case) -> None:
    """Open the form of a case."""
    st.session_state[EDITED] = Editing(case)
    st.session_state[f"note_{case.id}"], st.session_state[f"tags_{case.id}"] = case.note, list(case.tags)


@guarded
def begin_by_id(case_id: str) -> None:
    """Open the form of the case with an id."""
    begin(load_case(current_store(), current_account(), case_id))


def is_edited(case: Case) -> bool:
    """Return whether the form of a case is open in this session."""
    editing: Editing | None = st.session_state.get(EDITED)
    return editing is not None and editing.case.id == case.id


def draw(case: Case) -> None:
    """Draw the form; after a conflict, the other person's text above it."""
    editing: Editing = st.session_state[EDITED]
    if editing.error:
        st.error(escape_markdown(editing.error))
    if editing.other is not None:
        st.caption(_("The note and the tags as they are now:"))
        st.html(open_case.note_html(editing.other.note) + open_case.about_html(editing.other))
    for key, value in ((f"note_{case.id}", editing.case.note), (f"tags_{case.id}", list(editing.case.tags))):
        if key not in st.session_state:  # the page was left with the form open
            st.session_state[key] = value
    st.text_area(_("Note"), key=f"note_{case.id}", height=220, help=_("Markdown works; HTML is shown as text."))
    tags = list(dict.fromkeys([*editing.case.tags, *st.session_state.get(f"tags_{case.id}", []), *offer_tags()]))
    st.multiselect(_("Tags"), tags, key=f"tags_{case.id}", accept_new_options=True, max_selections=MOST_TAGS)
    with st.container(horizontal=True, gap="small"):
        label = _("Save") if editing.other is None else _("Replace it with mine")
        st.button(label, key=f"save_{case.id}", type="primary", on_click=_save, args=(editing,))
        if editing.other is not None:
            st.button(_("Edit theirs"), key=f"theirs_{case.id}", on_click=begin, args=(editing.other,))
        st.button(_("Cancel"), key=f"cancel_{case.id}", on_click=_end)


def _save(editing: Editing) -> None:
    case = editing.other or editing.case
    note, tags = st.session_state.get(f"note_{case.id}") or "", st.session_state.get(f"tags_{case.id}") or []
    try:
        edit_case(current_store(), current_account(), case.id, note, tags, case.revision)
    except CaseChangedError as error:
        st.session_state[EDITED] = replace(editing, error=str(error), other=error.current)
    except RecsysError as error:
        st.session_state[EDITED] = replace(editing, error=str(error))
    else:
        _end()


def _end() -> None:
    st.session_state.pop(EDITED, None)

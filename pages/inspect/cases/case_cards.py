"""One case: its view, note and tags, with buttons to open, edit, copy and delete it."""

import streamlit as st

from pages import cache
from pages.inspect.cases import case_editing, reports
from pages.shell import open_case
from pages.shell.account import current_account, current_store, is_allowed_here
from pages.ui import downloads, html
from pages.ui.errors import escape_markdown, guarded
from recsys.accounts.roles import is_allowed
from recsys.cases.case import PAGE_TITLES, Case, View
from recsys.cases.keeping import delete_case, load_case
from recsys.cases.note_html import shorten_note
from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.models import KNOWN_MODELS

SHOWN = 1_200
"""Characters of a note in the list; the case alone shows it whole."""
EDITED_BY_LINK = "case_edited_by_link"


def draw_case(case: Case, is_alone: bool = False) -> None:
    """Draw a case, or the form that changes its note and tags."""
    with st.container(border=True, key=f"case_{case.id}"):
        obstacle = open_case.find_obstacle(case.view)
        st.html(_head_html(case))
        if case_editing.is_edited(case):
            case_editing.draw(case)
            return
        if case.note.strip():
            st.html(open_case.note_html(case.note if is_alone else shorten_note(case.note, SHOWN)))
        if obstacle:
            st.warning(escape_markdown(obstacle))
        _draw_buttons(case, is_openable=obstacle is None, is_cut=not is_alone and len(case.note) > SHOWN)


def edit_once(case_id: str, is_wanted: bool) -> None:
    """Begin to edit a case that a link asks to edit; not again when the form was closed."""
    if is_wanted and st.session_state.get(EDITED_BY_LINK) != case_id:
        st.session_state[EDITED_BY_LINK] = case_id
        case_editing.begin_by_id(case_id)
    elif not is_wanted:
        st.session_state.pop(EDITED_BY_LINK, None)


def describe_view(view: View) -> str:
    """Return the page, user and step of a view as plain text."""
    title = _(PAGE_TITLES[view.page]) if view.page in PAGE_TITLES else view.page
    return _("{page} · user {user} at step {step}", page=title, user=view.user_id, step=format_number(view.step))


def _head_html(case: Case) -> str:
    view = case.view
    dataset = cache.dataset_titles().get(view.dataset, view.dataset)
    model = KNOWN_MODELS[view.checkpoint].title if view.checkpoint in KNOWN_MODELS else view.checkpoint
    if view.version > 1:
        model = _("{model}, version {version}", model=model, version=view.version)
    title, about = (html.escape_html(each) for each in (describe_view(view), f"{dataset} · {model}"))
    return f'<div class="rs-case"><b>{title}</b><span>{about}</span></div>{open_case.about_html(case)}'


def _draw_buttons(case: Case, is_openable: bool, is_cut: bool) -> None:
    account = current_account()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button(_("Open"), key=f"open_{case.id}", type="primary", disabled=not is_openable):
            open_case.open_case(case)
        if is_cut:
            st.button(_("Whole note"), key=f"whole_{case.id}", on_click=_show_alone, args=(case.id,))
        if is_allowed_here("keep cases"):
            st.button(_("Edit"), key=f"edit_{case.id}", on_click=case_editing.begin, args=(case,))
        name = f"case-{case.view.dataset}-{case.view.user_id}-{case.view.step}"
        reports.draw_report_button(lambda store, account: [load_case(store, account, case.id)], _("Report"), name, f"report_{case.id}")
        downloads.copy_link(f"copy_{case.id}", downloads.Link(f"cases?{open_case.LINKED}={case.id}"))
        if is_allowed_here("keep cases") and (case.account_id == account.id or is_allowed(account, "delete")):
            popover = st.popover(_("Delete"), key=f"delete_{case.id}", on_change="rerun")
            if popover.open:
                with popover:
                    st.caption(_("The case and its note are deleted for everyone."))
                    st.button(_("Delete it"), key=f"delete_now_{case.id}", type="primary", on_click=_delete, args=(case.id,))


def _show_alone(case_id: str) -> None:
    st.query_params[open_case.ALONE] = case_id


@guarded
def _delete(case_id: str) -> None:
    delete_case(current_store(), current_account(), case_id)
    if st.query_params.get(open_case.ALONE) == case_id:
        del st.query_params[open_case.ALONE]

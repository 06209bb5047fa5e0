"""The control in the sidebar that keeps the view on the screen as a case, and the button that copies a link to it."""

import streamlit as st

from pages import cache
from pages.shell import open_case, view_settings
from pages.shell.account import current_account, current_store, draw_refusal, signed_in
from pages.shell.cursor import Cursor, current_cursor
from pages.shell.feedback import is_private
from pages.ui import downloads
from pages.ui.errors import error_boundary, escape_markdown
from recsys.cases.case import Case, View
from recsys.cases.keeping import count_tags, keep_case
from recsys.cases.limits import MOST_TAGS
from recsys.core.errors import RecsysError
from recsys.core.translation import N_, _
from recsys.feedback.version_names import split_version

NOTE, TAGS, KEPT, FAILED = "keep_note", "keep_tags", "case_kept", "case_failed"
OFFERED = 1_000
"""Tags that are offered, the most frequent ones; any other can be typed."""
PRIVATE = N_(
    "This dataset belongs to your session and ends with it, so its views cannot be kept. To keep cases of it, prepare the file on the command "
    "line: {command}"
)


@st.fragment
@signed_in
@error_boundary()
def draw(page: str) -> None:
    """Draw “Keep this case” on the pages whose views can be kept, and “Copy link” on all.

    The lists of a blind comparison are not kept: the case would name the model.
    """
    here = current_cursor()
    is_blind = page == "compare" and st.session_state.get("compare_view") == "blind"
    with st.container(horizontal=True, gap="small", key="keep_row"):
        if page in open_case.PAGES and not is_blind and st.button(_("Keep this case"), key="keep_case"):
            st.session_state.pop(KEPT, None)
            st.dialog(_("Keep this case"), width="medium")(_draw_form)(page, here)
        downloads.copy_link("copy_view", lambda: _make_link(page, here))


def offer_tags() -> list[str]:
    """Return the tags of all cases, the most frequent first."""
    return list(count_tags(current_store(), current_account()))[:OFFERED]


def _make_link(page: str, here: Cursor) -> downloads.Link:
    address, is_whole = view_settings.make_link(page, here)
    return downloads.Link(address, "" if is_whole else _("Link copied. It holds dataset, model, user and step, not the other settings."))


@signed_in
@error_boundary()
def _draw_form(page: str, here: Cursor) -> None:
    """Draw note and tags, and once the case is kept that it is."""
    if is_private(here):
        st.info(escape_markdown(_(PRIVATE, command="python -m recsys prepare FILE")))
        return
    if draw_refusal("keep cases"):
        return
    kept: Case | None = st.session_state.get(KEPT)
    if kept is not None:
        st.success(_("Kept. Opening the case brings this view back."))
        with st.container(horizontal=True, vertical_alignment="center"):
            downloads.copy_link("copy_kept", downloads.Link(f"cases?{open_case.LINKED}={kept.id}"))
            st.page_link(open_case.CASES, label=_("All cases"))
        return
    st.text_area(_("Note"), key=NOTE, height=180, placeholder=_("What is worth remembering? Markdown works."), persist_state="session")
    st.multiselect(
        _("Tags"), offer_tags(), key=TAGS, accept_new_options=True, max_selections=MOST_TAGS, placeholder=_("choose or type a tag"),
        persist_state="session",
    )  # fmt: skip
    if error := st.session_state.pop(FAILED, None):
        st.error(escape_markdown(error))
    st.button(_("Save"), key="keep_save", type="primary", on_click=_save, args=(page, here))


def _save(page: str, here: Cursor) -> None:
    """Keep the view with the note and the tags, and empty both for the next case; an error leaves them as they are."""
    note, tags = st.session_state.get(NOTE) or "", st.session_state.get(TAGS) or []
    try:
        case = keep_case(current_store(), current_account(), _describe_view(page, here), note, tags)
    except RecsysError as error:
        st.session_state[FAILED] = str(error)
        return
    st.session_state[KEPT] = case
    st.session_state[NOTE], st.session_state[TAGS] = "", []


def _describe_view(page: str, here: Cursor) -> View:
    found = cache.loaded(here.dataset, here.model, here.device) if here.trained else None
    checkpoint, version = split_version(found.card.name if found else here.model)
    return View(
        dataset=here.dataset.name,
        checkpoint=checkpoint,
        version=version,
        checkpoint_fingerprint=found.fingerprint if found else "",
        user_id=here.user,
        step=here.step,
        page=page,
        settings=view_settings.read_settings(page, here),
        dataset_fingerprint=here.dataset.fingerprint,
    )

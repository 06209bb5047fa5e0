"""The kept case that this session has open: its view restored, its note above the page, and what has changed since it was kept."""

from dataclasses import dataclass

import streamlit as st

from pages import cache
from pages.shell import cursor, view_settings
from pages.shell.account import current_account, current_store, sign_in_settings
from pages.shell.cursor import Cursor
from pages.ui import html
from pages.ui.errors import escape_markdown, notice
from recsys.cases.case import Case, View
from recsys.cases.keeping import load_case
from recsys.cases.note_html import render_note
from recsys.core import Dataset
from recsys.core.errors import RecsysError
from recsys.core.formatting import format_number, format_short_moment, local_time
from recsys.core.nouns import count_events
from recsys.core.translation import _
from recsys.feedback.version_names import join_version
from recsys.models import MODELS

LINKED = "case"
"""Name in the URL of the id of a case: that of the open one, and of one that a link opens."""
ALONE = "show"
"""Name in the URL of the id of a case that the page Cases shows alone."""
CASES = "inspect/cases/page.py"
PAGES = {
    "timeline": "explore/timeline/page.py",
    "recommend": "demo/recommend/page.py",
    "compare": "demo/compare/page.py",
    "explain": "inspect/explain/page.py",
    "attention": "inspect/attention/page.py",
    "drift": "inspect/drift/page.py",
}
"""Files of the pages whose views can be kept, by address."""
OPEN, PENDING, FOLLOWED = "open_case", "case_pending", "case_followed"


@dataclass(frozen=True)
class OpenCase:
    """A case that was opened, the place where its view is shown now, and sentences on what has changed since it was kept."""

    case: Case
    place: view_settings.Place
    changes: tuple[str, ...]


def follow_link(page: str) -> None:
    """Open the case that the URL names, once; call before the cursor's widgets are drawn.

    A case that cannot be opened is shown on the page Cases, which says why.
    """
    linked = st.query_params.get(LINKED)
    if linked is not None and linked != st.session_state.get(FOLLOWED):
        st.session_state[FOLLOWED] = linked
        try:
            case = load_case(current_store(), current_account(), linked)
        except RecsysError as error:
            notice(str(error))
            st.query_params.pop(LINKED, None)
            return
        if find_obstacle(case.view) is None:
            open_case(case)
        elif page != "cases":
            st.switch_page(CASES, query_params={ALONE: case.id})
        else:
            st.query_params[ALONE] = case.id


def restore_link(page: str, here: Cursor) -> None:
    """Restore the settings that a link holds at the cursor that it named, and take them out of the URL; call before the page runs."""
    linked = st.query_params.get(view_settings.LINKED)
    if linked is not None and page in view_settings.VIEW_KEYS:
        del st.query_params[view_settings.LINKED]
        view_settings.place_settings(page, view_settings.place_of(here), view_settings.read_link(linked))


def open_case(case: Case) -> None:
    """Open the page of a case with its view restored, from a script."""
    view, dataset = case.view, cache.dataset(case.view.dataset)
    model, is_known = _find_model(dataset, view), cache.has_user(dataset, view.user_id)
    user = view.user_id if is_known else cache.most_active_users(dataset, 1)[0]
    events = cache.count_user_events(dataset, user)
    step = min(view.step, events) if is_known else max(events - 1, 0)
    place = (dataset.name, model, user, step)
    st.session_state[PENDING] = OpenCase(case, place, tuple(_find_changes(dataset, model, view)))
    st.session_state[FOLLOWED] = case.id
    st.session_state["models_of"] = dataset.name  # a model that is not trained here is meant: the sidebar would choose another
    cursor.open_page(PAGES[view.page], dataset=dataset.name, model=model, user=user, step=step)


def place_pending() -> None:
    """Restore the settings of the case that `open_case` opens; call before the widgets of the page are drawn."""
    if PENDING in st.session_state:
        opened: OpenCase = st.session_state.pop(PENDING)
        st.session_state[OPEN] = opened
        view_settings.place_settings(opened.case.view.page, opened.place, opened.case.view.settings)


def find_obstacle(view: View) -> str | None:
    """Return why a view cannot be opened; None where it can."""
    if view.dataset not in cache.dataset_titles():
        command = f"python -m recsys prepare {view.dataset}"
        return _("The dataset “{name}” is not on this server any more. If you have it, run: {command}", name=view.dataset, command=command)
    if view.page not in PAGES:
        return _("The page “{name}” of this case is not known here.", name=view.page)
    return None


def draw(page: str, here: Cursor) -> None:
    """Draw the note of the open case above its page; on the same page elsewhere, the way back to it."""
    opened: OpenCase | None = st.session_state.get(OPEN)
    if opened is None or page != opened.case.view.page:
        st.query_params.pop(LINKED, None)
        return
    if view_settings.place_of(here) != opened.place:
        st.query_params.pop(LINKED, None)
        with st.container(horizontal=True, vertical_alignment="center", key="open_case_left"):
            st.caption(_("You have left the view of the open case."))
            if st.button(_("Back to the case"), key="open_case_back"):
                open_case(opened.case)
            st.button(_("Close"), key="open_case_close", on_click=close)
        return
    if st.query_params.get(LINKED) != opened.case.id:
        st.query_params[LINKED] = opened.case.id
    _draw_note(opened)


def current_id() -> str | None:
    """Return the id of the open case."""
    opened: OpenCase | None = st.session_state.get(OPEN)
    return None if opened is None else opened.case.id


def close() -> None:
    """Close the open case; the view stays as it is."""
    st.session_state.pop(OPEN, None)


def about_html(case: Case) -> str:
    """Return who kept a case and changed it last, and when, as HTML; the names only where people sign in."""
    has_names = sign_in_settings() is not None
    created = format_stamp(case.created)
    words = _("Kept by {name} on {moment}", name=case.kept_by, moment=created) if has_names else _("Kept on {moment}", moment=created)
    if case.changed is not None:
        changed = format_stamp(case.changed)
        name = case.changed_by or _("an erased account")
        words += " · " + (
            _("changed by {name} on {moment}", name=name, moment=changed) if has_names else _("changed on {moment}", moment=changed)
        )
    tags = "".join(f'<span class="rs-case-tag">{html.escape_html(tag)}</span>' for tag in case.tags)
    return f'<p class="rs-case-about">{html.escape_html(words)}{tags}</p>'


def format_stamp(seconds: float) -> str:
    """Return a time of the store by the clock of this visitor."""
    offset = st.context.timezone_offset  # minutes behind UTC
    moment = local_time(seconds, -offset if offset is not None else None)
    return format_short_moment(moment) if moment is not None else ""


def note_html(note: str) -> str:
    """Return a note in Markdown as HTML of the page."""
    return f'<div class="rs-markdown">{render_note(note)}</div>' if note.strip() else ""


def _draw_note(opened: OpenCase) -> None:
    case = opened.case
    with st.container(border=True, key="open_case"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(about_html(case), width="stretch")
            if st.button(_("Edit"), key="open_case_edit", type="tertiary"):
                st.switch_page(CASES, query_params={"edit": case.id})
            st.page_link(CASES, label=_("All cases"))
            st.button(_("Close"), key="open_case_close", type="tertiary", on_click=close)
        if opened.changes:
            st.warning(escape_markdown(" ".join(opened.changes)), icon=":material/history:")
        if case.note.strip():
            st.html(note_html(case.note))


def _find_model(dataset: Dataset, view: View) -> str:
    """Return the name under which the kept version of a checkpoint is offered now; where it is gone, that of one to show in its place."""
    wanted, found = join_version(view.checkpoint, view.version), cache.checkpoints(dataset)
    same = [name for name, each in found.items() if each.card.name == wanted]
    others = [view.checkpoint] if view.checkpoint in found or view.checkpoint in MODELS else list(found)
    return [*same, *others, view.checkpoint][0]


def _find_changes(dataset: Dataset, model: str, view: View) -> list[str]:
    """Return sentences on what has changed since a view was kept."""
    changes = []
    if view.dataset_fingerprint and view.dataset_fingerprint != dataset.fingerprint:
        changes.append(_("The dataset has been prepared anew since this case was kept, so its steps may hold other events."))
    if not cache.has_user(dataset, view.user_id):
        changes.append(_("The user “{id}” is not in the dataset any more; another user is shown.", id=view.user_id))
    elif view.step > (length := cache.count_user_events(dataset, view.user_id)):
        changes.append(
            _(
                "Step {step} does not exist any more, since the user has {events} now; the last step is shown.",
                step=format_number(view.step),
                events=count_events(length, "event"),
            )
        )
    if view.checkpoint_fingerprint:
        changes += _find_model_changes(dataset, model, view)
    return changes


def _find_model_changes(dataset: Dataset, model: str, view: View) -> list[str]:
    wanted, found = join_version(view.checkpoint, view.version), cache.checkpoints(dataset).get(model)
    if found is None:
        return [_("The model “{name}” of this case is gone; train it again, or choose another one.", name=wanted)]
    if found.card.name != wanted:
        return [_("The model “{name}” of this case is gone; {other} is shown in its place.", name=wanted, other=found.card.name)]
    try:
        now = cache.loaded(dataset, model, st.session_state.get("device", "auto")).fingerprint
    except RecsysError:
        return []  # the page itself shows the error
    if now == view.checkpoint_fingerprint:
        return []
    return [_("The model “{name}” has been trained again since this case was kept, so what is shown may differ.", name=wanted)]

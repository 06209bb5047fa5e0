"""The feedback of this session's account: loaded from the store, and kept in the session until the store has taken it.

Private data (an upload of this session, or data in the memory of this process) never reaches the store: what was done with its lists ends with the session.
"""

import time
from collections.abc import Callable

import streamlit as st

from pages import cache
from pages.shell.account import current_account, current_store, signed_in
from pages.shell.cursor import Cursor, current_cursor
from pages.ui.errors import escape_markdown, notice
from recsys.accounts.roles import is_allowed
from recsys.core.errors import RecsysError, StoreError
from recsys.core.translation import _, ngettext
from recsys.feedback.changes import Change, NewFeedback, NewImpression, Withdrawal, apply_changes
from recsys.feedback.recording import Feedback, load_feedback
from recsys.storage.paths import is_temporary

UNSAVED = "feedback_unsaved"  # changes that the store has not taken yet, oldest first
PRIVATE = "feedback_private"  # changes on private data, which stay here
KNOWN = "feedback_known"  # the timeline last loaded, and the feedback on it, for as long as the store cannot be read
SHOWN = "shown_list"  # the latest impression of this session
FAILURES = "feedback_failures"  # the last error of reading and of writing, and when each is tried again
RETRY_SECONDS = 5.0


def is_private(cursor: Cursor) -> bool:
    """Return whether the data of the cursor is this session's own or in the memory of this process, so that nothing about it is stored."""
    return cursor.dataset.name in cache.uploads() or is_temporary(cursor.dataset.name)


def may_give_feedback() -> bool:
    """Return whether to draw the buttons of feedback; the library checks the role again where it is saved.

    True while the store cannot be read: then nothing is saved, and the role is checked when it is.
    """
    try:
        return is_allowed(current_account(), "give feedback")
    except StoreError:
        return True


def load_timeline_feedback(cursor: Cursor) -> list[Feedback]:
    """Return what this account did on the timeline at the cursor, in any session and with unsaved changes, oldest first."""
    timeline = (cursor.dataset.name, cursor.user)
    if is_private(cursor):
        return apply_changes([], st.session_state.get(PRIVATE, []), *timeline)
    _try("read", lambda: st.session_state.update({KNOWN: (timeline, load_feedback(current_store(), current_account(), *timeline))}))
    loaded_timeline, known = st.session_state.get(KNOWN, (None, []))
    return apply_changes(known if loaded_timeline == timeline else [], st.session_state.get(UNSAVED, []), *timeline)


def save_change(cursor: Cursor, change: Change) -> None:
    """Save a change before the page answers; where the store fails it counts in this session, and is saved later."""
    st.session_state.setdefault(PRIVATE if is_private(cursor) else UNSAVED, []).append(change)
    retry_unsaved()


def retry_unsaved() -> None:
    """Save what is unsaved, in its order, up to the first failure of the store."""
    unsaved: list[Change] = st.session_state.get(UNSAVED, [])
    waiting = count_unsaved() if "write" in _failures() else 0
    while unsaved:
        try:
            if not _try("write", lambda: unsaved[0].save(current_store(), current_account())):
                return
        except RecsysError as error:  # refused for good, such as after an erasure
            if isinstance(unsaved.pop(0), NewImpression):
                notice(_("Feedback on this list cannot be saved: {reason}.", reason=error))
            else:
                notice(_("A click was not saved: {reason}.", reason=error))
                st.session_state.pop(SHOWN, None)  # the list may be gone from the store: it is saved anew when it is drawn
            continue
        change = unsaved.pop(0)
        if KNOWN in st.session_state:
            timeline, known = st.session_state[KNOWN]
            st.session_state[KNOWN] = (timeline, apply_changes(known, [change], *timeline))
    if waiting:
        st.toast(ngettext("{count} click that was not saved is saved now.", "{count} clicks that were not saved are saved now.", waiting))


def count_unsaved() -> int:
    """Return the number of clicks that the store has not taken yet; lists that were only shown do not count."""
    return sum(isinstance(each, NewFeedback | Withdrawal) for each in st.session_state.get(UNSAVED, []))


def draw_unsaved() -> None:
    """Say what is not saved or cannot be loaded and why, and try again while it waits; nothing is drawn where all is well."""
    if count_unsaved() or "read" in _failures():
        _draw_waiting()


@st.fragment(run_every=RETRY_SECONDS)
@signed_in
def _draw_waiting() -> None:
    retry_unsaved()
    count, failures = count_unsaved(), _failures()
    if count and "write" in failures:
        words = ngettext(
            "{count} click is not saved: {reason}. It counts in this window and is saved as soon as the store answers.",
            "{count} clicks are not saved: {reason}. They count in this window and are saved as soon as the store answers.",
            count,
            reason=failures["write"][0],
        )
        st.warning(escape_markdown(words))
    elif "read" in failures:
        load_timeline_feedback(current_cursor())
        if "read" not in failures:
            st.rerun()  # the list follows what is loaded now
        words = _("Earlier feedback cannot be loaded now: {reason}. The list works without it.", reason=failures["read"][0])
        st.warning(escape_markdown(words))


def _failures() -> dict[str, tuple[str, float]]:
    failures: dict[str, tuple[str, float]] = st.session_state.setdefault(FAILURES, {})
    return failures


def _try(kind: str, action: Callable[[], None]) -> bool:
    """Read or write the store, and return whether it answered.

    After a failure it is left alone for three times as long as that took, so that a store that is locked does not hold up every click.
    """
    began, failures = time.monotonic(), _failures()
    if began < failures.get(kind, ("", 0.0))[1]:
        return False
    try:
        action()
    except StoreError as error:
        now = time.monotonic()
        failures[kind] = (str(error), now + 3 * (now - began))
        return False
    failures.pop(kind, None)
    return True

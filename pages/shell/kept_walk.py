"""A walk through kept cases: at each, its page is opened and its view restored."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.shell import case_walk, open_case
from pages.shell.account import current_account, current_store
from pages.ui.errors import notice
from recsys.cases.case import Case
from recsys.cases.keeping import load_case
from recsys.cases.note_html import shorten_note
from recsys.core.errors import RecsysError

STATE = "kept_walk"
LONGEST_NOTE = 60


@dataclass(frozen=True)
class Walked:
    """The ids of the kept cases of a walk, in the order of its `cases`."""

    ids: tuple[str, ...]
    cases: tuple[case_walk.UserStep, ...]


def start(title: str, cases: Sequence[Case], at: int) -> None:
    """Start a walk through the cases that can be opened, from a script; `at` is the place in the list to begin at."""
    openable = [case for case in cases if open_case.find_obstacle(case.view) is None]
    first = next((case for case in cases[at:] if case in openable), None) or next(iter(openable), None)
    if first is None:
        return
    walked = Walked(
        tuple(case.id for case in openable),
        tuple(case_walk.UserStep(each.view.user_id, each.view.step, _first_words(each.note), each.view.dataset) for each in openable),
    )
    st.session_state[STATE] = walked
    open_case.close()
    case_walk.start(title, walked.cases, openable.index(first), open_case.CASES, open_case.PAGES[first.view.page])


def follow() -> None:
    """Open the kept case that the walk has reached, unless it is open already; call once the cursor is drawn."""
    walk, walked = case_walk.active_walk(), st.session_state.get(STATE)
    if walk is None or walked is None or walk.cases is not walked.cases:
        return
    case_id = walked.ids[walk.at]
    if open_case.current_id() != case_id:
        try:
            case = load_case(current_store(), current_account(), case_id)
        except RecsysError as error:  # deleted meanwhile
            notice(str(error))
            case_walk.stop()
            return
        open_case.open_case(case)


def _first_words(note: str) -> str:
    return shorten_note(next((line.strip("#>*- ") for line in note.splitlines() if line.strip()), ""), LONGEST_NOTE)

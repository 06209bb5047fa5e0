"""Sidebar buttons that move the cursor to another user or step. Once assets/keyboard.js is loaded, clicks on steps are counted there."""

import random

import streamlit as st

from pages import cache
from pages.shell import case_walk
from pages.shell.cursor import current_cursor, move_cursor
from pages.ui.errors import guarded, notice
from recsys.core import TOP_K, Dataset
from recsys.core.formatting import format_number
from recsys.core.translation import _


def draw_user_buttons(dataset: Dataset, user: str, is_trained: bool) -> None:
    """Draw the buttons that lead to another user."""
    with st.container(horizontal=True, gap="small"):
        st.button(_("Next user"), key="next_person", on_click=_go_to_next_user, args=(dataset, user), width="stretch")
        st.button(_("Random user"), key="random", on_click=_go_to_random_user, args=(dataset,), width="stretch")
    worst = _(
        "The user for whom this model ranks the next items lowest (validation events only), at the lowest-ranked one. Press again for the next."
    )
    st.button(
        _("Worst-ranked user"), "fails", worst, on_click=_go_to_worst_ranked_user, args=(user,), disabled=not is_trained, width="stretch"
    )
    drift = _("The next user with a lasting change of interest, at the change point. The Drift page shows the evidence.")
    st.button(_("User with drift"), "changed", drift, on_click=_go_to_user_with_drift, args=(dataset, user), width="stretch")


def draw_step_buttons(is_trained: bool) -> None:
    """Draw the buttons that lead to another step of the same user."""
    miss = _("The next step whose next item is not in the top {k}; after the last one it starts again.", k=TOP_K)
    with st.container(horizontal=True, gap="small"):
        st.button(_("Back"), key="back", shortcut="Left", on_click=_move, args=(-1,), width="stretch")
        st.button(_("Next"), key="next", shortcut="Right", on_click=_move, args=(1,), width="stretch")
    with st.container(horizontal=True, gap="small"):
        playing = st.session_state.get("playing", False)
        st.button(_("Pause") if playing else _("Play"), key="play", shortcut="Space", on_click=_toggle, width="stretch")
        st.button(
            _("Next miss"), key="next_miss", shortcut="M", on_click=_go_to_next_miss, disabled=not is_trained, width="stretch", help=miss
        )


def _move(by: int) -> None:
    if case_walk.active_walk() is not None:
        case_walk.move_by(by)
    else:
        move_cursor(step=max(current_cursor().step + by, 0))


def _toggle() -> None:
    st.session_state["playing"] = not st.session_state.get("playing", False)


@guarded
def _go_to_next_miss() -> None:
    """Move to the next miss, from the start again after the last one."""
    cursor = current_cursor()
    replay = cache.replay(cursor.dataset, cursor.model, cursor.user, cursor.device, cursor.step)
    later = replay.misses[replay.misses > cursor.step]
    if not len(later) and not replay.is_whole:  # a part of a long timeline: look in the next part, after the last one in the first
        after = 0 if replay.length in replay.steps else replay.steps[-1] + 1
        replay = cache.replay(cursor.dataset, cursor.model, cursor.user, cursor.device, after)
    misses = later if len(later) else replay.misses
    if len(misses):
        move_cursor(step=int(misses[0]))
    elif replay.is_whole:
        notice(_("This model misses nothing for this user: every next item was in its top {k}.", k=TOP_K))
    else:
        notice(
            _(
                "No miss from step {first} to step {last}: every next item was in the top {k}.",
                first=format_number(replay.steps[0]),
                last=format_number(replay.steps[-1]),
                k=TOP_K,
            )
        )


def _go_to_next_user(dataset: Dataset, user: str) -> None:
    move_cursor(user=cache.user_after(dataset, user))


def _go_to_random_user(dataset: Dataset) -> None:
    move_cursor(user=str(random.choice(dataset.user_ids)))


@guarded
def _go_to_worst_ranked_user(user: str) -> None:
    """Move to the user the model ranks worst; from one of the worst to the next."""
    cursor = current_cursor()
    worst = cache.worst_ranked_users(cursor.dataset, cursor.model, cursor.device)
    if not worst:
        notice(_("No user of this dataset has a validation event, so there is no worst-ranked user."))
        return
    names = [name for name, _ in worst]
    again = user in names and st.session_state.get("failing") == user
    name, step = worst[(names.index(user) + 1) % len(worst) if again else 0]
    st.session_state["failing"] = name
    move_cursor(user=name, step=step)


@guarded
def _go_to_user_with_drift(dataset: Dataset, user: str) -> None:
    """Move to the next user with a lasting change, at the change point."""
    found = cache.next_user_with_drift(dataset, user)
    if found is None:
        notice(_("None of the users searched has a lasting change. Try “Random user” and search again."))
        return
    move_cursor(user=found[0], step=found[1])

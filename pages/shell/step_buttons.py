"""Buttons that move the cursor: to other people, step by step, to the next miss. Once a page has assets/steps.js, steps are counted there."""

import random

import streamlit as st

from pages import cache
from pages.shell.cursor import current_cursor, move_cursor
from pages.ui.errors import guarded, notice
from recsys.core import Dataset

MISS = "To the next step whose real event is not among the ten; after the last one it starts again"
FAILS = "To the person whose validation events this model ranks worst, at the worst of them; again: to the next worst"
CHANGED = "The next person whose interest changed for good, at the change: see Inspect, Drift"


def draw_people(dataset: Dataset, user: str, trained: bool) -> None:
    """Ways to somebody else."""
    with st.container(horizontal=True, gap="small"):
        st.button("Next person", key="next_person", on_click=_next_person, args=(dataset, user), width="stretch")
        st.button("Someone else", key="random", on_click=_someone, args=(dataset,), width="stretch")
    st.button("Somebody it fails", "fails", FAILS, on_click=_somebody_it_fails, args=(user,), disabled=not trained, width="stretch")
    st.button("Somebody who changed", "changed", CHANGED, on_click=_somebody_who_changed, args=(dataset, user), width="stretch")


def draw_steps(trained: bool) -> None:
    """Ways to another step of the same person."""
    with st.container(horizontal=True, gap="small"):
        st.button("Back", key="back", shortcut="Left", on_click=_move, args=(-1,), width="stretch")
        st.button("Next", key="next", shortcut="Right", on_click=_move, args=(1,), width="stretch")
    with st.container(horizontal=True, gap="small"):
        playing = st.session_state.get("playing", False)
        st.button("Pause" if playing else "Play", key="play", shortcut="Space", on_click=_toggle, width="stretch")
        st.button("Next miss", key="next_miss", shortcut="M", on_click=_next_miss, disabled=not trained, width="stretch", help=MISS)


def _move(by: int) -> None:
    move_cursor(step=max(current_cursor().step + by, 0))


def _toggle() -> None:
    st.session_state["playing"] = not st.session_state.get("playing", False)


@guarded
def _next_miss() -> None:
    """To the next step whose real event is not among the ten, from the start again after the last one."""
    cursor = current_cursor()
    misses = cache.replay(cursor.dataset, cursor.model, cursor.user, cursor.device).misses
    if not len(misses):
        notice("This model misses nothing for this person: every next event was among its ten.")
        return
    later = misses[misses > cursor.step]
    move_cursor(step=int(later[0] if len(later) else misses[0]))


def _next_person(dataset: Dataset, user: str) -> None:
    move_cursor(user=cache.user_after(dataset, user))


def _someone(dataset: Dataset) -> None:
    move_cursor(user=str(random.choice(dataset.user_ids)))


@guarded
def _somebody_it_fails(user: str) -> None:
    """To the person the model is worst at; from one of the worst to the next."""
    cursor = current_cursor()
    worst = cache.worst_ranked_users(cursor.dataset, cursor.model, cursor.device)
    if not worst:
        notice("Nobody has a validation event to fail at.")
        return
    names = [name for name, _ in worst]
    again = user in names and st.session_state.get("failing") == user
    name, step = worst[(names.index(user) + 1) % len(worst) if again else 0]
    st.session_state["failing"] = name
    move_cursor(user=name, step=step)


@guarded
def _somebody_who_changed(dataset: Dataset, user: str) -> None:
    """To the next person whose interest changed for good, at the change."""
    found = cache.next_drifting(dataset, user)
    if found is None:
        notice("Nobody with a lasting change among the next people of this data; Someone else goes on elsewhere.")
        return
    move_cursor(user=found[0], step=found[1])

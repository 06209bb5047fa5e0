"""The offer to replay the whole of a long timeline, of which one part is shown at first."""

import streamlit as st

from pages import cache
from pages.cache.models import REPLAYED_AT_ONCE
from pages.shell import view_settings
from pages.shell.cursor import Cursor
from pages.ui import charts
from recsys.core.formatting import format_duration, format_number
from recsys.core.nouns import count_events
from recsys.core.translation import _
from recsys.evaluation.replay import Replay

ASKED = "replay_whole"


def replay_if_asked(here: Cursor) -> None:
    """Replay the whole timeline with a progress bar if the button was pressed, or an opened view showed the whole.

    Leaving the page or moving the cursor ends it.
    """
    is_asked = st.session_state.pop(ASKED, None) == (here.dataset.name, here.model, here.user)
    if not is_asked and view_settings.restored(here, "whole") is not True:
        return
    if not is_asked and cache.replay(here.dataset, here.model, here.user, here.device, here.step).is_whole:
        return
    with charts.progress(_("Replaying …"), _describe) as report:
        cache.replay_whole(here.dataset, here.model, here.user, here.device, report)


def record(here: Cursor, replay: Replay) -> None:
    """Record with the view that it shows the whole of a long timeline."""
    if replay.is_whole and replay.length > REPLAYED_AT_ONCE:
        view_settings.record(whole=True)


def draw_offer(here: Cursor, replay: Replay) -> None:
    """Draw what part of the timeline is replayed, and a button for the rest; nothing where all of it is."""
    if replay.is_whole:
        return
    seconds = replay.seconds / len(replay.ranks) * replay.length
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            _(
                "Replayed so far: events {first} to {last} of {total}. What is said of the model below covers these only.",
                first=format_number(replay.first + 1),
                last=format_number(replay.first + len(replay.item_ids)),
                total=format_number(replay.length),
            )
        )
        st.button(
            _("Replay all {events}", events=count_events(replay.length, here.dataset.noun)),
            key="replay_all",
            on_click=_ask,
            args=(here,),
            help=_("Takes about {duration}; moving to another step or page stops it.", duration=format_duration(max(seconds, 1) / 3600)),
        )


def _ask(here: Cursor) -> None:
    st.session_state[ASKED] = (here.dataset.name, here.model, here.user)


def _describe(done: int, total: int) -> str:
    return _("Replaying: {done} of {total} steps", done=format_number(done), total=format_number(total))

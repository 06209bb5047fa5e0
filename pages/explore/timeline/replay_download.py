"""The download of a user's whole replay."""

import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from recsys.core.translation import _


def draw_button(here: Cursor) -> None:
    """Draw a button that replays the whole timeline, when it is pressed, and saves it as Parquet."""
    dataset, user = here.dataset, here.user
    found = cache.loaded(dataset, here.model, here.device)

    def make() -> bytes:  # outside of this run: whatever belongs to the session is read above
        from recsys.api import replay_history
        from recsys.evaluation.replay_table import pack_replay

        return pack_replay(replay_history(found, dataset, user), dataset)

    st.download_button(
        _("Download the replay"),
        make,
        file_name=f"replay-{dataset.name}-{here.model}-{user}.parquet".replace("/", "-"),
        mime="application/vnd.apache.parquet",
        key="download_replay",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
        help=_("Every step of this timeline as a Parquet file: the next item with its rank and split, and the list with its scores."),
    )

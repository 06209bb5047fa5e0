"""The blind comparisons of this session's account, saved in the store; those of private data stay in the session."""

from collections.abc import Collection

import streamlit as st

from pages.shell.account import current_account, current_store
from pages.shell.cursor import Cursor
from pages.shell.feedback import is_private
from recsys.feedback import blind_comparison
from recsys.feedback.blind_comparison import BlindComparison, PairSummary

PRIVATE = "comparisons_private"  # picks on private data: dataset, first and second checkpoint, pick


def save_shown(cursor: Cursor, comparison: BlindComparison) -> None:
    """Save a comparison that is about to be shown."""
    if not is_private(cursor):
        blind_comparison.save_comparison(current_store(), current_account(), comparison)


def save_pick(cursor: Cursor, comparison: BlindComparison, pick: str, clicked: Collection[str]) -> None:
    """Save a pick before the names are revealed, with the comparison where it could not be saved when it was shown."""
    if is_private(cursor):
        picks = st.session_state.setdefault(PRIVATE, [])
        picks.append((cursor.dataset.name, comparison.first.checkpoint, comparison.second.checkpoint, pick))
        return
    save_shown(cursor, comparison)
    blind_comparison.record_pick(current_store(), current_account(), comparison.id, pick, clicked)


def load_summaries(cursor: Cursor) -> list[PairSummary]:
    """Return the picks between each pair of checkpoints on the dataset at the cursor, the pair with most picks first."""
    name = cursor.dataset.name
    if not is_private(cursor):
        return blind_comparison.summarize_comparisons(current_store(), name)
    picks = st.session_state.get(PRIVATE, [])
    return blind_comparison.summarize_picks((first, second, pick, "", 1) for dataset, first, second, pick in picks if dataset == name)

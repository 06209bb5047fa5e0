"""Moments, which events of one user share, and the order within them: what is known of it, and what metrics owe to it."""

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from recsys.core.formatting import format_number
from recsys.core.translation import _, ngettext

if TYPE_CHECKING:
    from recsys.core.dataset import Dataset

Ties = Literal["file", "shuffle", "together"]
"""The treatment of events of one user at one moment: in the order of the file, in random order, or together as one step."""

NOTABLE_SHARE = 0.01
"""Share of events above which their order within a moment is mentioned next to every metric."""


def find_moments(interactions: pd.DataFrame) -> np.ndarray:
    """Return the row (n,) at which the moment of each event begins: the events of one user at one time, or else at one position.

    Without either, a moment is a run of rows of one item in different behaviours, such as the purchase and the play of a game.
    """
    users = interactions["user_id"].cat.codes.to_numpy()
    if "timestamp" in interactions:
        at = interactions["timestamp"].to_numpy(dtype="datetime64[ms]")  # two unknown times are two moments: NaT differs from itself
    elif "position" in interactions:
        at = interactions["position"].to_numpy(dtype=np.float64)
    elif "behaviour" in interactions:
        at = interactions["item_id"].cat.codes.to_numpy()
    else:
        return np.arange(len(users))
    begins = (users[1:] != users[:-1]) | (at[1:] != at[:-1])
    if not {"timestamp", "position"} & set(interactions):
        _begin_at_repeated_behaviours(begins, interactions["behaviour"].astype("category").cat.codes.to_numpy())
    return _last_true(np.concatenate([[True], begins])[: len(users)])


def find_second_behaviours(interactions: pd.DataFrame, moments: np.ndarray) -> np.ndarray:
    """Return a mask (n,) of the events whose item an earlier event of the same moment has, where behaviours tell the two apart."""
    found = np.zeros(len(moments), dtype=bool)
    if "behaviour" in interactions:
        rows = np.flatnonzero(mark_shared(moments))
        found[rows] = pd.DataFrame({"moment": moments[rows], "item": interactions["item_id"].cat.codes.to_numpy()[rows]}).duplicated()
    return found


def find_history_ends(moments: np.ndarray, is_target: np.ndarray, ties: Ties) -> np.ndarray:
    """Return the row (n,) before which the history ends that predicts each event: where its moment begins if ties are predicted together.

    Else it is the row of the event itself, for one that is not a target that of the target before it.
    """
    return moments if ties == "together" else _last_true(is_target)


def mark_shared(moments: np.ndarray) -> np.ndarray:
    """Return a mask (n,) of the events that share their moment with another."""
    follows = np.flatnonzero(moments != np.arange(len(moments)))
    shared = np.zeros(len(moments), dtype=bool)
    shared[follows] = shared[moments[follows]] = True
    return shared


def count_shared(tied: int | None, count: int) -> str:
    """Return "12 of 340 events share their moment with another of the same user."; without `tied`, that the data has no times."""
    if tied is None:
        return _("The data has no times: the order of each user’s events is the file’s.")
    return ngettext(
        "{tied} of {count} event shares its moment with another of the same user.",
        "{tied} of {count} events share their moment with another of the same user.",
        count,
        tied=format_number(tied),
    )


def describe_order(dataset: "Dataset") -> str:
    """Return what metrics of the next item owe to the order within moments, in one or two sentences; empty where few events share one."""
    tied, count = dataset.tied_events, len(dataset.interactions)
    if tied is None:
        return count_shared(tied, count)
    if tied <= NOTABLE_SHARE * count:
        return ""
    meaning = {
        "file": _("The order within a moment is the file’s, and metrics of the next item depend on it."),
        "shuffle": _("The order within a moment is random."),
        "together": _("They are predicted at once, from events of earlier moments only."),
    }
    return f"{count_shared(tied, count)} {meaning[dataset.ties]}"


def _last_true(begins: np.ndarray) -> np.ndarray:
    """Return the position (n,) of the last True at or before each."""
    return np.maximum.accumulate(np.where(begins, np.arange(len(begins)), 0)) if len(begins) else np.empty(0, dtype=np.int64)


def _begin_at_repeated_behaviours(begins: np.ndarray, behaviours: np.ndarray) -> None:
    """Begin a moment (n − 1,), in place, wherever the behaviour of an event is unknown or was there since the moment began."""
    present: set[int] = set()
    previous = -2
    for follow in np.flatnonzero(~begins).tolist():
        if follow != previous + 1:
            present = {int(behaviours[follow])}
        behaviour = int(behaviours[follow + 1])
        if behaviour < 0 or behaviour in present:
            begins[follow] = True
            present = {behaviour}
        present.add(behaviour)
        previous = follow

"""Where people's interest changed: one person at a time, and the next person with a change."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from pages.loaders.data import uploads, user_after
from pages.loaders.models import loaded, replay
from pages.loaders.shared import shared
from pages.loaders.texts import texts_as_vectors
from recsys.checkpoints import Loaded
from recsys.core import Dataset

if TYPE_CHECKING:
    from recsys.drift import DriftReport, Setting
    from recsys.drift.forecast import Forecast
    from recsys.drift.population import Population
    from recsys.drift.trajectory import Angle, Gap
    from recsys.drift.views import Events

STRONGEST = 10
LOOKED_AT = 120  # people, in search of one who changed


@shared(16)
def drift_setting(dataset: Dataset) -> "Setting":
    """Kinds and areas of a dataset, for counting."""
    from recsys.drift import setting

    return setting(dataset)


@shared(512)
def drift(dataset: Dataset, user: str) -> "DriftReport":
    """One person's changes, computed once."""
    from recsys.drift import drift as found

    return found(dataset, drift_setting(dataset), user)


@shared(512)
def drift_events(dataset: Dataset, user: str) -> "Events":
    """One person's events as they are counted."""
    from recsys.drift.views import events_of

    return events_of(dataset, drift_setting(dataset), user)


@shared(256)
def counted_gap(dataset: Dataset, user: str) -> "Gap":
    """How far recent interest is from all before, by counting."""
    from recsys.drift.trajectory import gap_of_counts

    return gap_of_counts(drift_events(dataset, user))


@shared(256)
def angle_of_words(dataset: Dataset, user: str) -> "Angle":
    """One person's interest in the words about the items, which must have been read."""
    events = drift_events(dataset, user)
    return _angle(dataset, user, texts_as_vectors(dataset)[events.items])


def angle_of_state(dataset: Dataset, checkpoint: str, user: str, device: str) -> "Angle | None":
    """One person's interest in a model's own state; None for a model that keeps none."""
    return _angle_of_state(dataset, loaded(dataset, checkpoint, device), checkpoint, user, device)


@shared(256)
def _angle_of_state(dataset: Dataset, found: Loaded, checkpoint: str, user: str, device: str) -> "Angle | None":
    states = replay(dataset, checkpoint, user, device).interest
    return None if states is None else _angle(dataset, user, states[drift_events(dataset, user).order + 1], True)


def _angle(dataset: Dataset, user: str, vectors: np.ndarray, states: bool = False) -> "Angle":
    from recsys.drift.trajectory import angle

    return angle(vectors, drift_events(dataset, user), [change.step for change in drift(dataset, user).lasting], states)


def next_drifting(dataset: Dataset, user: str) -> tuple[str, int] | None:
    """The next person with a lasting change, in the order of the data and round again, and the step of it; None where none of many has one."""
    other = user
    for _ in range(min(LOOKED_AT, len(dataset.user_ids))):
        other = user_after(dataset, other)
        lasting = drift(dataset, other).lasting
        if lasting:
            return other, max(lasting, key=lambda change: change.size).step
    return None


@shared(8, "Counting everybody …")
def population(dataset: Dataset, view: str) -> "Population":
    """Everybody's interest by period, in one view."""
    from recsys.drift.population import population

    return population(dataset, drift_setting(dataset), view)


@shared(64)
def forecast(dataset: Dataset, found: Loaded, user: str, step: int, midnight: float, offset: float) -> "Forecast":
    """Where a model expects one person at the hours of one day."""
    from recsys.drift.forecast import forecast

    return forecast(found.model, dataset, drift_setting(dataset), dataset.history(user), step, midnight, offset)


def changes_of_all(dataset: Dataset) -> list[dict[str, Any]] | None:
    """Everybody's changes, None where not everybody was looked at yet."""
    from recsys.drift.kept import kept_path

    if dataset.name in uploads():
        reports: list[dict[str, Any]] | None = st.session_state.get(_private(dataset))
        return reports
    path = kept_path(dataset)
    return _kept_changes(dataset, path.stat().st_mtime_ns) if path.is_file() else None


def cohort(dataset: Dataset) -> tuple[int, list[tuple[str, str]]] | None:
    """How many have a lasting change, and the people and words of the ten largest; None where not everybody was looked at yet."""
    reports = changes_of_all(dataset)
    if reports is None:
        return None
    found = [(report["user"], change) for report in reports for change in report["changes"] if change["kind"] != "temporary"]
    largest = sorted(found, key=lambda each: -each[1]["size"])
    strongest = list(dict.fromkeys(user for user, _ in largest))[:STRONGEST]
    words = {user: change["words"] for user, change in reversed(largest)}
    return len({user for user, _ in found}), [(user, words[user]) for user in strongest]


@shared(4)
def _kept_changes(dataset: Dataset, stamp: int) -> list[dict[str, Any]] | None:
    """Everybody's changes as they stand on disk since `stamp`."""
    from recsys.drift.kept import read_kept

    kept = read_kept(dataset)
    return None if kept is None else [{"user": report["user"], "changes": report["changes"]} for report in kept]


def look_at_everybody(dataset: Dataset) -> Iterator[str]:
    """Make everybody's report, a person at a time; kept on disk, or for data of one's own in the session alone."""
    from recsys.drift.kept import drift_of_all

    own, reports = dataset.name in uploads(), []
    for _, report in drift_of_all(dataset, keep=not own):
        reports.append({"user": report["user"], "changes": report["changes"]})
        yield report["user"]
    if own:
        st.session_state[_private(dataset)] = reports


def _private(dataset: Dataset) -> str:
    return f"drift_of_{dataset.name}_{dataset.fingerprint}"

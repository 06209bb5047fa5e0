"""Drift of users' interest: reports of single users and of all users, and the next user with a change."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from pages.cache.datasets import uploads, user_after
from pages.cache.decorator import cached
from pages.cache.models import loaded, replay
from pages.cache.texts import item_text_vectors
from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.core.nouns import count_events
from recsys.core.translation import N_, _
from recsys.training.checkpoints import LoadedCheckpoint

if TYPE_CHECKING:
    from recsys.drift import DriftReport, FeatureSpace
    from recsys.drift.detection.event_features import UserEvents
    from recsys.drift.embedding_drift import EmbeddingDrift, InterestGap
    from recsys.drift.forecast import Forecast
    from recsys.drift.population import Population

N_LARGEST = 10  # users listed with their changes
SEARCHED = 120  # users, in search of one with a lasting change


@cached(16)
def feature_space(dataset: Dataset) -> "FeatureSpace":
    """Return the categories and areas in which the events of a dataset are counted."""
    from recsys.drift import build_feature_space

    return build_feature_space(dataset)


@cached(512)
def drift_report(dataset: Dataset, user: str) -> "DriftReport":
    """Return one user's drift report, computed once."""
    from recsys.drift import detect_drift

    return detect_drift(dataset, feature_space(dataset), user)


@cached(512)
def drift_events(dataset: Dataset, user: str) -> "UserEvents":
    """Return one user's events as drift detection reads them."""
    from recsys.drift.detection.event_features import read_user_events

    return read_user_events(dataset, feature_space(dataset), user)


@cached(256)
def count_gap(dataset: Dataset, user: str) -> "InterestGap":
    """Return the distance of recent interest from all interest before, by counts."""
    from recsys.drift.embedding_drift import measure_share_gap

    return measure_share_gap(drift_events(dataset, user))


@cached(256)
def text_drift(dataset: Dataset, user: str) -> "EmbeddingDrift":
    """Return one user's drift in text embeddings; the texts must be encoded."""
    events = drift_events(dataset, user)
    return _embedding_drift(dataset, user, item_text_vectors(dataset)[events.items])


def state_drift(dataset: Dataset, checkpoint: str, user: str, device: str) -> "EmbeddingDrift | None":
    """Return one user's drift in the states of a model; None for a model without a state."""
    return _state_drift(dataset, loaded(dataset, checkpoint, device), checkpoint, user, device)


@cached(256)
def _state_drift(dataset: Dataset, found: LoadedCheckpoint, checkpoint: str, user: str, device: str) -> "EmbeddingDrift | None":
    whole = replay(dataset, checkpoint, user, device, step=0)
    if whole.interest is None:
        return None
    if not whole.is_whole:
        raise DataError(
            _(
                "The drift of the model’s state is not shown for a timeline of {events} until all of it is replayed: open Timeline and choose “Replay all”.",
                events=count_events(whole.length, dataset.noun),
            )
        )
    return _embedding_drift(dataset, user, whole.interest[drift_events(dataset, user).order + 1], True)


def _embedding_drift(dataset: Dataset, user: str, vectors: np.ndarray, states: bool = False) -> "EmbeddingDrift":
    from recsys.drift.embedding_drift import measure_embedding_drift

    return measure_embedding_drift(
        vectors, drift_events(dataset, user), [change.step for change in drift_report(dataset, user).lasting], states
    )


def next_user_with_drift(dataset: Dataset, user: str) -> tuple[str, int] | None:
    """Return the next user with a lasting change, in the order of the dataset and round again, and its step; None where none of many has one."""
    other = user
    for _attempt in range(min(SEARCHED, len(dataset.user_ids))):
        other = user_after(dataset, other)
        lasting = drift_report(dataset, other).lasting
        if lasting:
            return other, max(lasting, key=lambda change: change.size).step
    return None


@cached(8, N_("Counting the events of all users …"))
def population(dataset: Dataset, view: str) -> "Population":
    """Return the interest of all users by period, in one view."""
    from recsys.drift.population import summarize_population

    return summarize_population(dataset, feature_space(dataset), view)


@cached(64)
def forecast(dataset: Dataset, found: LoadedCheckpoint, user: str, step: int, midnight: float, offset: float) -> "Forecast":
    """Return a model's forecast of one user's areas at the hours of one day."""
    from recsys.drift.forecast import forecast_day

    return forecast_day(found.model, dataset, feature_space(dataset), dataset.history(user), step, midnight, offset)


def changes_of_all(dataset: Dataset) -> list[dict[str, Any]] | None:
    """Return the changes of all users; None where they are not detected yet."""
    from recsys.drift.report_store import reports_path

    if dataset.name in uploads():
        reports: list[dict[str, Any]] | None = st.session_state.get(_session_key(dataset))
        return reports
    path = reports_path(dataset)
    return _stored_changes(dataset, path.stat().st_mtime_ns) if path.is_file() else None


def cohort(dataset: Dataset) -> tuple[int, list[tuple[str, str]]] | None:
    """Return the number of users with a lasting change, and users and words of the ten largest; None where they are not detected yet."""
    from recsys.drift.wording import word_kept_change

    reports = changes_of_all(dataset)
    if reports is None:
        return None
    found = [(report["user"], change) for report in reports for change in report["changes"] if change["kind"] != "temporary"]
    largest = sorted(found, key=lambda each: -each[1]["size"])
    strongest = list(dict.fromkeys(user for user, _ in largest))[:N_LARGEST]
    changes = dict(reversed(largest))
    return len({user for user, _change in found}), [(user, word_kept_change(changes[user])) for user in strongest]


@cached(4)
def _stored_changes(dataset: Dataset, stamp: int) -> list[dict[str, Any]] | None:
    """Return the changes of all users as stored on disk at `stamp`."""
    from recsys.drift.report_store import read_reports

    reports = read_reports(dataset)
    return None if reports is None else [{"user": report["user"], "changes": report["changes"]} for report in reports]


def detect_drift_of_all_users(dataset: Dataset) -> Iterator[str]:
    """Detect the changes of all users and yield each user; stored on disk, or for a session's own dataset in the session alone."""
    from recsys.drift.report_store import detect_drift_of_all

    own, reports = dataset.name in uploads(), []
    for _user, report in detect_drift_of_all(dataset, keep=not own):
        reports.append({"user": report["user"], "changes": report["changes"]})
        yield report["user"]
    if own:
        st.session_state[_session_key(dataset)] = reports


def _session_key(dataset: Dataset) -> str:
    return f"drift_of_{dataset.name}_{dataset.fingerprint}"

"""Where people's interest changed: one person at a time, and the next person with a change."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from pages.cache.datasets import uploads, user_after
from pages.cache.decorator import cached
from pages.cache.models import loaded, replay
from pages.cache.texts import texts_as_vectors
from recsys.core import Dataset
from recsys.training.checkpoints import Loaded

if TYPE_CHECKING:
    from recsys.drift import DriftReport, FeatureSpace
    from recsys.drift.detection.event_features import UserEvents
    from recsys.drift.embedding_drift import EmbeddingDrift, InterestGap
    from recsys.drift.forecast import Forecast
    from recsys.drift.population import Population

STRONGEST = 10
LOOKED_AT = 120  # people, in search of one who changed


@cached(16)
def feature_space(dataset: Dataset) -> "FeatureSpace":
    """Kinds and areas of a dataset, for counting."""
    from recsys.drift import build_feature_space

    return build_feature_space(dataset)


@cached(512)
def drift_report(dataset: Dataset, user: str) -> "DriftReport":
    """One person's changes, computed once."""
    from recsys.drift import detect_drift

    return detect_drift(dataset, feature_space(dataset), user)


@cached(512)
def drift_events(dataset: Dataset, user: str) -> "UserEvents":
    """One person's events as they are counted."""
    from recsys.drift.detection.event_features import read_user_events

    return read_user_events(dataset, feature_space(dataset), user)


@cached(256)
def count_gap(dataset: Dataset, user: str) -> "InterestGap":
    """How far recent interest is from all before, by counting."""
    from recsys.drift.embedding_drift import gap_of_counts

    return gap_of_counts(drift_events(dataset, user))


@cached(256)
def text_drift(dataset: Dataset, user: str) -> "EmbeddingDrift":
    """One person's interest in the words about the items, which must have been read."""
    events = drift_events(dataset, user)
    return _angle(dataset, user, texts_as_vectors(dataset)[events.items])


def state_drift(dataset: Dataset, checkpoint: str, user: str, device: str) -> "EmbeddingDrift | None":
    """One person's interest in a model's own state; None for a model that keeps none."""
    return _angle_of_state(dataset, loaded(dataset, checkpoint, device), checkpoint, user, device)


@cached(256)
def _angle_of_state(dataset: Dataset, found: Loaded, checkpoint: str, user: str, device: str) -> "EmbeddingDrift | None":
    states = replay(dataset, checkpoint, user, device).interest
    return None if states is None else _angle(dataset, user, states[drift_events(dataset, user).order + 1], True)


def _angle(dataset: Dataset, user: str, vectors: np.ndarray, states: bool = False) -> "EmbeddingDrift":
    from recsys.drift.embedding_drift import measure_embedding_drift

    return measure_embedding_drift(
        vectors, drift_events(dataset, user), [change.step for change in drift_report(dataset, user).lasting], states
    )


def next_drifting(dataset: Dataset, user: str) -> tuple[str, int] | None:
    """The next person with a lasting change, in the order of the data and round again, and the step of it; None where none of many has one."""
    other = user
    for _ in range(min(LOOKED_AT, len(dataset.user_ids))):
        other = user_after(dataset, other)
        lasting = drift_report(dataset, other).lasting
        if lasting:
            return other, max(lasting, key=lambda change: change.size).step
    return None


@cached(8, "Counting everybody …")
def population(dataset: Dataset, view: str) -> "Population":
    """Everybody's interest by period, in one view."""
    from recsys.drift.population import summarize_population

    return summarize_population(dataset, feature_space(dataset), view)


@cached(64)
def forecast(dataset: Dataset, found: Loaded, user: str, step: int, midnight: float, offset: float) -> "Forecast":
    """Where a model expects one person at the hours of one day."""
    from recsys.drift.forecast import forecast_day

    return forecast_day(found.model, dataset, feature_space(dataset), dataset.history(user), step, midnight, offset)


def changes_of_all(dataset: Dataset) -> list[dict[str, Any]] | None:
    """Everybody's changes, None where not everybody was looked at yet."""
    from recsys.drift.report_store import reports_path

    if dataset.name in uploads():
        reports: list[dict[str, Any]] | None = st.session_state.get(_private(dataset))
        return reports
    path = reports_path(dataset)
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


@cached(4)
def _kept_changes(dataset: Dataset, stamp: int) -> list[dict[str, Any]] | None:
    """Everybody's changes as they stand on disk since `stamp`."""
    from recsys.drift.report_store import read_reports

    kept = read_reports(dataset)
    return None if kept is None else [{"user": report["user"], "changes": report["changes"]} for report in kept]


def detect_drift_of_everyone(dataset: Dataset) -> Iterator[str]:
    """Make everybody's report, a person at a time; kept on disk, or for data of one's own in the session alone."""
    from recsys.drift.report_store import detect_drift_of_all

    own, reports = dataset.name in uploads(), []
    for _, report in detect_drift_of_all(dataset, keep=not own):
        reports.append({"user": report["user"], "changes": report["changes"]})
        yield report["user"]
    if own:
        st.session_state[_private(dataset)] = reports


def _private(dataset: Dataset) -> str:
    return f"drift_of_{dataset.name}_{dataset.fingerprint}"

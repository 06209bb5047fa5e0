"""Where people's interest changed: one person at a time, and the next person with a change."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.loaders.data import uploads, user_after
from pages.loaders.shared import shared
from recsys.checkpoints import Loaded
from recsys.core import Dataset

if TYPE_CHECKING:
    from recsys.drift import DriftReport, Setting
    from recsys.drift.forecast import Forecast
    from recsys.drift.population import Population

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


def cohort(dataset: Dataset) -> tuple[int, list[tuple[str, str]]] | None:
    """How many have a lasting change, and the people and words of the ten largest; None where not everybody was looked at yet."""
    from recsys.drift.kept import kept_path

    if dataset.name in uploads():
        reports = st.session_state.get(_private(dataset))
    else:
        path = kept_path(dataset)
        reports = _kept_changes(dataset, path.stat().st_mtime_ns) if path.is_file() else None
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

"""Totals of what people did with the lists of each version of a checkpoint, from the counters, and the latest feedback."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from recsys.accounts.account import Account
from recsys.database.counts import SHOWN
from recsys.database.engine import Store
from recsys.database.schema import FeedbackCountRow, FeedbackRow
from recsys.feedback.version_names import join_version

LATEST = 20
EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class VersionFeedback:
    """Lists that a version of a checkpoint showed, and how often each action was the answer. `actions` has only those that occurred."""

    checkpoint: str
    version: int
    impressions: int
    actions: Mapping[str, int]

    @property
    def name(self) -> str:
        return join_version(self.checkpoint, self.version)

    def rate(self, action: str) -> float:
        """Return how often an action occurred for each list shown; NaN where none was shown. It can be above 1."""
        return self.actions.get(action, 0) / self.impressions if self.impressions else float("nan")


@dataclass(frozen=True)
class DailyFeedback:
    """What one version showed and got back on one day in UTC."""

    day: dt.date
    feedback: VersionFeedback


@dataclass(frozen=True)
class FeedbackEntry:
    """One answer, as it is listed. `checkpoint` is the name with its version."""

    impression_id: str
    account_id: str
    checkpoint: str
    user_id: str
    step: int
    item_id: str
    rank: int
    action: str
    rating: float | None
    created: float


@dataclass(frozen=True)
class FeedbackSummary:
    """Feedback on a dataset: totals of each version by name, the same by day, and the latest answers, newest first."""

    dataset: str
    versions: tuple[VersionFeedback, ...]
    days: tuple[DailyFeedback, ...]
    latest: tuple[FeedbackEntry, ...]

    @property
    def impressions(self) -> int:
        return sum(each.impressions for each in self.versions)

    @property
    def answers(self) -> int:
        return sum(sum(each.actions.values()) for each in self.versions)


def summarize_feedback(store: Store, account: Account, dataset: str, latest: int = LATEST) -> FeedbackSummary:
    """Return the summary of a dataset. Totals are of all people; the latest answers those of the account, of all for an admin."""
    with store.read() as session:
        return FeedbackSummary(
            dataset,
            tuple(feedback for _day, feedback in _load_counts(session, dataset, by_day=False)),
            tuple(DailyFeedback(EPOCH + dt.timedelta(days=day), feedback) for day, feedback in _load_counts(session, dataset, by_day=True)),
            tuple(_load_latest(session, None if account.is_admin else account.id, dataset, latest)),
        )


def _load_counts(session: Session, dataset: str, by_day: bool) -> list[tuple[int, VersionFeedback]]:
    """Return the counters of each version, by day where asked (else the day is 0), in the order of day, name and version."""
    row = FeedbackCountRow
    keys: list[Any] = [row.day if by_day else literal(0), row.checkpoint, row.version]
    grouped = [*(keys if by_day else keys[1:]), row.action]
    statement: Any = select(*keys, row.action, func.sum(row.count)).where(row.dataset == dataset, row.count > 0).group_by(*grouped)
    found: dict[tuple[int, str, int], dict[str, int]] = {}
    for day, checkpoint, version, action, count in session.execute(statement):
        found.setdefault((day, checkpoint, version), {})[action] = int(count)
    return [
        (day, VersionFeedback(checkpoint, version, counts.pop(SHOWN, 0), counts))
        for (day, checkpoint, version), counts in sorted(found.items(), key=lambda each: each[0])
    ]


def _load_latest(session: Session, account_id: str | None, dataset: str, number: int) -> list[FeedbackEntry]:
    row = FeedbackRow
    wanted = select(row).where(row.dataset == dataset, row.withdrawn.is_(None))
    if account_id is not None:
        wanted = wanted.where(row.account_id == account_id)
    rows = session.scalars(wanted.order_by(row.created.desc(), row.id.desc()).limit(number))
    return [
        FeedbackEntry(
            each.impression_id,
            each.account_id,
            join_version(each.checkpoint, each.version),
            each.user_id,
            each.step,
            each.item_id,
            each.rank,
            each.action,
            each.rating,
            each.created,
        )
        for each in rows
    ]

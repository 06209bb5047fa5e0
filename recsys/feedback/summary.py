"""Totals of what people did with the lists of each version of a checkpoint, from the counters, and the latest feedback."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from recsys.accounts.account import Account
from recsys.database.counts import SHOWN
from recsys.database.engine import Store
from recsys.database.schema import FeedbackCountRow, FeedbackRow, ImpressionRow
from recsys.feedback.version_names import join_version

LATEST = 20
MOST_LOOKED_AT = 2_000
"""Answers that a page has time to look at; a refit needs far fewer."""
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
    """Lists and answers of one version on one day in UTC."""

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
        days, totals = _load_counts(session, dataset)
        return FeedbackSummary(
            dataset,
            tuple(_describe(version, counts) for version, counts in sorted(totals.items())),
            tuple(
                DailyFeedback(EPOCH + dt.timedelta(days=day), _describe(version, counts)) for (day, version), counts in sorted(days.items())
            ),
            tuple(_load_latest(session, None if account.is_admin else account.id, dataset, latest)),
        )


def count_answers(store: Store, dataset: str, fingerprint: str, checkpoint: str) -> Counter[str]:
    """Return how often each action was an answer to the lists of all versions of a checkpoint, made of the dataset as it is now.

    The latest answers are looked at one by one; the counters stand for more of them where all of these are of the dataset as it is now.
    """
    row = FeedbackRow
    is_current = (ImpressionRow.dataset_fingerprint == fingerprint).label("is_current")
    latest = select(row.action, is_current).join(ImpressionRow, row.impression_id == ImpressionRow.id)
    latest = latest.where(row.dataset == dataset, row.checkpoint == checkpoint, row.withdrawn.is_(None))
    looked_at = latest.order_by(row.created.desc()).limit(MOST_LOOKED_AT).subquery()
    counted = select(FeedbackCountRow.action, func.sum(FeedbackCountRow.count)).where(
        FeedbackCountRow.dataset == dataset, FeedbackCountRow.checkpoint == checkpoint, FeedbackCountRow.action != SHOWN
    )
    with store.read() as session:
        by_action = session.execute(select(looked_at.c.action, looked_at.c.is_current, func.count()).group_by(*looked_at.c)).tuples().all()
        current = Counter({action: count for action, now, count in by_action if now})
        if current.total() < MOST_LOOKED_AT:
            return current
        return Counter({action: int(count) for action, count in session.execute(counted.group_by(FeedbackCountRow.action))})


def _describe(version: tuple[str, int], counts: Counter[str]) -> VersionFeedback:
    checkpoint, number = version
    return VersionFeedback(checkpoint, number, counts[SHOWN], {action: count for action, count in counts.items() if action != SHOWN})


def _load_counts(
    session: Session, dataset: str
) -> tuple[dict[tuple[int, tuple[str, int]], Counter[str]], dict[tuple[str, int], Counter[str]]]:
    """Return the counters of each day and version, and of each version, by action."""
    row = FeedbackCountRow
    days: dict[tuple[int, tuple[str, int]], Counter[str]] = defaultdict(Counter)
    totals: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    wanted = select(row.day, row.checkpoint, row.version, row.action, row.count).where(row.dataset == dataset, row.count > 0)
    for day, checkpoint, version, action, count in session.execute(wanted).tuples():
        days[day, (checkpoint, version)][action] = count
        totals[checkpoint, version][action] += count
    return days, totals


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

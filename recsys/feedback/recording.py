"""Impressions and feedback in the store: every list that was shown, and what people did with its items."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from recsys.accounts.account import Account
from recsys.accounts.roles import check_allowed
from recsys.core.errors import DataError, unknown
from recsys.core.translation import _
from recsys.database.engine import Store
from recsys.database.schema import FeedbackRow, ImpressionRow, new_id
from recsys.feedback.limits import check_list
from recsys.feedback.version_names import split_version

ACTIONS = ("take", "like", "dislike", "skip", "rating")
REPLACED = {"like": "dislike", "dislike": "like", "rating": "rating"}
"""The earlier action on the same item and step that a new one withdraws, in whatever list it was given."""
POSITIVE = ("take", "like")


@dataclass(frozen=True)
class Impression:
    """A list as it was shown. `checkpoint` is its name with its version, such as "association@2"; `items` best first, `scores` of them.

    `id` is made with it and not by the store, so that saving it again after an error that hid the answer saves it once.
    """

    dataset: str
    dataset_fingerprint: str
    checkpoint: str
    checkpoint_fingerprint: str
    user_id: str
    step: int
    items: Sequence[str]
    scores: Sequence[float]
    context: Mapping[str, Any] = field(default_factory=dict)
    source: str = "live"
    id: str = field(default_factory=new_id)


@dataclass(frozen=True)
class Feedback:
    """One answer of a person to an item of a list."""

    impression_id: str
    item_id: str
    action: str
    rating: float | None
    step: int
    created: float


def record_impression(store: Store, account: Account, impression: Impression) -> str:
    """Save a list that is about to be shown, and return the id that its feedback refers to."""
    with store.write() as session:
        return add_impression(session, account, impression)


def add_impression(session: Session, account: Account, impression: Impression) -> str:
    """Add a list that is about to be shown to a transaction, and return its id."""
    check_list(impression.items, impression.scores, impression.context)
    checkpoint, version = split_version(impression.checkpoint)
    row = ImpressionRow(
        id=impression.id,
        account_id=account.id,
        dataset=impression.dataset,
        dataset_fingerprint=impression.dataset_fingerprint,
        checkpoint=checkpoint,
        version=version,
        checkpoint_fingerprint=impression.checkpoint_fingerprint,
        user_id=impression.user_id,
        step=impression.step,
        items=[str(each) for each in impression.items],
        scores=[float(each) if math.isfinite(each) else None for each in impression.scores],
        context=dict(impression.context),
        source=impression.source,
    )
    if session.get(ImpressionRow, row.id) is None:  # a write that was tried again may have been saved the first time
        session.add(row)
        session.flush()
    return row.id


def record_feedback(store: Store, account: Account, impression_id: str, item_id: str, action: str, rating: float | None = None) -> None:
    """Save what a person did with an item of a list that was shown to the same person.

    The same feedback twice changes nothing. A like withdraws a dislike of the item at this step, and the other way round, and a rating
    an earlier one, in whatever list they were given. Items above a taken one that nothing was done with are skipped ones.
    """
    check_allowed(account, "give feedback")
    if action not in ACTIONS:
        raise unknown("action", action, ACTIONS)
    if (action == "rating") != (rating is not None) or (rating is not None and not math.isfinite(rating)):
        raise DataError(_("a rating needs a number, for example 4, and other feedback has none"))
    with store.write() as session:
        shown = session.scalar(select(ImpressionRow).where(ImpressionRow.id == impression_id, ImpressionRow.account_id == account.id))
        if shown is None or item_id not in shown.items:
            raise DataError(_("the item '{item}' was not in a list that was shown to this account", item=item_id))
        earlier = {
            (each.item_id, each.action): each
            for each in session.scalars(select(FeedbackRow).where(FeedbackRow.impression_id == impression_id))
        }
        if action == "take":
            touched = {item for (item, _action), each in earlier.items() if each.withdrawn is None}
            for item in shown.items[: shown.items.index(item_id)]:
                if item not in touched:
                    _save_feedback(session, shown, earlier.get((item, "skip")), item, "skip", None)
        _save_feedback(session, shown, earlier.get((item_id, action)), item_id, action, rating)
        skipped = earlier.get((item_id, "skip"))
        if action != "skip" and skipped is not None and skipped.withdrawn is None:
            skipped.withdrawn = time.time()
        _withdraw_replaced(session, shown, item_id, action)


def _save_feedback(
    session: Session, shown: ImpressionRow, row: FeedbackRow | None, item_id: str, action: str, rating: float | None
) -> None:
    """Bring the row of an item and action of a list up to date, a new one where there is none."""
    if row is None:
        copied = {name: getattr(shown, name) for name in ("account_id", "dataset", "checkpoint", "version", "user_id", "step")}
        row = FeedbackRow(impression_id=shown.id, item_id=item_id, rank=shown.items.index(item_id) + 1, action=action, **copied)
        session.add(row)
    if row.withdrawn is not None or row.rating != rating:
        row.withdrawn, row.rating, row.created = None, rating, time.time()


def _withdraw_replaced(session: Session, shown: ImpressionRow, item_id: str, action: str) -> None:
    """Withdraw what new feedback on an item replaces: its opposite, and in other lists a rating.

    Lists of ad-hoc histories have no user; two of them may be two people's, so feedback on one replaces nothing in another.
    """
    replaced = REPLACED.get(action)
    if replaced is None:
        return
    rows = select(FeedbackRow).where(
        FeedbackRow.account_id == shown.account_id,
        FeedbackRow.dataset == shown.dataset,
        FeedbackRow.user_id == shown.user_id,
        FeedbackRow.step == shown.step,
        FeedbackRow.item_id == item_id,
        FeedbackRow.action == replaced,
        FeedbackRow.withdrawn.is_(None),
    )
    if not shown.user_id:
        rows = rows.where(FeedbackRow.impression_id == shown.id)
    for row in session.scalars(rows):
        if replaced != action or row.impression_id != shown.id:
            row.withdrawn = time.time()


def withdraw_feedback(
    store: Store,
    account: Account,
    dataset: str,
    user_id: str,
    item_id: str | None = None,
    step: int | None = None,
    action: str | None = None,
) -> int:
    """Take back the account's feedback on the timeline of a user, all of it or that on an item, at a step or of one action.

    Items that were skipped only on the way to a taken one are no longer skipped when that is taken back. Returns the number of rows.
    """
    check_allowed(account, "give feedback")
    given = {FeedbackRow.item_id: item_id, FeedbackRow.step: step, FeedbackRow.action: action}
    mine = [FeedbackRow.account_id == account.id, FeedbackRow.dataset == dataset, FeedbackRow.user_id == user_id]
    mine += [column == value for column, value in given.items() if value is not None]
    with store.write() as session:
        rows = list(session.scalars(select(FeedbackRow).where(*mine, FeedbackRow.withdrawn.is_(None))))
        for row in rows:
            row.withdrawn = time.time()
        session.flush()
        return len(rows) + _withdraw_skips(session, {row.impression_id for row in rows if row.action == "take"})


def _withdraw_skips(session: Session, impressions: set[str]) -> int:
    """Withdraw the skipped items of lists of which no item below them is taken any more, and return their number."""
    if not impressions:
        return 0
    rows = session.scalars(select(FeedbackRow).where(FeedbackRow.impression_id.in_(impressions), FeedbackRow.withdrawn.is_(None))).all()
    lowest: dict[str, int] = {}
    for row in rows:
        if row.action == "take":
            lowest[row.impression_id] = max(row.rank, lowest.get(row.impression_id, 0))
    gone = [row for row in rows if row.action == "skip" and row.rank > lowest.get(row.impression_id, 0)]
    for row in gone:
        row.withdrawn = time.time()
    return len(gone)


def load_feedback(store: Store, account: Account, dataset: str, user_id: str) -> list[Feedback]:
    """Return what an account did on the timeline of a user and has not taken back, the oldest first."""
    wanted = select(FeedbackRow).where(
        FeedbackRow.account_id == account.id,
        FeedbackRow.dataset == dataset,
        FeedbackRow.user_id == user_id,
        FeedbackRow.withdrawn.is_(None),
    )
    with store.read() as session:
        rows = session.scalars(wanted).all()
    # Sorted here: SQLite would read all feedback on the dataset by its index of times rather than sort a few rows.
    rows = sorted(rows, key=lambda row: (row.created, row.id))
    return [Feedback(row.impression_id, row.item_id, row.action, row.rating, row.step, row.created) for row in rows]

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
from recsys.database.schema import FeedbackRow, ImpressionRow
from recsys.feedback.limits import check_list
from recsys.feedback.version_names import split_version

ACTIONS = ("take", "like", "dislike", "skip", "rating")
OPPOSITE = {"like": "dislike", "dislike": "like"}
POSITIVE = ("take", "like")


@dataclass(frozen=True)
class Impression:
    """A list as it was shown. `checkpoint` is its name with its version, such as "association@2"; `items` best first, `scores` of them."""

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


@dataclass(frozen=True)
class Feedback:
    """What a person did with an item of a list."""

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
    session.add(row)
    session.flush()
    return row.id


def record_feedback(store: Store, account: Account, impression_id: str, item_id: str, action: str, rating: float | None = None) -> None:
    """Save what a person did with an item of a list that was shown to the same person.

    The same feedback twice changes nothing; a like withdraws a dislike of the list, and the other way round. Items above a taken one
    that nothing was done with are skipped ones.
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
        answers = [(item_id, action)]
        if action == "take":
            touched = {item for (item, _action), each in earlier.items() if each.withdrawn is None}
            answers += [(item, "skip") for item in shown.items[: shown.items.index(item_id)] if item not in touched]
        for item, what in answers:
            row = earlier.get((item, what))
            if row is None:
                row = FeedbackRow(impression_id=shown.id, account_id=account.id, item_id=item, action=what)
                row.dataset, row.checkpoint, row.version, row.user_id, row.step = (
                    shown.dataset,
                    shown.checkpoint,
                    shown.version,
                    shown.user_id,
                    shown.step,
                )
                row.rank = shown.items.index(item) + 1
                session.add(row)
            row.withdrawn, row.rating = None, rating if what == "rating" else None
        for against in (OPPOSITE.get(action), "skip" if action != "skip" else None):
            opposite = earlier.get((item_id, against or ""))
            if opposite is not None and opposite.withdrawn is None:
                opposite.withdrawn = time.time()


def withdraw_feedback(store: Store, account: Account, dataset: str, user_id: str, item_id: str | None = None) -> int:
    """Take back the account's feedback on the timeline of a user, on one item or on all, and return the number of rows."""
    check_allowed(account, "give feedback")
    mine = [FeedbackRow.account_id == account.id, FeedbackRow.dataset == dataset, FeedbackRow.user_id == user_id]
    if item_id is not None:
        mine.append(FeedbackRow.item_id == item_id)
    with store.write() as session:
        rows = session.scalars(select(FeedbackRow).where(*mine, FeedbackRow.withdrawn.is_(None))).all()
        for row in rows:
            row.withdrawn = time.time()
        return len(rows)


def load_feedback(store: Store, account: Account, dataset: str, user_id: str) -> list[Feedback]:
    """Return what an account did on the timeline of a user and has not taken back, the oldest first."""
    wanted = select(FeedbackRow).where(
        FeedbackRow.account_id == account.id,
        FeedbackRow.dataset == dataset,
        FeedbackRow.user_id == user_id,
        FeedbackRow.withdrawn.is_(None),
    )
    with store.read() as session:
        rows = session.scalars(wanted.order_by(FeedbackRow.created, FeedbackRow.id)).all()
    return [Feedback(row.impression_id, row.item_id, row.action, row.rating, row.step, row.created) for row in rows]

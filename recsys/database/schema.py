"""Tables of the store. Times are seconds since 1970 in UTC; a change here needs a migration in migrations/versions.

Versions, jobs and the audit log keep the id of an account that was erased, and nothing else of it: theirs is not a foreign key.

Ids of rows that people see or send back are random and in the order of their time (`new_id`): they cannot be guessed, and rows that are
written together lie together.
"""

import secrets
import time
from typing import Any

from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Index, Integer, MetaData, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from recsys.database.columns import LONGEST_ID, LONGEST_NOTE, LONGEST_TEXT, LimitedText

ID_LENGTH = 32
NAMES = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def new_id() -> str:
    """Return a random id of 32 hexadecimal digits, of which the first 12 are the milliseconds since 1970."""
    return f"{int(time.time() * 1000):012x}{secrets.token_hex(10)}"


class Table(DeclarativeBase):
    """Base of all tables."""

    metadata = NAMES


class AccountRow(Table):
    """A person who signed in, or the local user of a server without accounts. `issuer` and `subject` are those of OpenID Connect.

    `role` is the one in force, `claimed_role` the one by the latest sign-in, `assigned_role` the one that an admin has set, if any.
    `email` is empty unless the provider has verified it.
    `signed_in` and `signed_out` are times at which the provider issued an identity: of the latest sign-in seen, and of the one signed out.
    """

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)
    id: Mapped[str] = mapped_column(LimitedText(ID_LENGTH), primary_key=True, default=new_id)
    issuer: Mapped[str] = mapped_column(LimitedText(255))
    subject: Mapped[str] = mapped_column(LimitedText(255))
    name: Mapped[str] = mapped_column(LimitedText(255), default="")
    email: Mapped[str] = mapped_column(LimitedText(255), default="")
    role: Mapped[str] = mapped_column(LimitedText(16))
    claimed_role: Mapped[str | None] = mapped_column(LimitedText(16))
    assigned_role: Mapped[str | None] = mapped_column(LimitedText(16))
    created: Mapped[float] = mapped_column(Float(53), default=time.time)
    last_seen: Mapped[float] = mapped_column(Float(53), default=time.time)
    signed_in: Mapped[float | None] = mapped_column(Float(53))
    signed_out: Mapped[float | None] = mapped_column(Float(53))


class ImpressionRow(Table):
    """A list that was shown: to whom, by which version of which checkpoint, for which user of the dataset and at which step.

    `items` and `scores` are in the order of the list, so that rank 1 is the first. `context` holds what was changed: time, place, filters,
    items added to the history. `source` says where it was shown: "live", "comparison", "api".
    """

    __tablename__ = "impressions"
    __table_args__ = (
        Index(None, "account_id", "dataset", "user_id"),
        Index(None, "dataset", "user_id"),
    )
    id: Mapped[str] = mapped_column(LimitedText(ID_LENGTH), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    dataset: Mapped[str] = mapped_column(LimitedText(80))
    dataset_fingerprint: Mapped[str] = mapped_column(LimitedText(64))
    checkpoint: Mapped[str] = mapped_column(LimitedText(80))
    version: Mapped[int] = mapped_column(Integer)
    checkpoint_fingerprint: Mapped[str] = mapped_column(LimitedText(64))
    user_id: Mapped[str] = mapped_column(LimitedText(LONGEST_ID))
    step: Mapped[int] = mapped_column(Integer)
    items: Mapped[list[str]] = mapped_column(JSON)
    scores: Mapped[list[float]] = mapped_column(JSON)
    context: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    source: Mapped[str] = mapped_column(LimitedText(16))
    created: Mapped[float] = mapped_column(Float(53), default=time.time)


class FeedbackRow(Table):
    """One answer of a person to an item of an impression: "take", "like", "dislike", "skip" or "rating".

    Dataset, checkpoint, version, user and step are those of the impression, repeated here so that the page of feedback needs no join over
    millions of impressions. An item has one row for an impression and action: a click that is sent twice changes nothing. `withdrawn` is
    the time at which the person took it back; it then counts nowhere.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("impression_id", "item_id", "action"),
        Index(None, "account_id", "dataset", "user_id", "created"),  # sorted too: else SQLite would read the whole dataset by time
        Index(None, "account_id", "dataset", "created"),
        Index(None, "dataset", "user_id"),
        Index(None, "dataset", "created"),
        Index(None, "dataset", "action", "created"),
        Index(None, "dataset", "checkpoint", "created"),
    )
    id: Mapped[str] = mapped_column(LimitedText(ID_LENGTH), primary_key=True, default=new_id)
    impression_id: Mapped[str] = mapped_column(ForeignKey("impressions.id", ondelete="CASCADE"))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    dataset: Mapped[str] = mapped_column(LimitedText(80))
    checkpoint: Mapped[str] = mapped_column(LimitedText(80))
    version: Mapped[int] = mapped_column(Integer)
    user_id: Mapped[str] = mapped_column(LimitedText(LONGEST_ID))
    step: Mapped[int] = mapped_column(Integer)
    item_id: Mapped[str] = mapped_column(LimitedText(LONGEST_ID))
    rank: Mapped[int] = mapped_column(Integer)
    action: Mapped[str] = mapped_column(LimitedText(16))
    rating: Mapped[float | None] = mapped_column(Float(53))
    created: Mapped[float] = mapped_column(Float(53), default=time.time)
    withdrawn: Mapped[float | None] = mapped_column(Float(53))


class FeedbackCountRow(Table):
    """Number of lists that a version showed on a day, or of their answers of one action: counting millions of rows would take seconds.

    `action` is that of the feedback, or "impression". `day` counts from 1970 in UTC and is that of the row's `created`. Withdrawn feedback
    is not counted. Kept by `recsys.database.counts` in the transaction of every change.
    """

    __tablename__ = "feedback_counts"
    dataset: Mapped[str] = mapped_column(LimitedText(80), primary_key=True)
    checkpoint: Mapped[str] = mapped_column(LimitedText(80), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    day: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    action: Mapped[str] = mapped_column(LimitedText(16), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


class ComparisonRow(Table):
    """A blind comparison of two checkpoints on one user and step, and the pick. `first` and `second` are in the order of their names.

    `method` is "side by side" or "interleaved"; `shown` holds what was shown and in which order; `pick` is "first", "second" or "tie".
    """

    __tablename__ = "comparisons"
    __table_args__ = (Index(None, "dataset", "first", "second"),)
    id: Mapped[str] = mapped_column(LimitedText(ID_LENGTH), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    dataset: Mapped[str] = mapped_column(LimitedText(80))
    user_id: Mapped[str] = mapped_column(LimitedText(LONGEST_ID))
    step: Mapped[int] = mapped_column(Integer)
    first: Mapped[str] = mapped_column(LimitedText(90))
    second: Mapped[str] = mapped_column(LimitedText(90))
    method: Mapped[str] = mapped_column(LimitedText(16))
    shown: Mapped[dict[str, Any]] = mapped_column(JSON)
    pick: Mapped[str | None] = mapped_column(LimitedText(16))
    created: Mapped[float] = mapped_column(Float(53), default=time.time)
    picked: Mapped[float | None] = mapped_column(Float(53))


class CaseRow(Table):
    """A view that was kept, with a note and tags. `page` is the address of its page, `settings` the values of its widgets by their keys.

    `revision` counts the changes of note and tags; `changed_by` is empty where the account is erased. `search_text` is what a search looks
    in, casefolded: neither database does that for all of Unicode.
    """

    __tablename__ = "cases"
    __table_args__ = (Index(None, "account_id", "dataset"),)
    id: Mapped[str] = mapped_column(LimitedText(ID_LENGTH), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    dataset: Mapped[str] = mapped_column(LimitedText(80))
    dataset_fingerprint: Mapped[str] = mapped_column(LimitedText(64), default="")
    checkpoint: Mapped[str] = mapped_column(LimitedText(80))
    version: Mapped[int] = mapped_column(Integer)
    checkpoint_fingerprint: Mapped[str] = mapped_column(LimitedText(64), default="")
    user_id: Mapped[str] = mapped_column(LimitedText(LONGEST_ID))
    step: Mapped[int] = mapped_column(Integer)
    page: Mapped[str] = mapped_column(LimitedText(40), default="")
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    note: Mapped[str] = mapped_column(LimitedText(LONGEST_NOTE), default="")
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    search_text: Mapped[str] = mapped_column(Text, default="")
    created: Mapped[float] = mapped_column(Float(53), default=time.time)
    revision: Mapped[int] = mapped_column(Integer, default=1)
    changed: Mapped[float | None] = mapped_column(Float(53))
    changed_by: Mapped[str | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))


class VersionRow(Table):
    """A version of a checkpoint: 1 is the trained one, NAME@2 the first refit. `trained_on` says on what, `metrics` before and after.

    `promoted` is the time at which it became the version that NAME means; the latest one counts.
    """

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("dataset", "checkpoint", "version"),)
    id: Mapped[str] = mapped_column(LimitedText(ID_LENGTH), primary_key=True, default=new_id)
    dataset: Mapped[str] = mapped_column(LimitedText(80))
    checkpoint: Mapped[str] = mapped_column(LimitedText(80))
    version: Mapped[int] = mapped_column(Integer)
    parent: Mapped[int | None] = mapped_column(Integer)
    account_id: Mapped[str] = mapped_column(LimitedText(ID_LENGTH))
    trained_on: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    metrics: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created: Mapped[float] = mapped_column(Float(53), default=time.time)
    promoted: Mapped[float | None] = mapped_column(Float(53))
    deleted: Mapped[float | None] = mapped_column(Float(53))


class JobRow(Table):
    """Work in a process of its own. `state` is "waiting", "running", "done", "failed" or "stopped"; `heartbeat` the last sign of life."""

    __tablename__ = "jobs"
    __table_args__ = (Index(None, "state"),)
    id: Mapped[str] = mapped_column(LimitedText(ID_LENGTH), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(LimitedText(ID_LENGTH))
    kind: Mapped[str] = mapped_column(LimitedText(32))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(LimitedText(16), default="waiting")
    progress: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    result: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    error: Mapped[str] = mapped_column(LimitedText(LONGEST_TEXT), default="")
    host: Mapped[str] = mapped_column(LimitedText(255), default="")
    process: Mapped[int | None] = mapped_column(BigInteger)
    stop_requested: Mapped[float | None] = mapped_column(Float(53))
    created: Mapped[float] = mapped_column(Float(53), default=time.time)
    started: Mapped[float | None] = mapped_column(Float(53))
    heartbeat: Mapped[float | None] = mapped_column(Float(53))
    ended: Mapped[float | None] = mapped_column(Float(53))


class ScheduleRow(Table):
    """A job that is started again and again: a refit of a checkpoint after every `every` new answers, counted from `since` on."""

    __tablename__ = "schedules"
    __table_args__ = (UniqueConstraint("dataset", "checkpoint"),)
    id: Mapped[str] = mapped_column(LimitedText(ID_LENGTH), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    dataset: Mapped[str] = mapped_column(LimitedText(80))
    checkpoint: Mapped[str] = mapped_column(LimitedText(80))
    every: Mapped[int] = mapped_column(Integer)
    since: Mapped[float] = mapped_column(Float(53), default=time.time)
    created: Mapped[float] = mapped_column(Float(53), default=time.time)


class TokenRow(Table):
    """A bearer token of the API; only the SHA-256 of the token is stored."""

    __tablename__ = "tokens"
    id: Mapped[str] = mapped_column(LimitedText(ID_LENGTH), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(LimitedText(80))
    digest: Mapped[str] = mapped_column(LimitedText(64), unique=True)
    created: Mapped[float] = mapped_column(Float(53), default=time.time)
    last_used: Mapped[float | None] = mapped_column(Float(53))
    revoked: Mapped[float | None] = mapped_column(Float(53))


class AuditRow(Table):
    """An action of an account and its time. Rows are only ever added; they stay when an account is erased, with its id alone."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "created"),)
    id: Mapped[str] = mapped_column(LimitedText(ID_LENGTH), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(LimitedText(ID_LENGTH))
    action: Mapped[str] = mapped_column(LimitedText(40))
    subject: Mapped[str] = mapped_column(LimitedText(LONGEST_TEXT))
    created: Mapped[float] = mapped_column(Float(53), default=time.time)

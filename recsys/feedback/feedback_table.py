"""The table in which feedback is exported and imported: a row for each answer with the list that it answers, and one for each list without.

Lists and contexts are JSON in text columns, so that CSV and Parquet hold the same. Texts are exported as they are: a program that takes a
cell that begins with = for a formula must be told that these are texts.
"""

import json
import math
import re
from typing import Any, NamedTuple

import pyarrow as pa

from recsys.core.errors import DataError, RecsysError
from recsys.core.translation import _
from recsys.database.columns import LONGEST_ID, check_words, to_json
from recsys.database.schema import AccountRow, FeedbackRow, ImpressionRow
from recsys.feedback.limits import check_list
from recsys.feedback.recording import ACTIONS

ACCOUNT = {"account_id": pa.string(), "account_issuer": pa.string(), "account_subject": pa.string()}
IMPRESSION = {
    "impression_id": pa.string(),
    **ACCOUNT,
    "dataset": pa.string(),
    "dataset_fingerprint": pa.string(),
    "checkpoint": pa.string(),
    "version": pa.int64(),
    "checkpoint_fingerprint": pa.string(),
    "user_id": pa.string(),
    "step": pa.int64(),
    "items": pa.string(),
    "scores": pa.string(),
    "context": pa.string(),
    "source": pa.string(),
    "shown": pa.float64(),
}
FEEDBACK = {
    "feedback_id": pa.string(),
    "item_id": pa.string(),
    "rank": pa.int64(),
    "action": pa.string(),
    "rating": pa.float64(),
    "created": pa.float64(),
    "withdrawn": pa.float64(),
}
OPTIONAL = {"rating", "withdrawn"}
SCHEMA = pa.schema([pa.field(name, kind) for name, kind in {**IMPRESSION, **FEEDBACK}.items()])
LENGTHS = {
    "account_issuer": 255,
    "account_subject": 255,
    "dataset": 80,
    "dataset_fingerprint": 64,
    "checkpoint": 80,
    "checkpoint_fingerprint": 64,
    "user_id": LONGEST_ID,
    "item_id": LONGEST_ID,
    "source": 16,
}
LARGEST_INTEGER = 2**31 - 1
ID = re.compile(r"[0-9a-f]{32}")


class TableRow(NamedTuple):
    """A row of the table: an account, an impression of it, and feedback unless the list has no answer. The rows belong to no session."""

    account: AccountRow
    impression: ImpressionRow
    feedback: FeedbackRow | None


def to_record(account: AccountRow, shown: ImpressionRow, feedback: FeedbackRow | None) -> dict[str, Any]:
    """Return the values of a row by column."""
    return {
        "impression_id": shown.id,
        "account_id": account.id,
        "account_issuer": account.issuer,
        "account_subject": account.subject,
        "dataset": shown.dataset,
        "dataset_fingerprint": shown.dataset_fingerprint,
        "checkpoint": shown.checkpoint,
        "version": shown.version,
        "checkpoint_fingerprint": shown.checkpoint_fingerprint,
        "user_id": shown.user_id,
        "step": shown.step,
        "items": to_json(shown.items),
        "scores": to_json(shown.scores),
        "context": to_json(shown.context),
        "source": shown.source,
        "shown": shown.created,
        **({} if feedback is None else {
            "feedback_id": feedback.id,
            "item_id": feedback.item_id,
            "rank": feedback.rank,
            "action": feedback.action,
            "rating": feedback.rating,
            "created": feedback.created,
            "withdrawn": feedback.withdrawn,
        }),
    }  # fmt: skip


def read_record(record: dict[str, Any], number: int) -> TableRow:
    """Return the rows that a record of the table holds; raise a DataError that names the row where it is not one of an export."""
    try:
        account = AccountRow(
            id=_id(record, "account_id"), issuer=_words(record, "account_issuer"), subject=_words(record, "account_subject")
        )
        shown = ImpressionRow(
            id=_id(record, "impression_id"),
            account_id=account.id,
            version=_integer(record, "version", 1),
            step=_integer(record, "step", 0),
            items=_json(record, "items", list),
            scores=_json(record, "scores", list),
            context=_json(record, "context", dict),
            created=_number(record, "shown"),
            **{name: _words(record, name) for name in ("dataset", "dataset_fingerprint", "checkpoint", "checkpoint_fingerprint", "user_id", "source")},
        )  # fmt: skip
        _check_list(shown)
        return TableRow(account, shown, _read_feedback(record, shown) if record["feedback_id"] else None)
    except RecsysError as error:
        raise DataError(_("row {row}: {reason}", row=number, reason=error)) from error


def _read_feedback(record: dict[str, Any], shown: ImpressionRow) -> FeedbackRow:
    item, action = _words(record, "item_id"), str(record["action"])
    rank = shown.items.index(item) + 1 if item in shown.items else None
    if rank is None or rank != _integer(record, "rank", 1):
        raise _wrong("item_id", item, _("an item of the list, with its rank"))
    if action not in ACTIONS:
        raise _wrong("action", action, ", ".join(ACTIONS))
    if (action == "rating") != (record["rating"] is not None):
        raise _wrong("rating", record["rating"], _("a number for the action rating, and nothing for others"))
    return FeedbackRow(
        id=_id(record, "feedback_id"),
        impression_id=shown.id,
        account_id=shown.account_id,
        dataset=shown.dataset,
        checkpoint=shown.checkpoint,
        version=shown.version,
        user_id=shown.user_id,
        step=shown.step,
        item_id=item,
        rank=rank,
        action=action,
        rating=None if record["rating"] is None else _number(record, "rating"),
        created=_number(record, "created"),
        withdrawn=None if record["withdrawn"] is None else _number(record, "withdrawn"),
    )


def _check_list(shown: ImpressionRow) -> None:
    if not all(isinstance(item, str) for item in shown.items):
        raise _wrong("items", shown.items, '["item-1","item-2"]')
    if not all(score is None or (isinstance(score, int | float) and not isinstance(score, bool)) for score in shown.scores):
        raise _wrong("scores", shown.scores, "[2.5,null]")
    check_list(shown.items, shown.scores, shown.context)


def _wrong(column: str, value: object, wanted: str) -> DataError:
    return DataError(_("{column} is '{value}', not {wanted}", column=column, value=str(value)[:60], wanted=wanted))


def _id(record: dict[str, Any], name: str) -> str:
    if not ID.fullmatch(record[name] or ""):
        raise _wrong(name, record[name], _("an id of 32 hexadecimal digits"))
    return str(record[name])


def _words(record: dict[str, Any], name: str) -> str:
    if record[name] is None:
        raise _wrong(name, record[name], _("a text"))
    return check_words(record[name], LENGTHS[name])


def _integer(record: dict[str, Any], name: str, least: int) -> int:
    value = record[name]
    if value is None or not least <= value <= LARGEST_INTEGER:
        raise _wrong(name, value, _("a whole number from {least} on", least=least))
    return int(value)


def _number(record: dict[str, Any], name: str) -> float:
    value = record[name]
    if value is None or not math.isfinite(value):
        raise _wrong(name, value, _("a number"))
    return float(value)


def _json(record: dict[str, Any], name: str, kind: type) -> Any:
    try:
        value = json.loads(record[name] or "")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        raise _wrong(name, record[name], _("JSON as it is exported"))
    return value

"""The table in which feedback is exported and imported: a row for each answer with the list that it answers, and one for each list without.

Lists and contexts are JSON in text columns, so that CSV and Parquet hold the same. Texts are exported as they are: a spreadsheet that takes
a cell that begins with = for a formula must be told that these are texts.
"""

import json
import math
import re
from typing import Any, NamedTuple

import pyarrow as pa

from recsys.core.errors import DataError, RecsysError
from recsys.core.translation import _
from recsys.database.columns import LONGEST_ID, check_text
from recsys.database.schema import AccountRow, FeedbackRow, ImpressionRow
from recsys.feedback.limits import check_list
from recsys.feedback.recording import ACTIONS
from recsys.feedback.version_names import SEPARATOR

COLUMNS: dict[str, tuple[Any, pa.DataType]] = {
    "impression_id": (ImpressionRow.id, pa.string()),
    "account_id": (AccountRow.id, pa.string()),
    "account_issuer": (AccountRow.issuer, pa.string()),
    "account_subject": (AccountRow.subject, pa.string()),
    "dataset": (ImpressionRow.dataset, pa.string()),
    "dataset_fingerprint": (ImpressionRow.dataset_fingerprint, pa.string()),
    "checkpoint": (ImpressionRow.checkpoint, pa.string()),
    "version": (ImpressionRow.version, pa.int64()),
    "checkpoint_fingerprint": (ImpressionRow.checkpoint_fingerprint, pa.string()),
    "user_id": (ImpressionRow.user_id, pa.string()),
    "step": (ImpressionRow.step, pa.int64()),
    "items": (ImpressionRow.items, pa.string()),
    "scores": (ImpressionRow.scores, pa.string()),
    "context": (ImpressionRow.context, pa.string()),
    "source": (ImpressionRow.source, pa.string()),
    "shown": (ImpressionRow.created, pa.float64()),
    "feedback_id": (FeedbackRow.id, pa.string()),
    "item_id": (FeedbackRow.item_id, pa.string()),
    "rank": (FeedbackRow.rank, pa.int64()),
    "action": (FeedbackRow.action, pa.string()),
    "rating": (FeedbackRow.rating, pa.float64()),
    "created": (FeedbackRow.created, pa.float64()),
    "withdrawn": (FeedbackRow.withdrawn, pa.float64()),
}
"""Columns of the table with those of the store and their types. Those from feedback_id on are empty for a list without an answer."""
SCHEMA = pa.schema([pa.field(name, kind) for name, (_column, kind) in COLUMNS.items()])
JSON_COLUMNS = ("items", "scores", "context")
LONGEST_ADDRESS = 255
LARGEST_INTEGER = 2**31 - 1
LATEST_TIME = 253_402_300_799
"""The end of the year 9999."""
ID = re.compile(r"[0-9a-f]{32}")


class TableRow(NamedTuple):
    """Values of the rows of the store that one row of the table holds; `feedback` is None for a list without an answer."""

    account: dict[str, Any]
    impression: dict[str, Any]
    feedback: dict[str, Any] | None


def read_record(record: dict[str, Any], number: int) -> TableRow:
    """Return what a row of the table holds; raise a DataError with its number, counted from 1, where it cannot be of an export."""
    try:
        shown = _read_impression(record)
        account = {
            "id": shown["account_id"],
            "issuer": _text(record, "account_issuer", LONGEST_ADDRESS),
            "subject": _text(record, "account_subject", LONGEST_ADDRESS),
        }
        return TableRow(account, shown, _read_feedback(record, shown) if record["feedback_id"] else None)
    except RecsysError as error:
        raise DataError(_("row {row} of the table: {reason}", row=number, reason=error)) from error


def _read_impression(record: dict[str, Any]) -> dict[str, Any]:
    items, scores, context = (_json(record, name) for name in JSON_COLUMNS)
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise _wrong("items", record["items"], '["item-1","item-2"]')
    if not isinstance(scores, list) or not all(score is None or _is_number(score) for score in scores):
        raise _wrong("scores", record["scores"], "[2.5,null]")
    if not isinstance(context, dict):
        raise _wrong("context", record["context"], "{}")
    check_list(items, scores, context)
    checkpoint = _text(record, "checkpoint", 80)
    if SEPARATOR in checkpoint:
        raise _wrong("checkpoint", checkpoint, "association")
    return {
        "id": _id(record, "impression_id"),
        "account_id": _id(record, "account_id"),
        "dataset": _text(record, "dataset", 80),
        "dataset_fingerprint": _text(record, "dataset_fingerprint", 64),
        "checkpoint": checkpoint,
        "version": _integer(record, "version", 1),
        "checkpoint_fingerprint": _text(record, "checkpoint_fingerprint", 64),
        "user_id": _text(record, "user_id", LONGEST_ID),
        "step": _integer(record, "step", 0),
        "items": items,
        "scores": scores,
        "context": context,
        "source": _text(record, "source", 16),
        "created": _time(record, "shown"),
    }


def _read_feedback(record: dict[str, Any], shown: dict[str, Any]) -> dict[str, Any]:
    items, item, action, rating = shown["items"], _text(record, "item_id", LONGEST_ID), str(record["action"]), record["rating"]
    if item not in items:
        raise _wrong("item_id", item, items[0] if items else "–")
    rank = items.index(item) + 1
    if rank != record["rank"]:
        raise _wrong("rank", record["rank"], rank)
    if action not in ACTIONS:
        raise _wrong("action", action, ACTIONS[0])
    if (action == "rating") != (rating is not None) or not _is_number(rating or 0.0):
        raise _wrong("rating", rating, 4 if action == "rating" else "–")
    return {
        "id": _id(record, "feedback_id"),
        "impression_id": shown["id"],
        **{name: shown[name] for name in ("account_id", "dataset", "checkpoint", "version", "user_id", "step")},
        "item_id": item,
        "rank": rank,
        "action": action,
        "rating": rating,
        "created": _time(record, "created"),
        "withdrawn": None if record["withdrawn"] is None else _time(record, "withdrawn"),
    }


def _wrong(column: str, value: object, example: object) -> DataError:
    return DataError(
        _(
            "'{value}' in the column {column} cannot be used; a value that can is for example {example}",
            value=str(value)[:60],
            column=column,
            example=example,
        )
    )


def _id(record: dict[str, Any], name: str) -> str:
    if not ID.fullmatch(record[name] or ""):
        raise _wrong(name, record[name], "0192f5a4c3de4b1f8a7e6d5c4b3a2910")
    return str(record[name])


def _text(record: dict[str, Any], name: str, longest: int) -> str:
    return check_text(record[name] or "", longest)


def _integer(record: dict[str, Any], name: str, least: int) -> int:
    if record[name] is None or not least <= record[name] <= LARGEST_INTEGER:
        raise _wrong(name, record[name], least)
    return int(record[name])


def _time(record: dict[str, Any], name: str) -> float:
    if record[name] is None or not 0 <= record[name] <= LATEST_TIME:  # not for NaN
        raise _wrong(name, record[name], "1764259200.25")
    return float(record[name])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _json(record: dict[str, Any], name: str) -> Any:
    try:
        return json.loads(record[name] or "")
    except (ValueError, RecursionError):
        return None

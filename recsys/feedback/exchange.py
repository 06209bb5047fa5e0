"""Export of feedback with the lists that it answers to CSV or Parquet, and import of such a file, in batches: memory does not grow with it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet
from sqlalchemy import Row, Select, Text, cast, insert, select
from sqlalchemy.orm import Session

from recsys.accounts.account import Account
from recsys.accounts.audit_log import record_action
from recsys.accounts.roles import ROLES, check_allowed
from recsys.core.errors import DataError, summarize_error
from recsys.core.translation import _
from recsys.database.counts import DAY, SHOWN, CountKey, change_counts
from recsys.database.engine import Store
from recsys.database.schema import AccountRow, FeedbackRow, ImpressionRow
from recsys.feedback.feedback_table import COLUMNS, JSON_COLUMNS, SCHEMA, TableRow, read_record
from recsys.storage.atomic_files import open_file_atomically

SUFFIXES = (".csv", ".parquet")
BATCH = 5_000
BLOCK_BYTES = 16 * 2**20
"""Bytes of CSV read at once; no row is longer."""
EMPTY_CELLS = {"null_values": [""], "strings_can_be_null": True}
"""Only an empty cell is empty: an id such as "NA" is a text."""


@dataclass(frozen=True)
class Transfer:
    """Rows that were exported or imported; `known` of those in an imported file were in the store already."""

    impressions: int
    feedback: int
    known: int = 0


def export_feedback(
    store: Store, account: Account, path: Path, dataset: str | None = None, account_id: str | None = None, batch: int = BATCH
) -> Transfer:
    """Write lists and the feedback on them to a file, those of one dataset or account or all; another person's need the role admin."""
    if account_id != account.id:
        check_allowed(account, "manage accounts")
    check_suffix(path)
    wanted = _table_of(dataset, account_id).execution_options(yield_per=batch)
    impressions, feedback, last = 0, 0, ""
    with open_file_atomically(path) as work, _open_writer(work, path.suffix) as writer, store.read() as session:
        for rows in session.execute(wanted).partitions():
            columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
            writer.write_batch(pa.record_batch([pa.array(values, kind) for values, kind in zip(columns, SCHEMA.types)], schema=SCHEMA))
            for row in rows:
                impressions += row.impression_id != last
                feedback += row.feedback_id is not None
                last = row.impression_id
    return Transfer(impressions, feedback)


def import_feedback(store: Store, account: Account, path: Path, batch: int = BATCH) -> Transfer:
    """Add what a file of `export_feedback` holds, in one transaction; what the store has already stays as it is.

    People are found by who they are with their provider, and added without a role where they have never signed in. A file that is not
    an export, or contradicts the store, is a DataError, and nothing of it is added.
    """
    check_allowed(account, "manage accounts")
    check_suffix(path)
    total = Counter({"impressions": 0, "feedback": 0, "known": 0})
    accounts: dict[tuple[str, str, str], str] = {}
    with store.write() as session:
        for rows in _read_rows(path, batch):
            total.update(_add_rows(session, rows, accounts))
        record_action(session, account, "import feedback", f"{total['impressions']} lists, {total['feedback']} answers")
    return Transfer(total["impressions"], total["feedback"], total["known"])


def check_suffix(path: Path) -> None:
    """Raise a DataError unless a file is CSV or Parquet by its name."""
    if path.suffix not in SUFFIXES:
        raise DataError(_("{path} is neither CSV nor Parquet by its name; name it for example feedback.csv or feedback.parquet", path=path))


def _table_of(dataset: str | None, account_id: str | None) -> Select[Any]:
    columns = [(cast(column, Text) if name in JSON_COLUMNS else column).label(name) for name, (column, _kind) in COLUMNS.items()]
    wanted = (
        select(*columns).select_from(ImpressionRow).join(AccountRow).outerjoin(FeedbackRow, FeedbackRow.impression_id == ImpressionRow.id)
    )
    for column, value in ((ImpressionRow.dataset, dataset), (ImpressionRow.account_id, account_id)):
        if value is not None:
            wanted = wanted.where(column == value)
    return wanted.order_by(ImpressionRow.id, FeedbackRow.id)


@contextmanager
def _open_writer(path: Path, suffix: str) -> Iterator[Any]:
    writer = csv.CSVWriter(path, SCHEMA) if suffix == ".csv" else parquet.ParquetWriter(path, SCHEMA)
    with writer:
        yield writer


def _read_rows(path: Path, batch: int) -> Iterator[list[TableRow]]:
    """Yield the checked rows of a file in batches."""
    if not path.is_file():
        raise DataError(_("there is no file {path}", path=path))
    number = 0
    try:
        for table in _read_batches(path, batch):
            rows = []
            for record in table.to_pylist():
                number += 1
                rows.append(read_record(record, number))
            yield rows
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise DataError(_("{path} cannot be read as exported feedback: {reason}", path=path, reason=summarize_error(error))) from error


def _read_batches(path: Path, batch: int) -> Iterator[pa.RecordBatch]:
    if path.suffix == ".parquet":
        with parquet.ParquetFile(path) as file:
            _check_columns(path, file.schema_arrow.names)
            for table in file.iter_batches(batch, columns=SCHEMA.names):
                yield table.select(SCHEMA.names).cast(SCHEMA)
        return
    read = csv.ReadOptions(block_size=BLOCK_BYTES)
    parse = csv.ParseOptions(newlines_in_values=True)
    with csv.open_csv(path, read, parse, csv.ConvertOptions(column_types=SCHEMA, **EMPTY_CELLS)) as reader:
        _check_columns(path, reader.schema.names)
        for table in reader:
            for start in range(0, table.num_rows, batch):
                yield table.slice(start, batch).select(SCHEMA.names)


def _check_columns(path: Path, names: Sequence[str]) -> None:
    missing = [name for name in SCHEMA.names if names.count(name) != 1]
    if missing:
        raise DataError(_("{path} is not exported feedback: it needs the column {column} once", path=path, column=missing[0]))


def _add_rows(session: Session, rows: Sequence[TableRow], accounts: dict[tuple[str, str, str], str]) -> Counter[str]:
    """Add the rows that are not in the store, and return how many of each."""
    for row in rows:
        person = _find_account(session, row.account, accounts)
        row.impression["account_id"] = person
        if row.feedback is not None:
            row.feedback["account_id"] = person
    shown = {row.impression["id"]: row.impression for row in rows}
    for row in rows:
        _check_same(shown[row.impression["id"]], row.impression)
    known_lists = {each.id: each for each in session.execute(select(*ImpressionRow.__table__.columns).where(ImpressionRow.id.in_(shown)))}
    for key, known in known_lists.items():
        _check_same(dict(known._mapping), shown[key])
    new_lists = [values for key, values in shown.items() if key not in known_lists]

    answers = [row.feedback for row in rows if row.feedback is not None]
    keys = (FeedbackRow.impression_id, FeedbackRow.item_id, FeedbackRow.action)
    known_answers = {tuple(each) for each in session.execute(select(*keys).where(FeedbackRow.impression_id.in_(shown)))}
    new_answers: dict[tuple[str, str, str], dict[str, Any]] = {}
    for each in answers:
        new_answers.setdefault((each["impression_id"], each["item_id"], each["action"]), each)
    fresh = [each for key, each in new_answers.items() if key not in known_answers]
    _check_free_ids(session, [each["id"] for each in fresh])

    for table, values in ((ImpressionRow, new_lists), (FeedbackRow, fresh)):
        if values:
            session.execute(insert(table), values)
    change_counts(session.connection(), Counter(_count_key(each) for each in [*new_lists, *fresh] if each.get("withdrawn") is None))
    return Counter(impressions=len(new_lists), feedback=len(fresh), known=len(known_lists) + len(answers) - len(fresh))


def _count_key(values: dict[str, Any]) -> CountKey:
    day = int(values["created"] // DAY)
    return CountKey(values["dataset"], values["checkpoint"], values["version"], day, values.get("action", SHOWN))


def _check_same(known: dict[str, Any], given: dict[str, Any]) -> None:
    if known != given:
        raise DataError(_("the list {id} is known already, with other values; a list never changes", id=given["id"]))


def _check_free_ids(session: Session, ids: Sequence[str]) -> None:
    taken = session.scalar(select(FeedbackRow.id).where(FeedbackRow.id.in_(ids)).limit(1)) if ids else None
    twice = next((each for each, number in Counter(ids).items() if number > 1), taken)
    if twice is not None:
        raise DataError(_("the feedback {id} is known already, with other values", id=twice))


def _find_account(session: Session, values: dict[str, Any], accounts: dict[tuple[str, str, str], str]) -> str:
    """Return the id in this store of a person in the file, who is added where unknown."""
    given, issuer, subject = key = (values["id"], values["issuer"], values["subject"])
    if key not in accounts:
        row: Row[Any] | None = session.execute(
            select(AccountRow.id).where(AccountRow.issuer == issuer, AccountRow.subject == subject)
        ).one_or_none()
        if row is None and session.get(AccountRow, given) is not None:
            raise DataError(_("the account {id} is known already, as another person", id=given))
        if row is None:
            session.add(AccountRow(**values, role=ROLES[0]))
            session.flush()
        accounts[key] = row.id if row is not None else given
    return accounts[key]

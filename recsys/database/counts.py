"""Counters of impressions and feedback by version and day, kept in the transaction of every change: millions of rows are not counted anew.

A session of the store keeps them for the rows that it adds, changes and deletes. A statement on many rows does not, and calls
`change_counts` itself.
"""

from collections import Counter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Integer, Subquery, cast, func, inspect, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from recsys.database.schema import FeedbackCountRow, FeedbackRow, ImpressionRow

SHOWN = "impression"
"""Stands in the place of the action where a list was shown."""
DAY = 86_400
MOST_ROWS = 2**62
INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class CountKey(NamedTuple):
    """One counter: a version of a checkpoint, a day since 1970 in UTC, and an action or SHOWN."""

    dataset: str
    checkpoint: str
    version: int
    day: int
    action: str


def keep_counts(session: Session, _context: object) -> None:
    """Count what a session has just written; a listener of SQLAlchemy's event after_flush."""
    changes: Counter[CountKey] = Counter()
    for row in session.new:
        changes.update(_keys(row, "added"))
    for row in session.dirty:
        changes.subtract(_keys(row, "deleted"))
        changes.update(_keys(row, "added"))
    for row in session.deleted:
        changes.subtract(_keys(row, "deleted"))
    if changes:
        change_counts(session.connection(), changes)


def change_counts(connection: Connection, changes: Counter[CountKey]) -> None:
    """Add to the counters; a negative number takes away."""
    rows = [{**key._asdict(), "count": change} for key, change in changes.items() if change]
    if rows:
        insert = INSERT[connection.dialect.name](FeedbackCountRow.__table__)
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=list(CountKey._fields), set_={"count": FeedbackCountRow.count + insert.excluded.count}
            ),
            rows,
        )


def count_rows(session: Session, *, impressions: ColumnElement[bool] | None, feedback: ColumnElement[bool] | None) -> Counter[CountKey]:
    """Count the rows under a condition by reading them, withdrawn feedback left out; None counts none of a kind."""
    counted: Counter[CountKey] = Counter()
    if impressions is not None:
        counted += _count_groups(session, ImpressionRow, impressions, SHOWN)
    if feedback is not None:
        counted += _count_groups(session, FeedbackRow, feedback & FeedbackRow.withdrawn.is_(None), FeedbackRow.action)
    return counted


def _keys(row: object, which: str) -> list[CountKey]:
    """Return the counter of a row as it is ("added") or as it was before the flush ("deleted"); none where the row is not counted."""
    if not isinstance(row, ImpressionRow | FeedbackRow):
        return []

    state: Any = inspect(row)

    def value(name: str) -> Any:
        changed = getattr(state.attrs[name].history, which)
        return changed[0] if changed else getattr(row, name)

    is_feedback = isinstance(row, FeedbackRow)
    if is_feedback and value("withdrawn") is not None:
        return []
    action = value("action") if is_feedback else SHOWN
    return [CountKey(value("dataset"), value("checkpoint"), value("version"), int(value("created") // DAY), action)]


def _count_groups(session: Session, row: Any, condition: ColumnElement[bool], action: Any) -> Counter[CountKey]:
    days = row.created / DAY
    # A cast cuts on SQLite, which may lack FLOOR, and rounds on PostgreSQL.
    day = cast(days if session.get_bind().dialect.name == "sqlite" else func.floor(days), Integer).label("day")
    chosen = select(row.dataset, row.checkpoint, row.version, day, (action if row is FeedbackRow else literal(action)).label("action"))
    rows = filter_first(chosen.where(condition))
    grouped = [rows.c[name] for name in CountKey._fields]
    statement = select(*grouped, func.count()).group_by(*grouped)
    return Counter({CountKey(*key): number for *key, number in session.execute(statement)})


def filter_first(wanted: Any) -> Subquery:
    """Return a query as a subquery whose conditions are applied before its rows are grouped.

    SQLite would else read a whole dataset by the index that has the rows in the order of their groups.
    """
    return wanted.limit(MOST_ROWS).subquery()

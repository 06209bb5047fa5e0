"""A store with millions of impressions, made by the database itself in minutes."""

import time

from sqlalchemy import create_engine, text

from recsys.accounts.account import open_local_account
from recsys.database.counts import change_counts, count_rows
from recsys.database.engine import Store
from recsys.database.schema import FeedbackRow, ImpressionRow

DATASET, ACCOUNTS, DAYS = "large", 1_000, 365
START = 1_733_000_000
"""Seconds since 1970 from which on the lists are spread over a year."""
SQL = {
    "sqlite": {
        "numbers": "WITH RECURSIVE numbers(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < {count})",
        "id": "printf('%032x', {0})",
    },
    "postgresql": {
        "numbers": "WITH numbers AS (SELECT i FROM generate_series(0, {count} - 1) AS series(i))",
        "id": "lpad(to_hex({0}), 32, '0')",
    },
}
MAKE_ACCOUNTS = """{numbers} INSERT INTO accounts (id, issuer, subject, name, email, role, created, last_seen)
SELECT {id}, 'bench', CAST(i AS TEXT), '', '', 'editor', 0, 0 FROM numbers"""
MAKE_LISTS = """{numbers} INSERT INTO impressions (id, account_id, dataset, checkpoint, version, user_id, step, created, dataset_fingerprint,
checkpoint_fingerprint, items, scores, context, source)
SELECT {id}, {account}, {about}, {created}, 'f', 'g', '[{items}]', '[9.5,8.5,7.5,6.5,5.5,4.5,3.5,2.5,1.5,0.5]', '{{}}', 'live' FROM numbers"""
MAKE_FEEDBACK = """{numbers} INSERT INTO feedback (id, impression_id, account_id, dataset, checkpoint, version, user_id, step, created, item_id,
rank, action)
SELECT {id}, {id}, {account}, {about}, {created}, 'place-2', 3, 'like' FROM numbers WHERE i % 10 = 0"""
ABOUT = f"'{DATASET}', 'model-' || CAST(i % 3 AS TEXT), 1 + i % 4, 'user-' || CAST(i % 5000 * 7919 % 5000 AS TEXT), i % 200"


def make_large_store(url: str, count: int) -> tuple[Store, float]:
    """Return a store with that many lists, a tenth of them liked, and the seconds that counting the rows takes without the counters."""
    store = Store(url)
    open_local_account(store)
    _fill(url, store.dialect, count)
    with store.write() as session:
        began = time.perf_counter()
        counted = count_rows(session, impressions=ImpressionRow.id != "", feedback=FeedbackRow.id != "")
        seconds = time.perf_counter() - began
        change_counts(session.connection(), counted)
    return store, seconds


def _fill(url: str, dialect: str, count: int) -> None:
    names = SQL[dialect]
    values = {
        "id": names["id"].format("i"),
        "account": names["id"].format(f"i % {ACCOUNTS}"),
        "about": ABOUT,
        "created": f"{START} + i * ({DAYS} * 86400.0 / {count})",
        "items": ",".join(f'"place-{rank}"' for rank in range(10)),
    }
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if dialect == "sqlite":
            for pragma in ("synchronous=OFF", "cache_size=-1000000"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
        indexes = [index for row in (ImpressionRow, FeedbackRow) for index in row.metadata.tables[row.__tablename__].indexes]
        for index in indexes:  # filled at once they are made much faster
            index.drop(connection)
        for statement, number in ((MAKE_ACCOUNTS, ACCOUNTS), (MAKE_LISTS, count), (MAKE_FEEDBACK, count)):
            connection.execute(text(statement.format(numbers=names["numbers"].format(count=number), **values)))
        for index in indexes:
            index.create(connection)
        if dialect == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()

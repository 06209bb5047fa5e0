"""Lists that were shown, and feedback on them, for tests of the store."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from recsys.accounts.account import Account, save_account
from recsys.database.counts import SHOWN
from recsys.database.engine import Store
from recsys.database.schema import FeedbackCountRow, FeedbackRow, ImpressionRow
from recsys.feedback.recording import Impression, record_feedback, record_impression

ITEMS = ("i1", "i2", "i3", "i4")


def make_account(store: Store, name: str, role: str = "editor") -> Account:
    return save_account(store, "https://issuer.example", name, name=name, email=f"{name}@example.org", role=role)


def show_list(store: Store, account: Account, items: Sequence[str] = ITEMS, **values: Any) -> str:
    """Save a list with one score that is not known, and return its id."""
    scores = [*(1 / (rank + 3) for rank in range(len(items) - 1)), float("-inf")][: len(items)]
    given = {
        "dataset": "shop",
        "dataset_fingerprint": "d" * 64,
        "checkpoint": "sasrec@2",
        "checkpoint_fingerprint": "c" * 64,
        "user_id": "u1",
        "step": 3,
        "context": {"time": 1_700_000_000.25, "filters": ["a", None], "ü": {"deep": True}},
    }
    return record_impression(store, account, Impression(**{**given, "items": items, "scores": scores, **values}))


def answer(store: Store, account: Account, shown: str, *given: tuple[Any, ...]) -> None:
    """Give feedback: ("i1", "like") or ("i1", "rating", 4.0)."""
    for each in given:
        record_feedback(store, account, shown, *each)


def move_to(store: Store, shown: str, moment: float) -> None:
    """Change the time of a list and of all feedback on it."""
    with store.write() as session:
        for row in [session.get_one(ImpressionRow, shown), *session.scalars(select(FeedbackRow).where(FeedbackRow.impression_id == shown))]:
            row.created = moment


def rows_of(store: Store, table: Any) -> list[dict[str, Any]]:
    """All rows of a table with all values, in the order of their ids."""
    with store.read() as session:
        return sorted((dict(row) for row in session.execute(select(table.__table__)).mappings()), key=lambda row: str(row.get("id")))


def counters_of(store: Store) -> Counter[tuple[Any, ...]]:
    """The counters that are not 0."""
    rows = rows_of(store, FeedbackCountRow)
    return Counter(
        {(row["dataset"], row["checkpoint"], row["version"], row["day"], row["action"]): row["count"] for row in rows if row["count"]}
    )


def counted(store: Store) -> Counter[tuple[Any, ...]]:
    """What the counters must be, row by row."""
    found: Counter[tuple[Any, ...]] = Counter()
    for table in (ImpressionRow, FeedbackRow):
        for row in rows_of(store, table):
            if row.get("withdrawn") is None:
                found[row["dataset"], row["checkpoint"], row["version"], int(row["created"] // 86_400), row.get("action", SHOWN)] += 1
    return found

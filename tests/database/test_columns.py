"""Limits of texts and JSON in the store: what one database would refuse or cut is refused on both, and nothing of it is saved."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from recsys.core.errors import DataError
from recsys.database.columns import LARGEST_JSON
from recsys.database.engine import Store
from recsys.database.schema import CaseRow, JobRow, Table, new_id

DEEP: Any = []
for _ in range(100_000):
    DEEP = [DEEP]


def save(store: Store, **values: Any) -> JobRow:
    row = JobRow(**{"id": new_id(), "account_id": "a", "kind": "k", **values})
    with store.write() as session:
        session.add(row)
    return row


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "k" * 33}, r"'kkkkkkkkkkkkkkkkkkkk …' is too long to be stored: 33 characters; the most is 32"),
        ({"error": "e" * 1_000_000}, r"1,000,000 characters; the most is 20,000"),
        ({"error": "a\0b"}, r"the text 'a\\x00b' holds characters that cannot be stored"),
        ({"error": "a\ud800b"}, r"the text 'a\\ud800b' holds characters"),
        ({"progress": {"a": "x" * LARGEST_JSON}}, r"is too large to be stored: 262,152 bytes; the most is 262,144"),
        ({"progress": {"a": "é" * (LARGEST_JSON // 2)}}, r"is too large to be stored"),
        ({"progress": {"a": float("nan")}}, r"cannot be stored as JSON"),
        ({"progress": {"a": float("inf")}}, r"cannot be stored as JSON"),
        ({"progress": {"a": "\ud800"}}, r"cannot be stored as JSON"),
        ({"progress": {"a": object()}}, r"cannot be stored as JSON"),
        ({"progress": DEEP}, r"cannot be stored as JSON"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else str(value)[:30],
)
def test_what_does_not_fit_is_refused(store: Store, values: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        save(store, **values)
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(JobRow)) == 0


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(error=TEXT, progress=VALUES)
def test_what_fits_comes_back_equal(store: Store, error: str, progress: Any) -> None:
    row = save(store, error=error, progress={"value": progress})
    with store.read() as session:
        found = session.get(JobRow, row.id)
        assert found is not None and (found.error, found.progress) == (error, {"value": progress})


def test_the_longest_ids_fit_into_the_indexes(store: Store) -> None:
    """PostgreSQL refuses an entry of an index of more than a third of a page, and the longest ids are of four bytes a character."""
    with store.write() as session:
        for table in Table.metadata.sorted_tables:
            if table.name in ("impressions", "feedback", "comparisons", "cases", "accounts"):
                values = {
                    column.name: "\U0001f600" * (column.type.length or 1) for column in table.columns if hasattr(column.type, "length")
                }
                values["id"] = "i" * 32
                values |= {key.parent.name: "i" * 32 for key in table.foreign_keys}
                others = {column.name: 1 if "JSON" not in str(column.type) else [] for column in table.columns if column.name not in values}
                session.execute(table.insert().values(values | others))
    with store.read() as session:
        assert session.scalars(select(CaseRow)).one().user_id == "\U0001f600" * 500

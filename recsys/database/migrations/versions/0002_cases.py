"""Cases with their page, its settings and their changes. The column `view` was never written."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ADDED: dict[str, tuple[Any, str]] = {
    "dataset_fingerprint": (sa.String(length=64), ""),
    "checkpoint_fingerprint": (sa.String(length=64), ""),
    "page": (sa.String(length=40), "timeline"),
    "settings": (sa.JSON(), "{}"),
    "search_text": (sa.Text(), ""),
    "revision": (sa.Integer(), "1"),
}
"""New columns that are never empty, and their values in the rows that are there."""


def upgrade() -> None:
    with op.batch_alter_table("cases") as batch:
        for name, (kind, value) in ADDED.items():
            batch.add_column(sa.Column(name, kind, nullable=False, server_default=value))
        batch.add_column(sa.Column("changed", sa.Float(precision=53), nullable=True))
        batch.add_column(sa.Column("changed_by", sa.String(length=32), nullable=True))
        batch.alter_column("note", type_=sa.String(length=102_400), existing_type=sa.String(length=20_000), existing_nullable=False)
        batch.drop_column("view")
        batch.create_foreign_key(op.f("fk_cases_changed_by"), "accounts", ["changed_by"], ["id"], ondelete="SET NULL")
    with op.batch_alter_table("cases") as batch:
        for name, (kind, _value) in ADDED.items():
            batch.alter_column(name, server_default=None, existing_type=kind, existing_nullable=False)
    cases = sa.table("cases", *(sa.column(name) for name in ("dataset", "checkpoint", "user_id", "note", "search_text")))
    text = cases.c.dataset + "\n" + cases.c.checkpoint + "\n" + cases.c.user_id + "\n" + cases.c.note
    op.execute(cases.update().values(search_text=sa.func.lower(text)))

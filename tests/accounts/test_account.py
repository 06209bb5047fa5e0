"""The local account, and that neither it nor a token writes more often, or in more transactions, than it must."""

from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from recsys.accounts import account as account_module
from recsys.accounts.account import LOCAL, open_local_account
from recsys.accounts.audit_log import record_action
from recsys.accounts.tokens import create_token
from recsys.core.errors import DataError
from recsys.database.engine import Store
from recsys.database.schema import AccountRow, AuditRow, TokenRow


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"sqlite:///{tmp_path}/store.db")


def test_the_local_account_is_written_only_now_and_then(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_local_account(store)
    with monkeypatch.context() as patch:
        patch.setattr(store, "write", lambda: pytest.fail("written"))
        assert open_local_account(store) == first
    monkeypatch.setattr(account_module, "SEEN_SECONDS", 0.0)
    with store.read() as session:
        before = session.scalars(select(AccountRow)).one().last_seen
    assert open_local_account(store) == first
    with store.read() as session:
        assert session.scalars(select(AccountRow)).one().last_seen > before


def test_the_local_account_may_do_everything_though_an_import_added_it_without_a_role(store: Store) -> None:
    with store.write() as session:
        session.add(AccountRow(issuer=LOCAL, subject=LOCAL, role="none"))
    assert open_local_account(store).role == "admin"
    with store.write() as session:
        session.execute(update(AccountRow).values(role="viewer"))
    assert open_local_account(store).role == "admin"


def test_a_token_and_its_account_are_saved_together_or_not_at_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = open_local_account(store)

    def fail(*arguments: object) -> None:
        record_action(*arguments)  # type: ignore[arg-type]
        raise ZeroDivisionError

    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr("recsys.accounts.tokens.record_action", fail)
        create_token(store, admin, "shop")
    assert [count(store, table) for table in (AccountRow, TokenRow, AuditRow)] == [1, 0, 0]
    create_token(store, admin, "shop")
    with pytest.raises(DataError, match="there is a token 'shop' already"):
        create_token(store, admin, "shop")
    assert [count(store, table) for table in (AccountRow, TokenRow, AuditRow)] == [2, 1, 1]


def count(store: Store, table: type) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0

"""Queries of a store with millions of rows: SQLite, which has no statistics, must find the few rows that are asked for by an index."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from recsys.accounts.account import Account, open_local_account
from recsys.database.engine import Store
from recsys.feedback.erasure import erase_account, erase_user
from recsys.feedback.recording import load_feedback, withdraw_feedback
from recsys.feedback.summary import count_answers, summarize_feedback
from tests.feedback.shown_lists import answer, make_account, show_list

LARGE = "impressions|feedback"


def show_and_answer(store: Store, account: Account) -> None:
    answer(store, account, show_list(store, account), ("i3", "take"), ("i1", "like"), ("i1", "dislike"), ("i2", "rating", 4.0))


ACTIONS: dict[str, tuple[Callable[[Store, Account], Any], set[str]]] = {
    "a list and answers": (show_and_answer, {"id=?", "impression_id=?", "account_id=? AND dataset=? AND user_id=?"}),
    "own feedback": (lambda store, account: load_feedback(store, account, "shop", "u1"), {"account_id=? AND dataset=? AND user_id=?"}),
    "forget": (lambda store, account: withdraw_feedback(store, account, "shop", "u1"), {"id=?", "account_id=? AND dataset=? AND user_id=?", "impression_id=?"}),
    "summary": (lambda store, account: summarize_feedback(store, account, "shop"), {"account_id=? AND dataset=?"}),
    "summary of an admin": (lambda store, _account: summarize_feedback(store, open_local_account(store), "shop"), {"dataset=?"}),
    "answers for a refit": (lambda store, _account: count_answers(store, "shop", "d" * 64, "sasrec"), {"dataset=? AND checkpoint=?", "id=?"}),
    "erasure": (lambda store, account: erase_account(store, account, account.id), {"account_id=?", "impression_id=?"}),
    "erasure of a user": (lambda store, _account: erase_user(store, open_local_account(store), "shop", "u1"), {"dataset=? AND user_id=?", "impression_id=?"}),
}  # fmt: skip
"""Each with the conditions that may lead to rows of the large tables."""


@pytest.mark.parametrize("name", ACTIONS)
def test_only_the_rows_asked_for_are_read(name: str, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'recscope.db'}")
    account = make_account(store, "ada")
    show_and_answer(store, account)
    action, allowed = ACTIONS[name]
    asked: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        asked.append((statement, parameters[0] if many else parameters))

    event.listen(store._engine, "before_cursor_execute", listen)
    action(store, account)
    event.remove(store._engine, "before_cursor_execute", listen)
    used = set()
    with store._engine.connect() as connection:
        for statement, parameters in asked:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                for *_numbers, step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                    assert not re.match(f"SCAN ({LARGE})( |$)", step), statement
                    if re.match(f"SEARCH ({LARGE}) ", step):
                        used.add(step.partition("(")[2].partition(")")[0])
    assert used <= allowed and used
    store.close()

"""The summary of feedback, and the counters under it, against a count of all rows."""

import datetime as dt
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from recsys.database.counts import count_rows
from recsys.database.engine import Store
from recsys.database.schema import FeedbackCountRow, FeedbackRow, ImpressionRow, Table
from recsys.feedback import summary as summary_module
from recsys.feedback.recording import withdraw_feedback
from recsys.feedback.summary import count_answers, summarize_feedback
from tests.feedback.shown_lists import ITEMS, answer, counted, counters_of, make_account, move_to, rows_of, show_list

SHOW = st.tuples(st.just("show"), st.sampled_from(["m", "m@2", "n@10"]), st.sampled_from(["u1", "u2"]))
ANSWER = st.tuples(
    st.just("answer"), st.integers(0, 5), st.sampled_from(ITEMS), st.sampled_from(["take", "like", "dislike", "skip", "rating"])
)
WITHDRAW = st.tuples(st.just("withdraw"), st.sampled_from(["u1", "u2"]), st.sampled_from([*ITEMS, None]))
REMOVE = st.tuples(st.just("remove"), st.integers(0, 5))


MOVE = st.tuples(st.just("move"), st.integers(0, 5), st.integers(20_000, 20_003))
STEPS = st.lists(st.one_of(SHOW, ANSWER, ANSWER, WITHDRAW, REMOVE, MOVE), max_size=25)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(steps=STEPS)
def test_counters_are_the_number_of_rows_whatever_happens(store: Store, steps: list[Any]) -> None:
    account = make_account(store, "ada")
    with store.write() as session:
        for table in (FeedbackRow, ImpressionRow, FeedbackCountRow):
            session.execute(delete(table))
    lists: list[str] = []
    for kind, *values in steps:
        if kind == "show":
            lists.append(show_list(store, account, checkpoint=values[0], user_id=values[1]))
        elif kind == "withdraw":
            withdraw_feedback(store, account, "shop", *values)
        elif values[0] < len(lists):
            shown = lists[values[0]]
            if kind == "answer":
                answer(store, account, shown, (*values[1:], *([4.0] if values[2] == "rating" else [])))
            elif kind == "move":
                move_to(store, shown, 86_400 * values[1] - 0.5)  # PostgreSQL rounds where SQLite cuts
            else:
                with store.write() as session:
                    for row in session.scalars(select(FeedbackRow).where(FeedbackRow.impression_id == shown)):
                        session.delete(row)
        assert counters_of(store) == counted(store)
    with store.read() as session:
        assert count_rows(session, impressions=ImpressionRow.id != "", feedback=FeedbackRow.id != "") == counted(store)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(steps=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["sasrec", "sasrec@2", "markov"])), max_size=8))
def test_answers_on_earlier_data_count_for_no_refit(store: Store, steps: list[tuple[str, str]]) -> None:
    account = make_account(store, "ada")
    with store.write() as session:
        for table in (FeedbackRow, ImpressionRow, FeedbackCountRow):
            session.execute(delete(table))
    for state, checkpoint in steps:
        answer(
            store,
            account,
            show_list(store, account, checkpoint=checkpoint, dataset_fingerprint=state * 64),
            ("i1", "like"),
            ("i2", "dislike"),
        )
    rows = {row["id"]: row for row in rows_of(store, ImpressionRow)}
    for state in "ab":
        given = [row for row in rows_of(store, FeedbackRow) if rows[row["impression_id"]]["dataset_fingerprint"] == state * 64]
        expected = Counter(row["action"] for row in given if row["checkpoint"] == "sasrec")
        assert count_answers(store, "shop", state * 64, "sasrec") == expected


def test_many_answers_are_counted_by_the_counters(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = make_account(store, "ada")
    for state in "aabbb":
        answer(store, ada, show_list(store, ada, dataset_fingerprint=state * 64), ("i1", "like"))
        time.sleep(0.002)
    for most, expected in ((1, 5), (3, 5), (4, 3), (10, 3)):  # a page that looks at three answers takes all for those of "b"
        monkeypatch.setattr(summary_module, "MOST_LOOKED_AT", most)
        assert count_answers(store, "shop", "b" * 64, "sasrec")["like"] == expected
    monkeypatch.setattr(summary_module, "MOST_LOOKED_AT", 2)
    withdraw_feedback(store, ada, "shop", "u1")
    assert count_answers(store, "shop", "b" * 64, "sasrec").total() == 0


def test_totals_days_and_rates(store: Store) -> None:
    ada, bob = make_account(store, "ada"), make_account(store, "bob")
    for day, person in ((20_000, ada), (20_000, bob), (20_001, ada)):
        shown = show_list(store, person)
        answer(store, person, shown, ("i2", "take"), ("i2", "like"))
        move_to(store, shown, 86_400.0 * day + 86_399)
    show_list(store, ada, dataset="other")
    first = show_list(store, ada, checkpoint="sasrec")
    answer(store, ada, first, ("i1", "rating", 4.5))
    move_to(store, first, 86_400.0 * 20_001)
    summary = summarize_feedback(store, ada, "shop")
    assert [(each.name, each.impressions, dict(each.actions)) for each in summary.versions] == [
        ("sasrec", 1, {"rating": 1}),
        ("sasrec@2", 3, {"take": 3, "like": 3, "skip": 3}),
    ]
    assert summary.versions[1].rate("like") == 1.0 and summary.versions[0].rate("like") == 0.0
    assert (summary.impressions, summary.answers) == (4, 10)
    assert [(each.day, each.feedback.name, each.feedback.impressions, each.feedback.actions.get("like", 0)) for each in summary.days] == [
        (dt.date(2024, 10, 4), "sasrec@2", 2, 2),
        (dt.date(2024, 10, 5), "sasrec", 1, 0),
        (dt.date(2024, 10, 5), "sasrec@2", 1, 1),
    ]


def test_the_latest_answers_are_ones_own_and_all_for_an_admin(store: Store) -> None:
    ada, bob, admin = make_account(store, "ada"), make_account(store, "bob"), make_account(store, "eve", "admin")
    for person in (ada, bob):
        answer(store, person, show_list(store, person, user_id=person.name), ("i3", "dislike"), ("i1", "like"))
    withdraw_feedback(store, bob, "shop", "bob", "i3")
    assert [(each.user_id, each.item_id, each.rank, each.action, each.checkpoint) for each in summarize_feedback(store, admin, "shop").latest] == [
        ("bob", "i1", 1, "like", "sasrec@2"),
        ("ada", "i1", 1, "like", "sasrec@2"),
        ("ada", "i3", 3, "dislike", "sasrec@2"),
    ]  # fmt: skip
    assert {each.account_id for each in summarize_feedback(store, ada, "shop").latest} == {ada.id}
    assert len(summarize_feedback(store, admin, "shop", latest=1).latest) == 1


def test_nothing_was_shown(store: Store) -> None:
    summary = summarize_feedback(store, make_account(store, "ada"), "shop")
    assert (summary.versions, summary.days, summary.latest, summary.impressions) == ((), (), (), 0)
    assert not rows_of(store, FeedbackCountRow) and "feedback_counts" in Table.metadata.tables
    assert Counter() == counted(store)

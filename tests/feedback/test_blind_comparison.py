"""Blind comparisons in the store: their order, the pick that stays, the win rate."""

import math
from dataclasses import replace
from random import Random

import pytest
from sqlalchemy import select

from recsys.accounts.account import Account, open_local_account, save_account
from recsys.core import Dataset
from recsys.core.errors import DataError, NotAllowedError, UnknownNameError
from recsys.database.engine import Store, open_store
from recsys.database.schema import ComparisonRow, ImpressionRow
from recsys.feedback.blind_comparison import (
    INTERLEAVED,
    METHODS,
    SIDE_BY_SIDE,
    BlindComparison,
    PairSummary,
    RankedList,
    record_pick,
    save_comparison,
    start_comparison,
    summarize_comparisons,
)
from recsys.feedback.interleaving import FIRST, SECOND, TIE

LISTS = (
    RankedList("sasrec@2", "f2", ("i03", "i01", "i02"), (3.0, 2.0, 1.0)),
    RankedList("markov", "f1", ("i01", "i04", "i05"), (0.5, 0.25, -math.inf)),
)


@pytest.fixture
def store() -> Store:
    return open_store()


@pytest.fixture
def account(store: Store) -> Account:
    return open_local_account(store)


def start(dataset: Dataset, method: str = SIDE_BY_SIDE, seed: int | None = None, **changes: str) -> BlindComparison:
    names = [changes.get("first", "markov"), changes.get("second", "sasrec@2")]
    pair = (replace(LISTS[1], checkpoint=names[0]), replace(LISTS[0], checkpoint=names[1]))
    return start_comparison(dataset, "u03", 3, pair, method, 3, None if seed is None else Random(seed))


def test_the_coin_decides_the_sides_and_the_names_do_not(tiny: Dataset) -> None:
    made = [start_comparison(tiny, "u03", 3, (LISTS[seed % 2], LISTS[1 - seed % 2]), SIDE_BY_SIDE, 2, Random(seed)) for seed in range(400)]
    assert {(each.first.checkpoint, each.second.checkpoint) for each in made} == {("markov", "sasrec@2")}
    for each in made:
        assert each.columns == tuple({"markov": ("i01", "i04"), "sasrec@2": ("i03", "i01")}[each.name_of(side)] for side in each.sides)
    at_left = sum(each.sides[0] == FIRST for each in made)
    assert 160 <= at_left <= 240  # beyond four standard deviations of a fair coin
    assert len({start(tiny).sides for _ in range(64)}) == 2  # the default generator throws as well


def test_what_is_shown_says_no_names(tiny: Dataset) -> None:
    for method in METHODS:
        made = start(tiny, method)
        assert not any(name in f"{made!r} {made.columns} {made.id}" for name in ("markov", "sasrec"))


def test_two_models_and_a_known_method(tiny: Dataset) -> None:
    with pytest.raises(DataError, match="two different models"):
        start(tiny, first="sasrec@2")
    with pytest.raises(UnknownNameError, match="side by side"):
        start(tiny, "side by sid")


def test_both_lists_are_impressions(store: Store, account: Account, tiny: Dataset) -> None:
    for method in METHODS:
        made = start(tiny, method, seed=3)
        save_comparison(store, account, made)
        save_comparison(store, account, made)  # again, after an answer that was lost
        with store.read() as session:
            rows = [each for each in session.scalars(select(ImpressionRow)) if each.context["comparison"] == made.id]
        by_name = {(each.checkpoint, each.version): each for each in rows}
        assert len(rows) == 2 and by_name.keys() == {("markov", 1), ("sasrec", 2)}
        assert {each.source for each in rows} == {"comparison"} and {each.account_id for each in rows} == {account.id}
        assert all((each.dataset, each.user_id, each.step) == ("tiny", "u03", 3) for each in rows)
        if method == SIDE_BY_SIDE:
            assert by_name["sasrec", 2].items == ["i03", "i01", "i02"] and by_name["sasrec", 2].scores == [3, 2, 1]
            assert by_name["markov", 1].items == ["i01", "i04", "i05"] and by_name["markov", 1].scores == [0.5, 0.25, None]
        else:
            shown = {rank: item for each in rows for rank, item in zip(each.context["ranks"], each.items, strict=True)}
            assert [shown[rank] for rank in sorted(shown)] == list(made.columns[0])


def test_a_pick_is_made_once_and_by_its_account(store: Store, account: Account, tiny: Dataset) -> None:
    made = start(tiny, INTERLEAVED)
    save_comparison(store, account, made)
    other = save_account(store, "https://elsewhere.test", "7", "Eve", "", "admin")
    for wrong in (lambda: record_pick(store, other, made.id, FIRST), lambda: record_pick(store, account, "0" * 32, FIRST)):
        with pytest.raises(DataError, match="does not wait for a pick"):
            wrong()
    with pytest.raises(UnknownNameError, match="pick"):
        record_pick(store, account, made.id, "markov")
    record_pick(store, account, made.id, SECOND, clicked={"i04"})
    record_pick(store, account, made.id, SECOND, clicked={"i05"})  # the answer to the first one was lost
    for again in (FIRST, TIE):
        with pytest.raises(DataError, match="stays as it is"):
            record_pick(store, account, made.id, again)
    save_comparison(store, account, made)
    with store.read() as session:
        (row,) = session.scalars(select(ComparisonRow)).all()
    assert (row.pick, row.shown["clicked"], row.first, row.second) == (SECOND, ["i04"], "markov", "sasrec@2")
    assert row.picked is not None and row.picked >= row.created


def test_a_viewer_looks_only(store: Store, tiny: Dataset) -> None:
    viewer = save_account(store, "https://elsewhere.test", "8", "Vi", "", "viewer")
    made = start(tiny)
    with pytest.raises(NotAllowedError):
        save_comparison(store, viewer, made)
    with pytest.raises(NotAllowedError):
        record_pick(store, viewer, made.id, FIRST)


def test_picks_are_counted_by_pair(store: Store, account: Account, tiny: Dataset) -> None:
    other = save_account(store, "https://elsewhere.test", "9", "Bo", "", "editor")
    picks: dict[tuple[str, str], list[str | None]] = {
        ("markov", "sasrec@2"): [FIRST, SECOND, SECOND, TIE, SECOND, None],
        ("gru", "markov"): [TIE, None],
        ("gru", "sasrec@2"): [None],
    }
    for (first, second), each in picks.items():
        for at, pick in enumerate(each):
            person = (account, other)[at % 2]
            made = start(tiny, METHODS[at % 2], first=first, second=second)
            save_comparison(store, person, made)
            if pick is not None:
                record_pick(store, person, made.id, pick)
    assert summarize_comparisons(store, "tiny") == [
        PairSummary("markov", "sasrec@2", 1, 3, 1, 2),
        PairSummary("gru", "markov", 0, 0, 1, 1),
    ]
    assert summarize_comparisons(store, "another") == []


def wilson(wins: int, total: int) -> tuple[float, float]:
    """The roots p of (wins / total - p)² = z² p (1 - p) / total."""
    z = 1.959963984540054
    a, b, c = 1 + z * z / total, -(2 * wins / total + z * z / total), (wins / total) ** 2
    root = math.sqrt(max(b * b - 4 * a * c, 0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


@pytest.mark.parametrize(("wins", "losses", "ties"), [(0, 1, 0), (5, 5, 3), (9, 1, 0), (17, 3, 40), (0, 12, 2), (60, 41, 7)])
def test_rate_interval_and_sign_test(wins: int, losses: int, ties: int) -> None:
    total = wins + losses
    summary = PairSummary("a", "b", wins, losses, ties, 1)
    assert summary.win_rate == wins / total and summary.decided == total
    assert summary.reversed().first_wins == losses and summary.reversed().reversed() == summary
    assert summary.interval == pytest.approx(wilson(wins, total), abs=1e-9)
    likely = [math.comb(total, k) / 2**total for k in range(total + 1)]
    assert summary.p_value == pytest.approx(sum(each for each in likely if each <= likely[wins] * (1 + 1e-7)))


def test_ties_alone_decide_nothing() -> None:
    summary = PairSummary("a", "b", 0, 0, 4, 1)
    assert math.isnan(summary.win_rate)
    assert summary.interval == (0.0, 1.0) and summary.p_value == 1.0

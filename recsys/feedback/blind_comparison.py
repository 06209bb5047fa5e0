"""Blind comparisons: two checkpoints on one user and step, their lists shown without names, and the pick of a person.

Side by side, a coin decides which list stands at the left. Interleaved, one list is drafted from both, and the items that a person
would take count for the checkpoint that they were drafted from.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random, SystemRandom

from sqlalchemy import func, select, update

from recsys.accounts.account import Account
from recsys.accounts.roles import check_allowed
from recsys.core import Dataset
from recsys.core.errors import DataError, unknown
from recsys.core.translation import _
from recsys.database.engine import Store
from recsys.database.schema import ComparisonRow, new_id
from recsys.feedback.interleaving import FIRST, SECOND, TIE, InterleavedList, interleave_team_draft
from recsys.feedback.recording import Impression, add_impression

SIDE_BY_SIDE, INTERLEAVED = "side by side", "interleaved"
METHODS = (SIDE_BY_SIDE, INTERLEAVED)
SOURCE = "comparison"


@dataclass(frozen=True)
class RankedList:
    """Top items of a checkpoint, best first, with their scores. `checkpoint` is its name with its version."""

    checkpoint: str
    fingerprint: str
    items: Sequence[str]
    scores: Sequence[float]


@dataclass(frozen=True, repr=False)
class BlindComparison:
    """Two lists, `first` and `second` in the order of the names of their checkpoints, and how they are shown.

    Before the pick nothing but `columns` may leave the server: one column of items for each side, or one of both lists. `sides` names
    the list of each column, or of each item where they are interleaved.
    """

    id: str
    dataset: str
    dataset_fingerprint: str
    user_id: str
    step: int
    method: str
    first: RankedList
    second: RankedList
    columns: tuple[tuple[str, ...], ...]
    sides: tuple[str, ...]

    def name_of(self, side: str) -> str:
        """Return the checkpoint behind "first" or "second"."""
        return (self.first if side == FIRST else self.second).checkpoint

    @property
    def drafted(self) -> InterleavedList:
        """The one list of both, with the teams of its items."""
        return InterleavedList(self.columns[0], self.sides)


@dataclass(frozen=True)
class PairSummary:
    """Picks between two checkpoints. Ties are counted, and left out of the win rate."""

    first: str
    second: str
    first_wins: int
    second_wins: int
    ties: int
    accounts: int

    @property
    def decided(self) -> int:
        """Number of picks that are not ties."""
        return self.first_wins + self.second_wins

    @property
    def win_rate(self) -> float:
        """Share of the decided picks that `first` won, NaN without any."""
        return self.first_wins / self.decided if self.decided else float("nan")

    def reversed(self) -> "PairSummary":
        """Return the same picks with the second checkpoint first."""
        return replace(self, first=self.second, second=self.first, first_wins=self.second_wins, second_wins=self.first_wins)

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the win rate, from 0 to 1 without a decided pick; picks are taken as independent."""
        if not self.decided:
            return 0.0, 1.0
        from scipy.stats import binomtest

        found = binomtest(self.first_wins, self.decided).proportion_ci(method="wilson")
        return float(found.low), float(found.high)

    @property
    def is_open(self) -> bool:
        """Whether the interval includes a win rate of one half."""
        low, high = self.interval
        return low <= 0.5 <= high

    @cached_property
    def p_value(self) -> float:
        """Two-sided p-value of the exact binomial test of a win rate of one half (sign test)."""
        if not self.decided:
            return 1.0
        from scipy.stats import binomtest

        return float(binomtest(self.first_wins, self.decided).pvalue)


def start_comparison(
    dataset: Dataset, user_id: str, step: int, lists: tuple[RankedList, RankedList], method: str, k: int, random: Random | None = None
) -> BlindComparison:
    """Return a comparison of two lists in random order, by default from the system's cryptographic generator."""
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    first, second = sorted(lists, key=lambda each: each.checkpoint)
    if first.checkpoint == second.checkpoint:
        raise DataError(_("a comparison needs two different models; '{model}' was given twice", model=first.checkpoint))
    coin = random or SystemRandom()
    columns: tuple[tuple[str, ...], ...]
    if method == INTERLEAVED:
        drafted = interleave_team_draft(first.items, second.items, k, coin)
        columns, sides = (drafted.items,), drafted.teams
    else:
        sides = (FIRST, SECOND) if coin.getrandbits(1) else (SECOND, FIRST)
        columns = tuple(tuple((first if side == FIRST else second).items[:k]) for side in sides)
    return BlindComparison(new_id(), dataset.name, dataset.fingerprint, user_id, step, method, first, second, columns, sides)


def save_comparison(store: Store, account: Account, comparison: BlindComparison) -> None:
    """Save a comparison that is about to be shown, and an impression of each of its lists; one that is saved already stays as it is."""
    check_allowed(account, "give feedback")
    with store.write() as session:
        if session.get(ComparisonRow, comparison.id) is not None:
            return
        row = ComparisonRow(id=comparison.id, account_id=account.id, dataset=comparison.dataset, user_id=comparison.user_id)
        row.step, row.method = comparison.step, comparison.method
        row.first, row.second = comparison.first.checkpoint, comparison.second.checkpoint
        row.shown = {"columns": [list(column) for column in comparison.columns], "sides": list(comparison.sides)}
        session.add(row)
        for side in (FIRST, SECOND):
            add_impression(session, account, _impression(comparison, side))


def _impression(comparison: BlindComparison, side: str) -> Impression:
    """Return what was shown of a list: all of a column, or its items in the interleaved list with the ranks that they had there."""
    ranked = comparison.first if side == FIRST else comparison.second
    scores = dict(zip(ranked.items, ranked.scores, strict=True))
    context: dict[str, object] = {"comparison": comparison.id}
    if comparison.method == INTERLEAVED:
        context["ranks"] = [at + 1 for at, team in enumerate(comparison.sides) if team == side]
        items = [item for item, team in zip(comparison.columns[0], comparison.sides, strict=True) if team == side]
    else:
        items = list(comparison.columns[comparison.sides.index(side)])
    return Impression(
        dataset=comparison.dataset,
        dataset_fingerprint=comparison.dataset_fingerprint,
        checkpoint=ranked.checkpoint,
        checkpoint_fingerprint=ranked.fingerprint,
        user_id=comparison.user_id,
        step=comparison.step,
        items=items,
        scores=[scores[item] for item in items],
        context=context,
        source=SOURCE,
    )


def record_pick(store: Store, account: Account, comparison_id: str, pick: str, clicked: Collection[str] = ()) -> None:
    """Save the pick of a comparison of the account's own, "first", "second" or "tie", once and for all: the same again changes nothing.

    `clicked` are the items taken in an interleaved list.
    """
    check_allowed(account, "give feedback")
    if pick not in (FIRST, SECOND, TIE):
        raise unknown("pick", pick, (FIRST, SECOND, TIE))
    own = (ComparisonRow.id == comparison_id, ComparisonRow.account_id == account.id)
    with store.write() as session:
        row = session.scalar(select(ComparisonRow).where(*own))
        if row is not None and row.pick == pick:
            return
        shown = {**row.shown, "clicked": sorted(clicked)} if row is not None else {}
        # Another server may have saved a pick since the row was read: the condition is part of the write itself.
        waiting = update(ComparisonRow).where(*own, ComparisonRow.pick.is_(None))
        done = session.execute(waiting.values(pick=pick, picked=time.time(), shown=shown))
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise DataError(_("this comparison does not wait for a pick of this account; a pick that was made stays as it is"))


def summarize_comparisons(store: Store, dataset: str) -> list[PairSummary]:
    """Return the picks between each pair of checkpoints on a dataset, of all accounts, the pair with most picks first."""
    columns = (ComparisonRow.first, ComparisonRow.second, ComparisonRow.pick, ComparisonRow.account_id)
    wanted = select(*columns, func.count()).where(ComparisonRow.dataset == dataset, ComparisonRow.pick.is_not(None)).group_by(*columns)
    with store.read() as session:
        return summarize_picks((first, second, str(pick), who, count) for first, second, pick, who, count in session.execute(wanted))


def summarize_picks(picks: Iterable[tuple[str, str, str, str, int]]) -> list[PairSummary]:
    """Return a summary of each pair from (first, second, pick, account, number of picks), the pair with most picks first."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    accounts: dict[tuple[str, str], set[str]] = defaultdict(set)
    for first, second, pick, account, count in picks:
        counts[first, second][pick] += count
        accounts[first, second].add(account)
    found = [PairSummary(*pair, each[FIRST], each[SECOND], each[TIE], len(accounts[pair])) for pair, each in counts.items()]
    return sorted(found, key=lambda each: (-each.decided - each.ties, each.first, each.second))

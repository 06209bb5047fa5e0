"""Team-draft interleaving against a brute force over all coins."""

from collections import defaultdict
from fractions import Fraction
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.feedback.interleaving import FIRST, SECOND, TIE, InterleavedList, decide_by_clicks, interleave_team_draft

ITEMS = "abcdefg"
Draft = tuple[tuple[str, str], ...]
"""Items, each with its team."""

ranked = st.lists(st.sampled_from(ITEMS), unique=True, max_size=6)


class Coins(Random):
    """Falls as written down, and says how often it was thrown."""

    def __init__(self, falls: tuple[int, ...]) -> None:
        super().__init__(0)
        self.falls, self.thrown = falls, 0

    def getrandbits(self, k: int) -> int:
        assert k == 1
        self.thrown += 1
        return self.falls[self.thrown - 1]


def draft_by_the_paper(first: list[str], second: list[str], k: int) -> dict[Draft, Fraction]:
    """The probability of every outcome by algorithm 2 of the paper, every coin followed both ways."""
    found: defaultdict[Draft, Fraction] = defaultdict(Fraction)

    def follow(drafted: list[tuple[str, str]], probability: Fraction) -> None:
        taken = {item for item, _ in drafted}
        from_first, from_second = [i for i in first if i not in taken], [i for i in second if i not in taken]
        if len(drafted) == k or not from_first or not from_second:
            found[tuple(drafted)] += probability
            return
        of_first = sum(team == FIRST for _, team in drafted)
        of_second = len(drafted) - of_first
        if of_first == of_second:
            follow([*drafted, (from_first[0], FIRST)], probability / 2)
            follow([*drafted, (from_second[0], SECOND)], probability / 2)
        elif of_first < of_second:
            follow([*drafted, (from_first[0], FIRST)], probability)
        else:
            follow([*drafted, (from_second[0], SECOND)], probability)

    follow([], Fraction(1))
    return dict(found)


def draft_by_all_coins(first: list[str], second: list[str], k: int) -> dict[Draft, Fraction]:
    found: defaultdict[Draft, Fraction] = defaultdict(Fraction)
    rounds = (k + 1) // 2
    for falls in product((0, 1), repeat=rounds):
        drafted = interleave_team_draft(first, second, k, Coins(falls))
        found[tuple(zip(*drafted, strict=True))] += Fraction(1, 2**rounds)
    return dict(found)


@given(ranked, ranked, st.integers(0, 7))
def test_every_outcome_has_the_probability_of_the_paper(first: list[str], second: list[str], k: int) -> None:
    assert draft_by_all_coins(first, second, k) == draft_by_the_paper(first, second, k)


@given(ranked, ranked, st.integers(0, 12), st.integers(0, 2**32))
def test_every_prefix_is_fair_and_holds_no_item_twice(first: list[str], second: list[str], k: int, seed: int) -> None:
    items, teams = interleave_team_draft(first, second, k, Random(seed))
    assert len(items) == len(teams) == len(set(items)) <= k
    for end in range(len(items) + 1):
        assert abs(teams[:end].count(FIRST) - teams[:end].count(SECOND)) <= 1
        for team, own in ((FIRST, first), (SECOND, second)):  # what a team brings are its best items that are not there already
            brought = [item for item, of in zip(items[:end], teams, strict=False) if of == team]
            assert brought == sorted(brought, key=own.index)
            assert all(item in items[:end] for last in brought[-1:] for item in own[: own.index(last)])
    assert len(items) >= min(k, len(first), len(second))


@given(ranked, ranked, st.integers(0, 7))
def test_clicks_that_follow_the_place_alone_favour_no_list(first: list[str], second: list[str], k: int) -> None:
    """At every place both teams are expected equally often, so a click on a place is worth nothing to either, over all coins."""
    balance: defaultdict[int, Fraction] = defaultdict(Fraction)
    for drafted, probability in draft_by_all_coins(first, second, k).items():
        for place, (_, team) in enumerate(drafted):
            balance[place] += probability if team == FIRST else -probability
    if len(first) >= k and len(second) >= k:
        assert not any(balance.values())


@pytest.mark.parametrize(
    ("clicked", "won"), [("", TIE), ("a", FIRST), ("b", SECOND), ("ab", TIE), ("abc", FIRST), ("bcd", SECOND), ("xyz", TIE)]
)
def test_the_team_with_more_clicks_wins(clicked: str, won: str) -> None:
    assert decide_by_clicks(InterleavedList(tuple("abcd"), (FIRST, SECOND, FIRST, SECOND)), set(clicked)) == won

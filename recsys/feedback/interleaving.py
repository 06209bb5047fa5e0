"""Team-draft interleaving: one list drafted from two, which no model can win by its place alone.

Radlinski, Kurup and Joachims 2008, doi:10.1145/1458082.1458092.
"""

from collections.abc import Collection, Sequence
from random import Random
from typing import NamedTuple

FIRST, SECOND, TIE = "first", "second", "tie"


class InterleavedList(NamedTuple):
    """Items, best first, and the team of each: "first" or "second", after the list that it was drafted from."""

    items: tuple[str, ...]
    teams: tuple[str, ...]


def interleave_team_draft(first: Sequence[str], second: Sequence[str], k: int, random: Random) -> InterleavedList:
    """Draft up to k items from two ranked lists in turns; each turn takes the best item of a list that is not drafted yet.

    A coin decides which list begins each round of two, so that every place belongs to either list with the same probability and the
    teams of every prefix differ by at most one item. Like the paper, it ends where one of the lists has nothing left.
    """
    lists = {FIRST: first, SECOND: second}
    items: list[str] = []
    teams: list[str] = []
    while len(items) < k:
        left = {team: next((item for item in ranked if item not in items), None) for team, ranked in lists.items()}
        if None in left.values():
            break
        behind = teams.count(FIRST) - teams.count(SECOND)
        team = SECOND if behind > 0 else FIRST if behind < 0 else (FIRST, SECOND)[random.getrandbits(1)]
        items.append(str(left[team]))
        teams.append(team)
    return InterleavedList(tuple(items), tuple(teams))


def decide_by_clicks(drafted: InterleavedList, clicked: Collection[str]) -> str:
    """Return the team with more clicked items, "tie" where both have the same number."""
    lead = sum(1 if team == FIRST else -1 for item, team in zip(drafted.items, drafted.teams, strict=True) if item in clicked)
    return FIRST if lead > 0 else SECOND if lead < 0 else TIE

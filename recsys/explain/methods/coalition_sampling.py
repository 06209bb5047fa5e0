"""Paired sampling of coalitions for Kernel SHAP: each with its complement, all sizes equally often, without replacement."""

from itertools import combinations, islice
from math import comb

import numpy as np

ENUMERATED = 5_000
"""Sizes with no more coalitions than this are enumerated and shuffled; of larger ones coalitions are drawn and duplicates rejected."""


class PairedCoalitions:
    """A growing sample of pairs, a coalition and its complement, of n ≥ 2 players, stratified by size (Leverage SHAP, arXiv 2410.01917).

    The leverage of a coalition in the Shapley regression is 1 / (number of coalitions of its size), so that every size from 1 to
    n − 1 gets the same number. Sizes s and n − s are one stratum. Deviation: sizes get fixed numbers where the paper draws them, and
    those with fewer coalitions than that are taken completely, which reduces the variance.

    `members` (m, n) bool and `strata` (m,) grow with `grow`; `totals` (strata,) are the numbers of pairs in each stratum.
    """

    def __init__(self, n: int, random: np.random.Generator):
        self.n, self._random = n, random
        self.sizes = np.arange(1, n // 2 + 1)
        self.halved = 2 * self.sizes == n  # here complements are of the same size
        self.totals = np.array([comb(n, int(size)) / (2 if halved else 1) for size, halved in zip(self.sizes, self.halved, strict=True)])
        self.members = np.empty((0, n), dtype=bool)
        self.strata = np.empty(0, dtype=np.int64)
        self._listed: dict[int, np.ndarray] = {}
        self._drawn: list[set[bytes]] = [set() for _ in self.sizes]

    @property
    def counts(self) -> np.ndarray:
        """(strata,) numbers of pairs drawn."""
        return np.bincount(self.strata, minlength=len(self.sizes))

    @property
    def complete(self) -> bool:
        """Whether all coalitions have been drawn."""
        return bool((self.counts == self.totals).all())

    def grow(self, pairs: int) -> np.ndarray:
        """Draw until there are `pairs`, or all, and return the new ones (k, n)."""
        counts, wanted = self.counts, self._allocate(pairs)
        new = [self._draw(at, int(wanted[at] - counts[at]), int(counts[at])) for at in range(len(self.sizes)) if wanted[at] > counts[at]]
        if not new:
            return np.empty((0, self.n), dtype=bool)
        added = [np.full(len(each), at) for each, at in zip(new, np.flatnonzero(wanted > counts), strict=True)]
        self.members, self.strata = np.concatenate([self.members, *new]), np.concatenate([self.strata, *added])
        return np.concatenate(new)

    def _allocate(self, pairs: int) -> np.ndarray:
        """Return the number of pairs of each stratum: equal ones, half for the halved one, all of size 1 where these are at most half.

        What exceeds a small stratum goes to the others.
        """
        shares, fixed = np.where(self.halved, 0.5, 1.0), np.zeros(len(self.sizes), dtype=bool)
        fixed[0] = pairs >= 2 * self.n  # single players and all but one have the most information
        wanted = np.zeros(len(self.sizes))
        for _round in self.sizes:
            left = pairs - self.totals[fixed].sum()
            wanted = np.where(fixed, self.totals, left * shares / max(shares[~fixed].sum(), 1e-9))
            if not (more := ~fixed & (wanted >= self.totals)).any():
                break
            fixed |= more
        wanted = np.minimum(np.maximum(wanted, 0), self.totals)
        whole = np.floor(wanted)
        spare = min(pairs, int(self.totals.sum())) - int(whole.sum())
        whole[np.argsort(whole - wanted, kind="stable")[: max(spare, 0)]] += 1  # the rest of the rounding goes to the largest remainders
        return np.minimum(whole, self.totals)

    def _draw(self, stratum: int, count: int, before: int) -> np.ndarray:
        """Draw `count` further coalitions (count, n) of a stratum, all equally likely."""
        size, halved = int(self.sizes[stratum]), bool(self.halved[stratum])
        if self.totals[stratum] <= ENUMERATED:
            if stratum not in self._listed:
                chosen = islice(combinations(range(self.n), size), int(self.totals[stratum]))  # of a halved size those with player 0
                self._listed[stratum] = self._random.permutation(np.array(list(chosen)))
            return self._as_members(self._listed[stratum][before : before + count])
        found: list[np.ndarray] = []
        while len(found) < count:
            drawn = self._as_members(np.argsort(self._random.random((count - len(found), self.n)), axis=1)[:, :size])
            if halved:
                drawn ^= ~drawn[:, :1]  # the one of the two that has player 0
            for row, key in zip(drawn, map(bytes, np.packbits(drawn, axis=1)), strict=True):
                if key not in self._drawn[stratum]:
                    self._drawn[stratum].add(key)
                    found.append(row)
        return np.array(found)

    def _as_members(self, chosen: np.ndarray) -> np.ndarray:
        members = np.zeros((len(chosen), self.n), dtype=bool)
        np.put_along_axis(members, chosen, True, axis=1)
        return members

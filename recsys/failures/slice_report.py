"""Metrics of every slice of an evaluation, each against the rest of the cases."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from recsys.failures.attributes import Attribute


class Slice(NamedTuple):
    """Cases with one value of an attribute, all others being "the rest".

    `mean` of the metric and `difference` (mean − mean of the rest) have 95 % intervals, a bootstrap over users; `q` is the p-value of the
    difference after control of the false-discovery rate over all slices of the report (Benjamini-Hochberg, 1995). These are NaN where
    they are not defined: cases of one user only, no rest. `miss_share` is the share of all misses of the model that are in the slice.
    """

    attribute: str
    value: str
    cases: int
    users: int
    mean: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    p: float
    q: float
    miss_share: float


@dataclass(frozen=True, eq=False)
class SliceReport:
    """All slices of an evaluation that have a case, in the order of the attributes and their values."""

    metric: str
    cases: int
    users: int
    mean: float
    attributes: tuple[Attribute, ...]
    slices: tuple[Slice, ...]
    seed: int

    def find_cases(self, attribute: str, value: str) -> np.ndarray:
        """Return the positions (n,) of a slice's cases in the arrays of the evaluation."""
        found = next(each for each in self.attributes if each.name == attribute)
        return np.flatnonzero(found.codes == found.values.index(value))

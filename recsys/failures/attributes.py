"""Attributes of cases, by which they are divided into slices."""

from dataclasses import dataclass

import numpy as np

UNKNOWN = -1
"""Code of a case whose value is not known; it is in no slice of the attribute."""


@dataclass(frozen=True, eq=False)
class Attribute:
    """One property of all cases of an evaluation.

    `codes` (cases,) are positions in `values`, or UNKNOWN. `name` is a key of ATTRIBUTES, or "user:COLUMN" or "item:COLUMN" for a
    column that the data brings. `values` are stable keys in their natural order; `recsys.failures.wording` says them in words.
    """

    name: str
    codes: np.ndarray
    values: tuple[str, ...]

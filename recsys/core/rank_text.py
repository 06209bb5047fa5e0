"""Ranks as text."""

import math

from recsys.core.formatting import format_number
from recsys.core.translation import _


def format_rank(rank: float) -> str:
    """Return a rank as 1,204 or, in the middle of a tie, 12.5; "not listed" where a finished list does not contain the item."""
    return _("not listed") if math.isinf(rank) else format_number(rank, 1)

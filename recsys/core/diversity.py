"""Top-k lists with a limit on items of the same category."""

from collections import Counter
from collections.abc import Sequence

import numpy as np


def limit_per_category(scores: np.ndarray, categories: Sequence[str | None], k: int, most: int | None = None) -> np.ndarray:
    """Return the positions of the k best scores, best first, with at most `most` of each category; −inf is never taken.

    `scores` (n,), `categories` (n,), None where unknown: those are not limited. Ties fall to the lower position.
    """
    taken: list[int] = []
    counts: Counter[str] = Counter()
    for position in np.argsort(-scores, kind="stable"):
        if len(taken) == k or scores[position] == -np.inf:
            break
        category = categories[position]
        if most is not None and isinstance(category, str):
            if counts[category] >= most:
                continue
            counts[category] += 1
        taken.append(int(position))
    return np.array(taken, dtype=np.int64)

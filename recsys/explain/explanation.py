"""What every method of explaining hands back."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

Target = Literal["logit", "probability", "margin"]
Removal = Literal["delete", "neutral"]
PlayerKind = Literal["event", "group", "time", "place"]


@dataclass(frozen=True)
class Player:
    """Something whose part in a score is asked for: an event, a group of events, or being told the time or the place.

    `steps` are indices into the history (likes of the session stand after its last event); empty for time and place. `item_id` is
    known for single events, and for groups of events of one item.
    """

    label: str
    kind: PlayerKind
    steps: tuple[int, ...] = ()
    item_id: str | None = None


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why an item has its score: baseline + values + residual = score.

    `values` and `standard_errors` (P,) belong to `players`; errors are 0 where a value is exact. `baseline` is the value with nothing
    present, `score` the model's own answer for the whole request, asked apart from the coalitions: the residual is what is really
    left over, never made up to fit. Weights of attention are no parts of a score, and leave nearly all of it over.
    """

    method: str
    item_id: str
    step: int
    target: Target
    removal: Removal
    players: tuple[Player, ...]
    values: np.ndarray
    standard_errors: np.ndarray
    baseline: float
    score: float
    evaluations: int
    seconds: float
    exact: bool

    @cached_property
    def residual(self) -> float:
        """What the values leave unexplained."""
        return self.score - self.baseline - float(self.values.sum())

    def strongest(self, count: int) -> np.ndarray:
        """Positions of the players with the values farthest from 0, the farthest first, the later of equals first."""
        return np.lexsort((-np.arange(len(self.values)), -np.abs(self.values)))[:count]

"""The result of every attribution method: values of players that add up to a score."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

Target = Literal["logit", "probability", "margin"]
Removal = Literal["delete", "neutral"]
PlayerKind = Literal["event", "group", "time", "place"]


@dataclass(frozen=True)
class Player:
    """A player of the game: an event, a group of events, or the time or place of the request.

    `steps` are indices into the history (likes of the session come after its last event); empty for time and place. `item_id` is
    known for single events, and for groups of events of one item.
    """

    label: str
    kind: PlayerKind
    steps: tuple[int, ...] = ()
    item_id: str | None = None


@dataclass(frozen=True, eq=False)
class Explanation:
    """Attributions of one item's score: baseline + values + residual = score.

    `values` and `standard_errors` (P,) belong to `players`; errors are 0 where a value is exact. `baseline` is the value of the empty
    coalition and `score` the model's score for the full request, computed apart from the coalitions, so that the residual is measured
    and not set to fit. Attention weights are not parts of a score, and leave nearly all of it as residual.
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
        """The part of the score that the values do not explain."""
        return self.score - self.baseline - float(self.values.sum())

    def strongest(self, count: int) -> np.ndarray:
        """Return the positions of the players with the largest absolute values, the largest first, the later of equals first."""
        return np.lexsort((-np.arange(len(self.values)), -np.abs(self.values)))[:count]

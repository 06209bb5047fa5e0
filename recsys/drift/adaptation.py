"""What a change did to a model: how it ranked before, while it had not noticed, and after."""

from dataclasses import dataclass

import numpy as np

from recsys.core import TOP_K

AROUND, ACROSS, RUN = 40, 15, 10  # steps before and after; steps counted as across; steps of a run that shows it has adapted


@dataclass(frozen=True)
class Adaptation:
    """Hit rates in the ten and median ranks in up to 40 steps before a change, the 15 from it on, and up to 40 after those.

    None where no step is judged. `adapted` is after how many steps a run of ten has come back to nine tenths of the hit rate
    before, None where it has not so far, or where there was none to come back to. `learnt` is the share of all these events that the
    model learnt from: hits there are no foresight.
    """

    step: int
    before: float | None
    across: float | None
    after: float | None
    rank_before: float | None
    rank_across: float | None
    rank_after: float | None
    adapted: int | None
    learnt: float


def measure_adaptation(ranks: np.ndarray, splits: np.ndarray, step: int) -> Adaptation:
    """From the exact ranks (T + 1,) of a replay, NaN at the end, and its splits (T,)."""
    stretches = [ranks[max(step - AROUND, 0) : step], ranks[step : step + ACROSS], ranks[step + ACROSS : step + ACROSS + AROUND]]
    (before, low), (across, middle), (after, high) = (_summary(part) for part in stretches)
    around = splits[max(step - AROUND, 0) : step + ACROSS + AROUND]
    learnt = float((around == "train").sum() / max(len(around), 1))
    return Adaptation(step, before, across, after, low, middle, high, _adapted(ranks, step, before), learnt)


def _summary(ranks: np.ndarray) -> tuple[float | None, float | None]:
    known = ranks[np.isfinite(ranks)]
    return (float((known <= TOP_K).mean()), float(np.median(known))) if len(known) else (None, None)


def _adapted(ranks: np.ndarray, step: int, before: float | None) -> int | None:
    later = ranks[step:]
    later = later[np.isfinite(later)] <= TOP_K
    if not before or len(later) < RUN:
        return None
    runs = np.convolve(later, np.ones(RUN), mode="valid") / RUN
    enough = np.flatnonzero(runs >= 0.9 * before)
    return int(enough[0]) if len(enough) else None

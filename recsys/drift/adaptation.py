"""Adaptation of a model to a change of interest: hit rates and ranks before it, right after it, and later."""

from dataclasses import dataclass

import numpy as np

from recsys.core import TOP_K

AROUND, ACROSS, RUN = 40, 15, 10  # steps before and after; first steps after the change; steps of a run that shows adaptation


@dataclass(frozen=True)
class Adaptation:
    """HR@10 and median ranks in up to 40 steps before a change, in the first 15 after it, and in up to 40 after those.

    None where no step has a rank. `adapted` is the number of steps until the hit rate of a run of ten steps is back at nine tenths of
    that before, None where it is not yet, or where that was 0. `learnt` is the share of training events among all these events:
    hits there are not predictions.
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
    """Measure adaptation from the exact ranks (T + 1,) of a replay, NaN at the end, and its splits (T,)."""
    stretches = [ranks[max(step - AROUND, 0) : step], ranks[step : step + ACROSS], ranks[step + ACROSS : step + ACROSS + AROUND]]
    (before, low), (across, middle), (after, high) = (_summary(part) for part in stretches)
    around = splits[max(step - AROUND, 0) : step + ACROSS + AROUND]
    learnt = float((around == "train").sum() / max(len(around), 1))
    return Adaptation(step, before, across, after, low, middle, high, _steps_to_adapt(ranks, step, before), learnt)


def _summary(ranks: np.ndarray) -> tuple[float | None, float | None]:
    known = ranks[~np.isnan(ranks)]
    return (float((known <= TOP_K).mean()), float(np.median(known))) if len(known) else (None, None)


def _steps_to_adapt(ranks: np.ndarray, step: int, before: float | None) -> int | None:
    later = ranks[step:]
    later = later[np.isfinite(later)] <= TOP_K
    if not before or len(later) < RUN:
        return None
    runs = np.convolve(later, np.ones(RUN), mode="valid") / RUN
    enough = np.flatnonzero(runs >= 0.9 * before)
    return int(enough[0]) if len(enough) else None

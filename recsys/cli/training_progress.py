"""Progress of a training as lines of text, for the commands that train."""

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recsys.training.loop import Progress

SECONDS_BETWEEN_LINES = 5.0


class ProgressPace:
    """The choice of progress reports to print: the end of every epoch, the last report, and one every few seconds in between."""

    def __init__(self) -> None:
        self._last_line = -math.inf

    def is_due(self, progress: "Progress") -> bool:
        """Return whether to print this report, and remember the time if so."""
        due = progress.validation is not None or progress.checkpoint is not None
        if due or time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            return True
        return False


def progress_line(progress: "Progress") -> str:
    """Return a progress report as one line."""
    if progress.checkpoint is not None:
        return f"saved {progress.checkpoint}: epoch {progress.best_epoch}, which has the best validation score"
    parts = [f"epoch {progress.epoch}/{progress.epochs}", f"batch {progress.batch}/{progress.batches}"]
    if math.isfinite(progress.loss):
        parts.append(f"loss {progress.loss:.4f}")
    if progress.validation:
        parts += [f"validation {metric} {progress.validation[metric]:.4f}" for metric in ("ndcg@10",) if metric in progress.validation]
    if progress.targets_per_second and math.isfinite(progress.targets_per_second):
        parts.append(f"{progress.targets_per_second:,.0f} targets/s")
    if progress.seconds_left is not None and math.isfinite(progress.seconds_left):
        parts.append(f"{progress.seconds_left:.0f} s left")
    return ", ".join([*parts, str(progress.device)])


def check_minutes(minutes: float | None) -> None:
    """Raise a DataError unless the value of `--minutes` is None or a number above 0."""
    from recsys.core.errors import DataError

    if minutes is not None and not (minutes > 0 and math.isfinite(minutes)):
        raise DataError(f"--minutes is {minutes:g}; give a number above 0, for example 5")

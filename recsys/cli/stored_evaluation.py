"""The evaluation of a checkpoint as `failures` and `check` use it: stored on disk, so that each checkpoint is evaluated once."""

from typing import TYPE_CHECKING

from recsys.cli.console import say

if TYPE_CHECKING:
    from recsys.core import Dataset
    from recsys.evaluation import Evaluation
    from recsys.training.checkpoints import LoadedCheckpoint


def find_evaluation(loaded: "LoadedCheckpoint", data: "Dataset", which: str, metric: str) -> "Evaluation":
    """Return the stored evaluation of a checkpoint, or evaluate it where there is none with this metric of every case."""
    from recsys.core.split import split_interactions
    from recsys.evaluation import compute_case_metrics
    from recsys.leaderboard import find_measurement, measure_checkpoint, save_measurement

    split = split_interactions(data, loaded.card.protocol)
    found = find_measurement(loaded.card, data, split, which)
    if found is None or metric not in compute_case_metrics(found.evaluation.ranks):
        found = measure_checkpoint(loaded.model, data, split, which)
        say(f"ranked {found.evaluation.cases:,} cases in {found.evaluation.seconds:.1f} s")
        found.evaluation.values(metric)  # an error before anything is stored
        save_measurement(loaded.card, data, found)
    return found.evaluation

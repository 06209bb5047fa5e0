"""Failures of checkpoints: slices of an evaluation, keyed by dataset, checkpoint, split and metric."""

from pages.cache.decorator import cached
from recsys.core import Dataset
from recsys.core.split import split_interactions
from recsys.core.translation import N_
from recsys.evaluation import Evaluation
from recsys.failures.slice_report import SliceReport, measure_slices
from recsys.training.checkpoints import CheckpointCard


def slice_report(dataset: Dataset, card: CheckpointCard, evaluation: Evaluation, metric: str) -> SliceReport:
    """Return a metric in every slice of an evaluation of this checkpoint."""
    return _slice_report(dataset, card, evaluation.split, metric, evaluation)


@cached(64, N_("Measuring the slices …"))
def _slice_report(dataset: Dataset, card: CheckpointCard, which: str, metric: str, _evaluation: Evaluation) -> SliceReport:
    return measure_slices(_evaluation, dataset, split_interactions(dataset, card.protocol), metric)

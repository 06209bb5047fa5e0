"""Failures of checkpoints: slices of an evaluation and weak combinations of them, keyed by dataset, checkpoint, split and metric."""

from collections.abc import Callable
from typing import Any

from pages.cache.answer_store import AnswerStore
from pages.cache.decorator import KEYS, cached
from pages.cache.models import loaded
from recsys.core import Dataset
from recsys.core.split import split_interactions
from recsys.core.translation import N_
from recsys.evaluation import Evaluation
from recsys.failures.attributes import Attribute
from recsys.failures.beyond_accuracy import BeyondAccuracy, measure_beyond_accuracy
from recsys.failures.comparison import Comparison, MovedUser, compare_slices, find_moved_users
from recsys.failures.findings import SearchResult, find_weak_combinations
from recsys.failures.slice_report import SliceReport, measure_slices
from recsys.training.checkpoints import CheckpointCard, LoadedCheckpoint


def slice_report(dataset: Dataset, card: CheckpointCard, evaluation: Evaluation, metric: str) -> SliceReport:
    """Return a metric in every slice of an evaluation of this checkpoint."""
    return _slice_report(dataset, card, evaluation.split, metric, evaluation)


@cached(64, N_("Measuring the slices …"))
def _slice_report(dataset: Dataset, card: CheckpointCard, which: str, metric: str, _evaluation: Evaluation) -> SliceReport:
    return measure_slices(_evaluation, dataset, split_interactions(dataset, card.protocol), metric)


def model_comparison(
    dataset: Dataset,
    cards: tuple[CheckpointCard, CheckpointCard],
    evaluations: tuple[Evaluation, Evaluation],
    metric: str,
    attributes: tuple[Attribute, ...],
) -> Comparison:
    """Return where the second of two checkpoints is better or worse than the first; `attributes` are those of the slice report."""
    return _model_comparison(dataset, cards, evaluations[1].split, metric, evaluations, attributes)


@cached(64, N_("Comparing the models …"))
def _model_comparison(
    dataset: Dataset,
    cards: tuple[CheckpointCard, CheckpointCard],
    which: str,
    metric: str,
    _evaluations: tuple[Evaluation, Evaluation],
    _attributes: tuple[Attribute, ...],
) -> Comparison:
    return compare_slices(*_evaluations, _attributes, metric)


def moved_users(
    dataset: Dataset, cards: tuple[CheckpointCard, CheckpointCard], evaluations: tuple[Evaluation, Evaluation]
) -> tuple[MovedUser, ...]:
    """Return the users by the change of their ranks from the first checkpoint to the second, the largest change first."""
    return _moved_users(dataset, cards, evaluations[1].split, evaluations)


@cached(64)
def _moved_users(
    dataset: Dataset, cards: tuple[CheckpointCard, CheckpointCard], which: str, _evaluations: tuple[Evaluation, Evaluation]
) -> tuple[MovedUser, ...]:
    return find_moved_users(*_evaluations)


def weak_combinations(dataset: Dataset, card: CheckpointCard, evaluation: Evaluation, metric: str) -> SearchResult | None:
    """Return the combinations in which a model is reliably worse; None until they have been searched for."""
    found: SearchResult | None = _searches().get(_key(dataset, card, evaluation, metric))
    return found


def search_weak_combinations(
    dataset: Dataset, card: CheckpointCard, evaluation: Evaluation, metric: str, report: Callable[[float], None]
) -> None:
    """Search for combinations, so that `weak_combinations` returns them from then on; `report` is told the share that is done."""
    attributes = slice_report(dataset, card, evaluation, metric).attributes
    found = find_weak_combinations(evaluation, attributes, metric, on_progress=report)
    _searches().put(_key(dataset, card, evaluation, metric), found)


@cached(1)
def _searches() -> AnswerStore:
    """Return the store of finished searches."""
    return AnswerStore()


def beyond_accuracy(dataset: Dataset, checkpoint: str, which: str, device: str) -> BeyondAccuracy:
    """Return what a checkpoint's lists for the events of a split show beside how well they rank."""
    return _beyond_accuracy(dataset, loaded(dataset, checkpoint, device), which)


@cached(64, N_("Measuring the lists …"))
def _beyond_accuracy(dataset: Dataset, found: LoadedCheckpoint, which: str) -> BeyondAccuracy:
    return measure_beyond_accuracy(found.model, dataset, split_interactions(dataset, found.card.protocol), which)


def _key(dataset: Dataset, card: CheckpointCard, evaluation: Evaluation, metric: str) -> tuple[Any, ...]:
    return (KEYS[Dataset](dataset), KEYS[CheckpointCard](card), evaluation.split, metric)

"""Run of a leaderboard: trains missing models, measures the others, and resumes a stopped run."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recsys.core import Dataset
from recsys.core.errors import CheckpointError, RecsysError
from recsys.core.split import Split, default_protocol, split_interactions
from recsys.core.translation import _
from recsys.leaderboard.measurements import find_measurement, measure_checkpoint, save_measurement
from recsys.leaderboard.rows import LeaderboardRow, add_measurement, build_leaderboard_row
from recsys.models import MODELS, ModelSpec, describe_needs, find_model_spec
from recsys.storage.paths import ASSETS, own_homes
from recsys.training import loop
from recsys.training.checkpoints import CARD, CheckpointCard, load_checkpoint, read_card


@dataclass(frozen=True)
class TrainingProgress:
    """Event: progress of the training of a model."""

    model: str
    progress: loop.Progress


@dataclass(frozen=True)
class MeasurementStarted:
    """Event: the measurement of a model has started."""

    model: str


@dataclass(frozen=True)
class ModelSkipped:
    """Event: a model has no row, for this reason."""

    model: str
    reason: str


def run_leaderboard(
    dataset: Dataset,
    protocol: str | None = None,
    which: str = "validation",
    only: Sequence[str] = (),
    minutes: float | None = None,
    device: str = "auto",
) -> Iterator[TrainingProgress | MeasurementStarted | LeaderboardRow | ModelSkipped]:
    """Yield the row of every model in MODELS (or of `only` some) on one dataset, or the reason why it has none, and progress before it.

    Existing checkpoints are used, the user's before the shipped ones; `minutes` limits the training of each of the others. Stored
    measurements are read, so that a second call returns at once, and a call after an interruption resumes.
    """
    for name in only:
        find_model_spec(name)
    split = split_interactions(dataset, protocol or default_protocol(dataset))
    for name, spec in MODELS.items():
        if only and name not in only:
            continue
        reason = explain_exclusion(spec, dataset)
        if reason is not None:
            yield ModelSkipped(name, reason)
            continue
        try:
            yield from _measure_model(name, dataset, split, which, minutes, device)
        except RecsysError as error:  # one failed model must not remove the rows of the others
            yield ModelSkipped(name, str(error))


def explain_exclusion(spec: ModelSpec, dataset: Dataset) -> str | None:
    """Return the reason why a model cannot be on the leaderboard of a dataset, or None if it can."""
    missing = spec.lacks(dataset.has)
    if missing:
        return _("it needs {needs}, which this dataset does not have", needs=describe_needs(missing))
    return _("it only ranks a short list of candidates, and the leaderboard ranks all items") if spec.candidates_only else None


def _measure_model(
    name: str, dataset: Dataset, split: Split, which: str, minutes: float | None, device: str
) -> Iterator[TrainingProgress | MeasurementStarted | LeaderboardRow]:
    folder = find_trained_checkpoint(name, dataset, split.protocol)
    if folder is None:
        checkpoint_name = choose_checkpoint_name(name, dataset, split.protocol)
        for progress in loop.train_model(name, dataset, split.protocol, device=device, minutes=minutes, name=checkpoint_name, resume=True):
            yield TrainingProgress(name, progress)
            folder = progress.checkpoint
    if folder is None:
        raise CheckpointError(_("its training ended without a checkpoint; give it more minutes"))
    card = read_card(folder)
    measurement = find_measurement(card, dataset, split, which)
    if measurement is None:
        yield MeasurementStarted(name)
        measurement = measure_checkpoint(load_checkpoint(folder, device).model, dataset, split, which)
        save_measurement(card, dataset, measurement)
    yield add_measurement(build_leaderboard_row(card, dataset), measurement.evaluation, measurement.request_ms)


def find_trained_checkpoint(model: str, dataset: Dataset, protocol: str) -> Path | None:
    """Return the folder of the model's checkpoint for this dataset and protocol, the user's before the shipped one; None if there is none."""
    for folder, card in _read_cards((model, f"{model}-{protocol}"), dataset):
        if card.model == model and card.dataset_fingerprint == dataset.fingerprint and card.protocol == protocol:
            return folder
    return None


def choose_checkpoint_name(model: str, dataset: Dataset, protocol: str) -> str:
    """Return a name for a new checkpoint that does not replace or hide a valid one."""
    is_taken = any(card.dataset_fingerprint == dataset.fingerprint for _folder, card in _read_cards((model,), dataset))
    return f"{model}-{protocol}" if is_taken else model


def _read_cards(names: Sequence[str], dataset: Dataset) -> Iterator[tuple[Path, CheckpointCard]]:
    for base in (*own_homes(dataset.name), ASSETS):
        for name in names:
            folder = base / "checkpoints" / dataset.name / name
            if (folder / CARD).exists():
                with suppress(CheckpointError):
                    yield folder, read_card(folder)

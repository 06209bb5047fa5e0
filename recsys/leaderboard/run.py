"""A dataset's table of all models: what is missing is trained, what was never measured is measured, a stopped run goes on."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recsys.core import Dataset
from recsys.core.errors import CheckpointError, RecsysError
from recsys.core.split import Split, default_protocol, split_interactions
from recsys.leaderboard.measurements import find_measurement, measure_checkpoint, save_measurement
from recsys.leaderboard.rows import LeaderboardRow, leaderboard_row, measured_row
from recsys.models import MODELS, ModelSpec, model_spec
from recsys.storage.files import ASSETS, home
from recsys.training import loop
from recsys.training.checkpoints import CARD, Card, load, read_card


@dataclass(frozen=True)
class Training:
    """A model is being trained."""

    model: str
    progress: loop.Progress


@dataclass(frozen=True)
class Measuring:
    """A model is being judged."""

    model: str


@dataclass(frozen=True)
class Skipped:
    """A model that gets no line, and why, in words."""

    model: str
    why: str


def run_leaderboard(
    dataset: Dataset,
    protocol: str | None = None,
    which: str = "validation",
    only: Sequence[str] = (),
    minutes: float | None = None,
    device: str = "auto",
) -> Iterator[Training | Measuring | LeaderboardRow | Skipped]:
    """Every model of MODELS (or `only` some) on one dataset: its line, or why it has none, and before it what is going on.

    A checkpoint that is there is taken as it is, one's own before the shipped; `minutes` limits the training of each of the others.
    What was measured before is read. So a second call answers at once, and one after a kill goes on where the first was.
    """
    for name in only:
        model_spec(name)
    made = split_interactions(dataset, protocol or default_protocol(dataset))
    for name, spec in MODELS.items():
        if only and name not in only:
            continue
        why = why_not(spec, dataset)
        if why is not None:
            yield Skipped(name, why)
            continue
        try:
            yield from _line(name, dataset, made, which, minutes, device)
        except RecsysError as error:  # one model that cannot be had must not cost the others their lines
            yield Skipped(name, str(error))


def why_not(spec: ModelSpec, dataset: Dataset) -> str | None:
    """Why a model has no place in this dataset's table, or None if it has."""
    missing = spec.lacks(dataset.has)
    if missing:
        return f"it needs {' and '.join(missing)}, which this data does not have"
    return "it only orders a short list of candidates, and here every item is ranked" if spec.candidates_only else None


def _line(
    name: str, dataset: Dataset, made: Split, which: str, minutes: float | None, device: str
) -> Iterator[Training | Measuring | LeaderboardRow]:
    folder = trained(name, dataset, made.protocol)
    if folder is None:
        as_name = free_name(name, dataset, made.protocol)
        for progress in loop.train_model(name, dataset, made.protocol, device=device, minutes=minutes, name=as_name, resume=True):
            yield Training(name, progress)
            folder = progress.checkpoint
    if folder is None:
        raise CheckpointError("its training ended without a checkpoint; give it more minutes")
    card = read_card(folder)
    found = find_measurement(card, dataset, made, which)
    if found is None:
        yield Measuring(name)
        found = measure_checkpoint(load(folder, device).model, dataset, made, which)
        save_measurement(card, dataset, found)
    yield measured_row(leaderboard_row(card, dataset), found.evaluation, found.request_ms)


def trained(model: str, dataset: Dataset, protocol: str) -> Path | None:
    """The folder of a checkpoint of this model, data and protocol under its own name, one's own before the shipped."""
    for folder, card in _cards((model, f"{model}-{protocol}"), dataset):
        if card.model == model and card.dataset_fingerprint == dataset.fingerprint and card.protocol == protocol:
            return folder
    return None


def free_name(model: str, dataset: Dataset, protocol: str) -> str:
    """What to call a new checkpoint so that none that is of use is replaced or hidden."""
    taken = any(card.dataset_fingerprint == dataset.fingerprint for _, card in _cards((model,), dataset))
    return f"{model}-{protocol}" if taken else model


def _cards(names: Sequence[str], dataset: Dataset) -> Iterator[tuple[Path, Card]]:
    for base in (home(), ASSETS):
        for name in names:
            folder = base / "checkpoints" / dataset.name / name
            if (folder / CARD).exists():
                with suppress(CheckpointError):
                    yield folder, read_card(folder)

"""Training a model, with progress on standard error."""

import math
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.cli.console import DatasetName, Device, Json, say, show
from recsys.core.errors import DataError, RecsysError

if TYPE_CHECKING:
    from recsys.core import Dataset
    from recsys.training.loop import Progress

SECONDS_BETWEEN_LINES = 5.0


def train(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A line of MODELS: popularity, frequency, markov, item-knn, sasrec, …")],
    dataset: DatasetName,
    protocol: Annotated[str | None, typer.Option(help="last-out or temporal; the dataset's own when left out.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the model; may be repeated.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Stop after this long and keep the best so far.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed gives the same model.")] = 1,
    device: Device = "auto",
    name: Annotated[str | None, typer.Option(help="The checkpoint's name; the model's when left out.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a stopped run ended.")] = False,
    as_json: Json = False,
) -> None:
    """Train a model and keep the checkpoint that validation chose."""
    if minutes is not None and not (minutes > 0 and math.isfinite(minutes)):
        raise DataError(f"--minutes is {minutes:g}; give a number above 0, for example 5")
    chosen = _settings(settings or [])
    from recsys import datasets
    from recsys.models import model_spec

    spec = model_spec(model)
    spec.config(**chosen)  # what cannot be is said before the work
    data = datasets.open_dataset(dataset)
    if "words" in spec.needs and not spec.lacks(data.has):
        _read_words(data, chosen.get("encoder"))
    from recsys.training import loop

    steps = loop.train_model(
        model, data, protocol=protocol, settings=chosen, seed=seed, device=device, minutes=minutes, name=name, resume=resume
    )
    last = _follow(steps, model, data.name)
    if last.checkpoint is None or last.card is None:
        raise DataError(f"training {model} on {data.name} ended without a checkpoint; give it more --minutes")
    card = last.card
    result = {
        "checkpoint": last.checkpoint,
        "epochs": card.epochs,
        "seconds": card.seconds,
        "targets_per_second": card.targets_per_second,
        "parameters": card.parameters,
        "validation": card.validation,
    }
    measured = ", ".join(f"{metric} {value:.4f}" for metric, value in card.validation.items() if isinstance(value, float))
    show(
        result,
        as_json,
        f"{card.model} on {data.name}, {card.protocol}: {card.epochs} epochs in {card.seconds:.1f} s, {card.parameters:,} parameters",
        f"validation: {measured}",
        f"checkpoint: {last.checkpoint}",
    )


def _read_words(data: "Dataset", encoder: str | None) -> None:
    """Encode the items' texts before training asks for them, so that the first time, which takes a while, is heard of."""
    from recsys.text import TextEncoder, item_vectors

    spoken = time.monotonic()

    def progress(done: int, of: int) -> None:
        nonlocal spoken
        if time.monotonic() - spoken > SECONDS_BETWEEN_LINES:
            say(f"read {done:,} of {of:,} texts")
            spoken = time.monotonic()

    item_vectors(data, TextEncoder(encoder or None), progress)


def _settings(texts: list[str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise DataError(f"--set '{text}' is no setting; write it like --set dropout=0.1")
        if key in settings:
            raise DataError(f"--set {key} is given twice: {settings[key]} and {value}")
        settings[key] = value
    return settings


def _follow(steps: "Iterable[Progress]", model: str, dataset: str) -> "Progress":
    """Say how training goes: every epoch, and every few seconds within one. Returns the last word."""
    last, pace = None, Pace()
    try:
        for last in steps:
            if pace.due(last):
                say(progress_line(last))
    except KeyboardInterrupt:
        raise RecsysError(
            f"training {model} on {dataset} was interrupted; the same command with --resume goes on from the last epoch"
        ) from None
    if last is None:
        raise DataError(f"there is nothing in {dataset} to train {model} on")
    return last


class Pace:
    """Which words of progress are worth a line: every epoch's, the last, and one every few seconds in between."""

    def __init__(self) -> None:
        self._spoken = -math.inf

    def due(self, progress: "Progress") -> bool:
        due = progress.validation is not None or progress.checkpoint is not None
        if due or time.monotonic() - self._spoken > SECONDS_BETWEEN_LINES:
            self._spoken = time.monotonic()
            return True
        return False


def progress_line(progress: "Progress") -> str:
    """Where training stands, in one line."""
    if progress.checkpoint is not None:
        return f"kept epoch {progress.best_epoch}, by validation; saved {progress.checkpoint}"
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

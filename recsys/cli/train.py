"""The `train` command: a model trained on a dataset."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.cli.console import DatasetName, Device, Json, ProtocolName, say, show
from recsys.cli.training_progress import SECONDS_BETWEEN_LINES, ProgressPace, check_minutes, progress_line
from recsys.core.errors import DataError, RecsysError

if TYPE_CHECKING:
    from recsys.core import Dataset
    from recsys.training.loop import Progress


def run(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The name of a model: popularity, frequency, markov, item-knn, sasrec, …")],
    dataset: DatasetName,
    protocol: ProtocolName = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the model; may be repeated.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Stop after this many minutes and keep the best epoch so far.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The random seed; the same seed gives the same model.")] = 1,
    device: Device = "auto",
    name: Annotated[str | None, typer.Option(help="The name of the checkpoint; by default the name of the model.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run.")] = False,
    as_json: Json = False,
) -> None:
    """Train a model and save its best epoch.

    The checkpoint is the epoch with the best validation score.
    """
    check_minutes(minutes)
    chosen = _parse_settings(settings or [])
    from recsys import datasets
    from recsys.models import find_model_spec

    spec = find_model_spec(model)
    spec.config(**chosen)  # wrong settings are refused before any data is read
    data = datasets.open_dataset(dataset)
    if "words" in spec.needs and not spec.lacks(data.has):
        _encode_texts(data, chosen.get("encoder"))
    from recsys.training import loop

    steps = loop.train_model(
        model, data, protocol=protocol, settings=chosen, seed=seed, device=device, minutes=minutes, name=name, resume=resume
    )
    last = _print_progress(steps, model, data.name)
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
    metrics = ", ".join(f"{metric} {value:.4f}" for metric, value in card.validation.items() if isinstance(value, float))
    show(
        result,
        as_json,
        f"{card.model} on {data.name}, {card.protocol}: {card.epochs} epochs in {card.seconds:.1f} s, {card.parameters:,} parameters",
        f"validation: {metrics}",
        f"checkpoint: {last.checkpoint}",
    )


def _encode_texts(data: "Dataset", encoder: str | None) -> None:
    """Encode the items' texts before training needs them: the first time takes a while, and progress is printed."""
    from recsys.text import TextEncoder, item_vectors

    last_line = time.monotonic()

    def progress(done: int, of: int) -> None:
        nonlocal last_line
        if time.monotonic() - last_line > SECONDS_BETWEEN_LINES:
            say(f"encoded {done:,} of {of:,} texts")
            last_line = time.monotonic()

    item_vectors(data, TextEncoder(encoder or None), progress)


def _parse_settings(texts: list[str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise DataError(f"--set '{text}' is not a setting; write it like --set dropout=0.1")
        if key in settings:
            raise DataError(f"--set gives {key} twice: {settings[key]} and {value}; give each setting once")
        settings[key] = value
    return settings


def _print_progress(steps: "Iterable[Progress]", model: str, dataset: str) -> "Progress":
    """Print progress at the end of every epoch and every few seconds within one; return the last report."""
    last, pace = None, ProgressPace()
    try:
        for last in steps:
            if pace.is_due(last):
                say(progress_line(last))
    except KeyboardInterrupt:
        raise RecsysError(
            f"training {model} on {dataset} was interrupted; the same command with --resume continues after the last epoch"
        ) from None
    if last is None:
        raise DataError(f"{dataset} has no events to train {model} on")
    return last

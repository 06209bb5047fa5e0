"""Training loop of all models: yields Progress, and resumes an interrupted run to the same result."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core import Dataset
from recsys.core.devices import choose_device, training_precision
from recsys.core.errors import CheckpointError, DataError
from recsys.core.memory import check_fits
from recsys.core.split import Split, default_protocol, split_interactions
from recsys.core.translation import _
from recsys.evaluation import Evaluation, evaluate_model
from recsys.models import MODELS, ModelSpec, describe_needs, find_model_spec
from recsys.storage.atomic_files import write_folder_atomically
from recsys.storage.json_cards import check_file, read_json
from recsys.storage.serialization import to_plain
from recsys.training.checkpoints import (
    CheckpointCard,
    check_new_name,
    get_checkpoint_folder,
    list_checkpoints,
    load_checkpoint,
    save_arrays,
    save_checkpoint,
)
from recsys.training.memory import estimate_training_memory
from recsys.training.new_card import make_card

SELECTION_METRIC = "ndcg@10"
"""The validation metric that selects the epoch to keep."""

STATE, STATE_CARD = "state.safetensors", "state.json"


@dataclass(frozen=True)
class Progress:
    """Progress of a training run. `checkpoint` is set once, at the end; `loss` is the mean of this epoch so far, in nats."""

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    validation: dict[str, float] | None
    targets_per_second: float
    seconds: float
    seconds_left: float
    best_epoch: int
    device: str
    history: tuple[dict[str, float], ...] = ()
    checkpoint: Path | None = None
    card: CheckpointCard | None = None


def train_model(
    model: str,
    dataset: Dataset,
    protocol: str | None = None,
    settings: dict[str, Any] | None = None,
    seed: int = 1,
    device: str = "auto",
    minutes: float | None = None,
    name: str | None = None,
    resume: bool = False,
    stop: Callable[[], bool] | None = None,
    folder: Path | None = None,
) -> Iterator[Progress]:
    """Train a model of MODELS and save it as a checkpoint in `folder`, by default the user's checkpoint `name`, by default the model's name.

    The epoch with the best validation score is saved; the test split is never read. Training ends after the config's epochs, after
    `patience` epochs without a better score, after `minutes`, or when `stop()` returns True. With `resume` an interrupted run continues
    from its last complete epoch and ends with the same result as without the interruption; otherwise it starts again.
    """
    spec = find_model_spec(model)
    check_new_name(name or model)
    missing = spec.lacks(dataset.has)
    if missing:
        raise DataError(
            _(
                "the model '{model}' needs {needs}, which '{dataset}' does not have; sasrec and markov do not need them",
                model=model,
                needs=describe_needs(missing),
                dataset=dataset.name,
            )
        )
    if minutes is not None and not minutes > 0:
        raise DataError(_("minutes is {minutes}; give a positive number, for example 20", minutes=minutes))
    job = _Job(
        spec, model, dataset, split_interactions(dataset, protocol or default_protocol(dataset)), spec.config(**(settings or {})), seed, name or model,
        folder or get_checkpoint_folder(dataset.name, name or model), minutes, stop or (lambda: False),
    )  # fmt: skip
    yield from _train_by_gradient(job, device, resume) if spec.gradient else _train_by_counting(job)


@dataclass(frozen=True, eq=False)
class _Job:
    spec: ModelSpec
    model: str
    dataset: Dataset
    split: Split
    config: Any
    seed: int
    name: str
    folder: Path
    minutes: float | None
    stop: Callable[[], bool]

    def identity(self) -> dict[str, Any]:
        """Return what must be equal for a run to be resumed."""
        values = {
            "model": self.model,
            "dataset": self.dataset.fingerprint,
            "protocol": self.split.protocol,
            "seed": self.seed,
            "config": asdict(self.config),
        }
        return dict(to_plain(values))

    def card(self, evaluation: Evaluation | None, **measured: Any) -> CheckpointCard:
        """Return the card of the checkpoint; `measured` are the fields that training determines."""
        return make_card(self.name, self.model, self.dataset, self.split, self.config, evaluation, seed=self.seed, **measured)


def _train_by_counting(job: _Job) -> Iterator[Progress]:
    """Fit a count-based model in one pass over the training events."""
    started = time.monotonic()
    fitted = _fit_model(job)
    seconds = time.monotonic() - started
    # a model of short lists cannot rank all items
    evaluation = None if job.spec.candidates_only else evaluate_model(fitted, job.dataset, job.split, "validation")
    targets = int((job.split.labels == 0).sum()) / max(seconds, 1e-9)
    parameters = sum(int(value.size) for value in fitted.arrays().values())
    card = job.card(evaluation, epochs=1, seconds=seconds, targets_per_second=targets, parameters=parameters)
    card = replace(card, parts=tuple(fitted.models) if job.spec.parts else ())
    save_checkpoint(job.folder, fitted, card)
    yield Progress(1, 1, 1, 1, float("nan"), card.validation, targets, seconds, 0.0, 1, "cpu", checkpoint=job.folder, card=card)


def _fit_model(job: _Job) -> Any:
    kind = job.spec.load()
    if not job.spec.parts:
        return kind.fit(job.dataset, job.split, job.config, job.seed)
    return kind.fit_parts(job.dataset, job.split, job.config, _collect_parts(job), job.seed)


def _collect_parts(job: _Job) -> dict[str, Any]:
    """Return the parts of a fusion: checkpoints of this dataset and protocol; missing count-based models are fitted now."""
    entries = {entry.name: entry for entry in list_checkpoints(job.dataset.name)}
    parts = {}
    for name in job.spec.parts:
        spec, entry = MODELS.get(name), entries.get(name)
        if spec is None or spec.lacks(job.dataset.has):
            continue
        matches = entry is not None and entry.card.model == name and entry.card.protocol == job.split.protocol
        if entry is not None and matches and entry.card.dataset_fingerprint == job.dataset.fingerprint:
            parts[name] = load_checkpoint(entry.folder).model
        elif not spec.gradient:
            parts[name] = spec.load().fit(job.dataset, job.split, spec.config(), job.seed)
    return parts


def _train_by_gradient(job: _Job, device: str, resume: bool) -> Iterator[Progress]:
    """Train by AdamW with a cosine schedule, and save the epoch with the best validation score."""
    import torch

    where = choose_device(device)
    run = _Run(job, where, training_precision(where))
    if resume:
        run.restore()
    while not run.is_over():
        yield from run.train_epoch()
    if not run.history:
        raise CheckpointError(
            _("training '{name}' was stopped before its first epoch, so nothing was saved; let it run longer", name=job.name)
        )
    best = run.restore_best()
    evaluation = evaluate_model(best, job.dataset, job.split, "validation")
    card = job.card(
        evaluation,
        epochs=len(run.history),
        seconds=run.seconds,
        targets_per_second=run.targets / max(run.training_seconds, 1e-9),
        parameters=sum(each.numel() for each in best.parameters()),
        device=str(where),
        precision=str(run.precision).removeprefix("torch."),
        history=run.history,
    )
    card = replace(card, versions={**card.versions, "torch": torch.__version__})
    save_checkpoint(job.folder, best, card)
    if not run.interrupted:
        run.delete_state()
    yield replace(run.report_progress(0, 0), validation=evaluation.metrics, checkpoint=job.folder, card=card, seconds_left=0.0)


class _Run:
    """State of a training run by gradient; `save_state` writes all that a resumed run needs."""

    def __init__(self, job: _Job, where: Any, precision: Any):
        import torch

        self.job, self.where, self.precision = job, where, precision
        check_fits(
            _("training {model} with these settings", model=job.spec.title),
            estimate_training_memory(job.spec, job.dataset, job.config),
            _("use smaller ones, for example embedding_size=64"),
        )
        self.model = job.spec.load().build(job.dataset, job.split, job.config, job.seed).to(where)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=job.config.learning_rate, weight_decay=job.config.weight_decay)
        self.data = self.model.training_data(job.dataset, job.split)
        self.history: list[dict[str, float]] = []
        self.best: dict[str, np.ndarray] = {}
        self.targets, self.training_seconds, self.seconds = 0, 0.0, 0.0
        self.interrupted = False
        self.started = time.monotonic()
        self.validation: dict[str, float] | None = None
        self.loss = float("nan")

    @property
    def best_epoch(self) -> int:
        """The epoch, from 1, with the best validation score; the earlier of equals."""
        return int(np.argmax([each[SELECTION_METRIC] for each in self.history])) + 1 if self.history else 0

    def is_over(self) -> bool:
        """Return whether training has ended."""
        done = len(self.history)
        return self.interrupted or done >= self.job.config.epochs or (done > 0 and done - self.best_epoch >= self.job.config.patience)

    def train_epoch(self) -> Iterator[Progress]:
        """Train and validate one epoch. Its random numbers depend only on the seed and the number of the epoch."""
        import torch

        number = len(self.history)
        torch.manual_seed(self.job.seed * 1_000_003 + number)
        rng = np.random.default_rng((self.job.seed, number))
        self.model.train()
        total = torch.zeros((), device=self.where)
        count, started = 0, time.monotonic()
        before = self.targets, self.training_seconds
        for batch, batches, tokens in self.model.batches(self.data, rng):
            self._set_rate((number + batch / batches) / self.job.config.epochs)
            loss, targets = self._step(tokens)
            total += loss
            count += targets
            self.targets, self.training_seconds = before[0] + count, before[1] + time.monotonic() - started
            self.interrupted = self._must_stop()
            if batch % 10 == 9 or self.interrupted:
                self.loss = float(total) / count
                yield self.report_progress(batch + 1, batches)
            if self.interrupted:
                break
        self.loss = float(total) / max(count, 1)
        self._validate()
        if not self.interrupted:
            self.save_state()
        yield self.report_progress(1, 1)

    def _step(self, tokens: Any) -> tuple[Any, int]:
        import torch

        with torch.autocast(self.where.type, self.precision, enabled=self.precision != torch.float32):
            loss, targets = self.model.loss(tokens, self.precision)
        (loss / max(targets, 1)).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.detach(), targets

    def _set_rate(self, share: float) -> None:
        """Set the learning rate: warm-up over the first hundredth, then a cosine down to a hundredth of the rate."""
        warmup = min(1.0, share / 0.01 + 0.01)
        for group in self.optimizer.param_groups:
            group["lr"] = self.job.config.learning_rate * warmup * (0.01 + 0.99 * 0.5 * (1 + float(np.cos(np.pi * share))))

    def _validate(self) -> None:
        self.model.eval()
        self.validation = evaluate_model(self.model, self.job.dataset, self.job.split, "validation", brief=True).metrics
        self.history.append({"epoch": len(self.history) + 1, "loss": self.loss, SELECTION_METRIC: self.validation[SELECTION_METRIC]})
        if not np.isfinite(self.loss):
            raise DataError(
                _(
                    "training '{name}' diverged in epoch {epoch}; use a smaller rate: --set learning_rate=0.0003",
                    name=self.job.name,
                    epoch=len(self.history),
                )
            )
        if self.best_epoch == len(self.history):
            self.best = {name: value.copy() for name, value in self.model.arrays().items()}
        self.seconds += time.monotonic() - self.started
        self.started = time.monotonic()

    def _must_stop(self) -> bool:
        elapsed = self.seconds + time.monotonic() - self.started
        return self.job.stop() or (self.job.minutes is not None and elapsed >= self.job.minutes * 60)

    def restore_best(self) -> Any:
        """Return the model of the best epoch."""
        return self.job.spec.load().restore(self.job.dataset.item_ids, self.job.config, self.best).to(self.where)

    def report_progress(self, batch: int, batches: int) -> Progress:
        done, epochs = len(self.history), self.job.config.epochs
        elapsed = self.seconds + time.monotonic() - self.started
        share = done + (batch / batches if batches > 1 else 0)
        left = elapsed / share * (epochs - share) if share else float("nan")
        if self.job.minutes is not None:
            left = min(left, max(0.0, self.job.minutes * 60 - elapsed))
        return Progress(
            epoch=min(done + (1 if batches > 1 else 0), epochs),
            epochs=epochs,
            batch=batch,
            batches=batches,
            loss=self.loss,
            validation=self.validation,
            targets_per_second=self.targets / max(self.training_seconds, 1e-9),
            seconds=elapsed,
            seconds_left=left,
            best_epoch=self.best_epoch,
            device=str(self.where),
            history=tuple(self.history),
        )

    # -- an interrupted run -------------------------------------------------------------------------------------------------

    @property
    def _state_folder(self) -> Path:
        return self.job.folder.parent / f".{self.job.folder.name}.unfinished"

    def save_state(self) -> None:
        """Write everything that the next epoch depends on."""
        arrays = {f"model.{name}": np.ascontiguousarray(value) for name, value in self.model.arrays().items()}
        arrays |= {f"best.{name}": np.ascontiguousarray(value) for name, value in self.best.items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            arrays |= {f"optimizer.{index}.{name}": np.ascontiguousarray(value.cpu().numpy()) for name, value in state.items()}
        with write_folder_atomically(self._state_folder) as work:
            save_arrays(arrays, work / STATE)
            written = {"identity": self.job.identity(), "history": self.history, "targets": self.targets}
            written |= {"training_seconds": self.training_seconds, "seconds": self.seconds}
            (work / STATE_CARD).write_text(json.dumps(to_plain(written)), encoding="utf-8")

    def restore(self) -> None:
        """Continue from what `save_state` wrote; from the start if there is nothing."""
        import torch
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        if not (self._state_folder / STATE_CARD).exists():
            return
        try:
            written = read_json(self._state_folder / STATE_CARD)
            check_file(self._state_folder / STATE)
            arrays = load_file(self._state_folder / STATE)
            identity = written["identity"]
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise CheckpointError(
                _("the unfinished run in {folder} is damaged; start again without --resume", folder=self._state_folder)
            ) from error
        if identity != self.job.identity():
            raise CheckpointError(
                _(
                    "the unfinished run '{name}' had other settings or another dataset; use the same ones, or start again without --resume",
                    name=self.job.name,
                )
            )
        groups: dict[str, dict[str, np.ndarray]] = {"model": {}, "best": {}, "optimizer": {}}
        for name, value in arrays.items():
            group, rest = name.split(".", 1)
            groups[group][rest] = value
        self.model.load_state_dict({name: torch.from_numpy(value) for name, value in groups["model"].items()})
        self.best = groups["best"]
        state: dict[int, dict[str, Any]] = {}
        for name, value in groups["optimizer"].items():
            index, key = name.split(".")
            state.setdefault(int(index), {})[key] = torch.from_numpy(value)
        self.optimizer.load_state_dict({"state": state, "param_groups": self.optimizer.state_dict()["param_groups"]})
        self.history, self.targets = written["history"], written["targets"]
        self.training_seconds, self.seconds = written["training_seconds"], written["seconds"]

    def delete_state(self) -> None:
        """Delete the state of an unfinished run."""
        import shutil

        shutil.rmtree(self._state_folder, ignore_errors=True)

"""One loop that trains every model: it yields Progress, prints nothing, and a killed run resumes to the same result."""

import json
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from recsys import __version__
from recsys.core import Dataset
from recsys.core.devices import choose_device, training_precision
from recsys.core.errors import CheckpointError, DataError
from recsys.core.memory import check_fits
from recsys.core.split import Split, default_protocol, split_interactions
from recsys.evaluation import Evaluation, evaluate_model
from recsys.models import MODELS, ModelSpec, model_spec
from recsys.storage.files import folder_at_once
from recsys.storage.serialization import to_plain
from recsys.training.checkpoints import Card, folder_of, list_checkpoints, load, save, save_arrays

CHOOSES = "ndcg@10"
"""The validation metric that picks the epoch to keep."""

STATE, STATE_CARD = "state.safetensors", "state.json"


@dataclass(frozen=True)
class Progress:
    """Where a training run stands. `checkpoint` is set once, at the end; `loss` is the mean of this epoch so far, in nats."""

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
    card: Card | None = None


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
    """Train a model of MODELS and save it as a checkpoint (in `folder`, by default one's own NAME, by default the model's).

    Validation picks the epoch that is kept; the test split is never read. Ends after the config's epochs, after `patience`
    epochs without a better one, after `minutes`, or when `stop()` says so: what was best until then is saved. With `resume` a
    run that was killed goes on from its last whole epoch and ends as it would have; without, it starts again.
    """
    spec = model_spec(model)
    missing = spec.lacks(dataset.has)
    if missing:
        raise DataError(
            f"the model '{model}' needs {' and '.join(missing)}, which '{dataset.name}' does not have; sasrec and markov do without"
        )
    if minutes is not None and not minutes > 0:
        raise DataError(f"minutes is {minutes}; give a positive number, for example 20")
    job = _Job(
        spec, model, dataset, split_interactions(dataset, protocol or default_protocol(dataset)), spec.config(**(settings or {})), seed, name or model,
        folder or folder_of(dataset.name, name or model), minutes, stop or (lambda: False),
    )  # fmt: skip
    yield from _train_by_gradient(job, device, resume) if spec.gradient else _count(job)


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
        """What must be the same for a run to be resumed."""
        values = {
            "model": self.model,
            "dataset": self.dataset.fingerprint,
            "protocol": self.split.protocol,
            "seed": self.seed,
            "config": asdict(self.config),
        }
        return dict(to_plain(values))

    def card(self, found: Evaluation | None, **measured: Any) -> Card:
        return Card(
            name=self.name,
            model=self.model,
            dataset=self.dataset.name,
            dataset_fingerprint=self.dataset.fingerprint,
            vocabulary=self.dataset.vocabulary.fingerprint,
            protocol=self.split.protocol,
            cuts=self.split.cuts,
            config=asdict(self.config),
            seed=self.seed,
            validation=found.metrics if found else {},
            intervals=found.intervals if found else {},
            versions={"recsys": __version__, "python": platform.python_version(), "numpy": np.__version__},
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            **measured,
        )


def _count(job: _Job) -> Iterator[Progress]:
    """A counted model: one pass over the training events."""
    started = time.monotonic()
    fitted = _fitted(job)
    seconds = time.monotonic() - started
    # what orders a short list only has no place in a ranking of everything
    found = None if job.spec.candidates_only else evaluate_model(fitted, job.dataset, job.split, "validation")
    targets = int((job.split.labels == 0).sum()) / max(seconds, 1e-9)
    parameters = sum(int(value.size) for value in fitted.arrays().values())
    card = job.card(found, epochs=1, seconds=seconds, targets_per_second=targets, parameters=parameters)
    card = replace(card, parts=tuple(fitted.models) if job.spec.parts else ())
    save(job.folder, fitted, card)
    yield Progress(1, 1, 1, 1, float("nan"), card.validation, targets, seconds, 0.0, 1, "cpu", checkpoint=job.folder, card=card)


def _fitted(job: _Job) -> Any:
    kind = job.spec.load()
    if not job.spec.parts:
        return kind.fit(job.dataset, job.split, job.config, job.seed)
    return kind.fit_parts(job.dataset, job.split, job.config, _parts(job), job.seed)


def _parts(job: _Job) -> dict[str, Any]:
    """The models of a fusion: checkpoints of this data and protocol; counted ones that are not there are made now."""
    there = {found.name: found for found in list_checkpoints(job.dataset.name)}
    parts = {}
    for name in job.spec.parts:
        spec, found = MODELS.get(name), there.get(name)
        if spec is None or spec.lacks(job.dataset.has):
            continue
        fits = found is not None and found.card.model == name and found.card.protocol == job.split.protocol
        if found is not None and fits and found.card.dataset_fingerprint == job.dataset.fingerprint:
            parts[name] = load(found.folder).model
        elif not spec.gradient:
            parts[name] = spec.load().fit(job.dataset, job.split, spec.config(), job.seed)
    return parts


def _train_by_gradient(job: _Job, device: str, resume: bool) -> Iterator[Progress]:
    """Epochs of AdamW with a cosine schedule, the best epoch by validation kept."""
    import torch

    where = choose_device(device)
    run = _Run(job, where, training_precision(where))
    if resume:
        run.restore()
    while not run.over():
        yield from run.epoch()
    if not run.history:
        raise CheckpointError(f"training '{job.name}' was stopped before anything was learnt; nothing was saved")
    best = run.best_model()
    found = evaluate_model(best, job.dataset, job.split, "validation")
    card = job.card(
        found,
        epochs=len(run.history),
        seconds=run.seconds,
        targets_per_second=run.targets / max(run.training_seconds, 1e-9),
        parameters=sum(each.numel() for each in best.parameters()),
        device=str(where),
        precision=str(run.precision).removeprefix("torch."),
        history=run.history,
    )
    card = replace(card, versions={**card.versions, "torch": torch.__version__})
    save(job.folder, best, card)
    if not run.interrupted:
        run.forget()
    yield replace(run.progress(0, 0), validation=found.metrics, checkpoint=job.folder, card=card, seconds_left=0.0)


def _size(job: _Job) -> float:
    """Bytes of weights, gradients and the two moments of Adam, counted without taking them."""
    import torch

    try:
        with torch.device("meta"):
            return 16.0 * sum(each.numel() for each in job.spec.load()(job.dataset.item_ids, job.config).parameters())
    except RuntimeError:  # torch cannot even count that far
        return float("inf")


class _Run:
    """The state of a gradient run between epochs: all that a resumed run needs is what `remember` writes."""

    def __init__(self, job: _Job, where: Any, precision: Any):
        import torch

        self.job, self.where, self.precision = job, where, precision
        check_fits(f"training {job.spec.title} with these settings", _size(job), "take smaller ones, for example embedding_size=64")
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
        """The epoch, from 1, with the best validation; the earlier of equals."""
        return int(np.argmax([each[CHOOSES] for each in self.history])) + 1 if self.history else 0

    def over(self) -> bool:
        done = len(self.history)
        return self.interrupted or done >= self.job.config.epochs or (done > 0 and done - self.best_epoch >= self.job.config.patience)

    def epoch(self) -> Iterator[Progress]:
        """One epoch and its validation. Everything random in it follows from the seed and its number."""
        import torch

        number = len(self.history)
        torch.manual_seed(self.job.seed * 1_000_003 + number)
        rng = np.random.default_rng((self.job.seed, number))
        self.model.train()
        total = torch.zeros((), device=self.where)
        count, began = 0, time.monotonic()
        before = self.targets, self.training_seconds
        for batch, batches, tokens in self.model.batches(self.data, rng):
            self._set_rate((number + batch / batches) / self.job.config.epochs)
            loss, targets = self._step(tokens)
            total += loss
            count += targets
            self.targets, self.training_seconds = before[0] + count, before[1] + time.monotonic() - began
            self.interrupted = self._must_stop()
            if batch % 10 == 9 or self.interrupted:
                self.loss = float(total) / count
                yield self.progress(batch + 1, batches)
            if self.interrupted:
                break
        self.loss = float(total) / max(count, 1)
        self._validate()
        if not self.interrupted:
            self.remember()
        yield self.progress(1, 1)

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
        """Warm up over the first hundredth, then half a cosine down to a hundredth of the rate."""
        warm = min(1.0, share / 0.01 + 0.01)
        for group in self.optimizer.param_groups:
            group["lr"] = self.job.config.learning_rate * warm * (0.01 + 0.99 * 0.5 * (1 + float(np.cos(np.pi * share))))

    def _validate(self) -> None:
        self.model.eval()
        self.validation = evaluate_model(self.model, self.job.dataset, self.job.split, "validation", brief=True).metrics
        self.history.append({"epoch": len(self.history) + 1, "loss": self.loss, CHOOSES: self.validation[CHOOSES]})
        if not np.isfinite(self.loss):
            raise DataError(
                f"training '{self.job.name}' diverged in epoch {len(self.history)}; take a smaller rate: --set learning_rate=0.0003"
            )
        if self.best_epoch == len(self.history):
            self.best = {name: value.copy() for name, value in self.model.arrays().items()}
        self.seconds += time.monotonic() - self.started
        self.started = time.monotonic()

    def _must_stop(self) -> bool:
        elapsed = self.seconds + time.monotonic() - self.started
        return self.job.stop() or (self.job.minutes is not None and elapsed >= self.job.minutes * 60)

    def best_model(self) -> Any:
        return self.job.spec.load().restore(self.job.dataset.item_ids, self.job.config, self.best).to(self.where)

    def progress(self, batch: int, batches: int) -> Progress:
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

    # -- a killed run --------------------------------------------------------------------------------------------------

    @property
    def _state_folder(self) -> Path:
        return self.job.folder.parent / f".{self.job.folder.name}.unfinished"

    def remember(self) -> None:
        """Write everything the next epoch depends on."""
        arrays = {f"model.{name}": np.ascontiguousarray(value) for name, value in self.model.arrays().items()}
        arrays |= {f"best.{name}": np.ascontiguousarray(value) for name, value in self.best.items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            arrays |= {f"optimizer.{index}.{name}": np.ascontiguousarray(value.cpu().numpy()) for name, value in state.items()}
        with folder_at_once(self._state_folder) as work:
            save_arrays(arrays, work / STATE)
            written = {"identity": self.job.identity(), "history": self.history, "targets": self.targets}
            written |= {"training_seconds": self.training_seconds, "seconds": self.seconds}
            (work / STATE_CARD).write_text(json.dumps(to_plain(written)), encoding="utf-8")

    def restore(self) -> None:
        """Go on from what `remember` wrote; from the start when there is nothing."""
        import torch
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        if not (self._state_folder / STATE_CARD).exists():
            return
        try:
            written = json.loads((self._state_folder / STATE_CARD).read_text(encoding="utf-8"))
            arrays = load_file(self._state_folder / STATE)
            identity = written["identity"]
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise CheckpointError(f"the unfinished run in {self._state_folder} is damaged; start again without --resume") from error
        if identity != self.job.identity():
            raise CheckpointError(
                f"the unfinished run '{self.job.name}' had other settings or data; repeat them, or start again without --resume"
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

    def forget(self) -> None:
        import shutil

        shutil.rmtree(self._state_folder, ignore_errors=True)

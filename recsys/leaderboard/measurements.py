"""Measurements of checkpoints, stored on disk so that each checkpoint is measured once.

One file per checkpoint, protocol and split: RECSYS_HOME/results/DATASET/NAME.PROTOCOL.SPLIT.safetensors, the shipped ones in
assets/results. It holds the rank of every case, and as JSON in its header the metrics and a key: the seal of the checkpoint and the
fingerprint of the dataset. Results with another key are ignored.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recsys.core import Dataset
from recsys.core.split import Split
from recsys.evaluation import Cases, ColdStartSlice, Evaluation, evaluate_model, find_cold_cases
from recsys.leaderboard.latency import measure_request_latency
from recsys.storage.atomic_files import write_file_atomically
from recsys.storage.paths import ASSETS, home, own_homes
from recsys.storage.serialization import to_plain
from recsys.training.checkpoints import CheckpointCard

EVALUATOR_VERSION = 2
"""Increased whenever the same checkpoint would get other or additional metrics."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """An evaluation, and the milliseconds of one request. If read from disk, `evaluation.other_values` is empty."""

    evaluation: Evaluation
    request_ms: float


def measure_checkpoint(model: Any, dataset: Dataset, split: Split, which: str) -> Measurement:
    """Evaluate a model and measure its latency."""
    return Measurement(evaluate_model(model, dataset, split, which), measure_request_latency(model, dataset))


def save_measurement(card: CheckpointCard, dataset: Dataset, measurement: Measurement) -> None:
    """Write a measurement. Errors of the disk are ignored, since the file only saves time."""
    from safetensors.numpy import save

    evaluation = measurement.evaluation
    result = {
        "key": _key(card, dataset, evaluation.split),
        "metrics": evaluation.metrics,
        "intervals": evaluation.intervals,
        "slices": {name: None if part is None else _slice_to_json(part) for name, part in evaluation.slices.items()},
        "request_ms": measurement.request_ms,
        "seconds": evaluation.seconds,
        "depth": evaluation.depth,
        "listed_cases": evaluation.listed_cases,
    }
    data = save({"ranks": evaluation.ranks.astype(np.float32)}, metadata={"result": json.dumps(to_plain(result))})
    with suppress(OSError):
        write_file_atomically(home(dataset.name) / _relative_path(card, dataset, evaluation.split), data)


def find_measurement(card: CheckpointCard, dataset: Dataset, split: Split, which: str) -> Measurement | None:
    """Return the stored measurement of a checkpoint on a dataset, the user's before the shipped one; None if there is none."""
    for base in (*own_homes(dataset.name), ASSETS):
        file = base / _relative_path(card, dataset, which)
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):  # after a damaged file, the checkpoint is measured again
            result, ranks = _read(file)
            if result["key"] == to_plain(_key(card, dataset, which)):
                return Measurement(_to_evaluation(result, ranks, card, dataset, split, which), float(result["request_ms"]))
    return None


def read_measurements_stamp(card: CheckpointCard, dataset: Dataset, which: str) -> str:
    """Return a text that changes whenever the result of `find_measurement` may change; empty without a file."""
    files = [base / _relative_path(card, dataset, which) for base in (*own_homes(dataset.name), ASSETS)]
    return " ".join(f"{file.stat().st_mtime_ns}" for file in files if file.is_file())


def _read(file: Path) -> tuple[dict[str, Any], np.ndarray]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "numpy") as opened:
            return json.loads(opened.metadata()["result"]), opened.get_tensor("ranks").astype(np.float64)
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _to_evaluation(
    result: Mapping[str, Any], ranks: np.ndarray, card: CheckpointCard, dataset: Dataset, split: Split, which: str
) -> Evaluation:
    cases = Cases.from_split(dataset, split, which)
    if ranks.shape != cases.rows.shape:
        raise ValueError("the number of cases differs")
    cold = find_cold_cases(cases, split)
    return Evaluation.from_cases(
        card.model,
        cases,
        split,
        which,
        items=len(dataset.item_ids),
        metrics=dict(result["metrics"]),
        intervals=_pairs(result["intervals"]),
        ranks=ranks,
        slices={
            name: None
            if part is None
            else ColdStartSlice(part["cases"], part["users"], dict(part["metrics"]), _pairs(part["intervals"]), np.flatnonzero(cold[name]))
            for name, part in result["slices"].items()
        },
        seconds=float(result["seconds"]),
        depth=result.get("depth"),
        listed_cases=result.get("listed_cases"),
    )


def _slice_to_json(part: ColdStartSlice) -> dict[str, Any]:
    return {"cases": part.cases, "users": part.users, "metrics": part.metrics, "intervals": part.intervals}


def _pairs(intervals: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    return {name: (float(low), float(high)) for name, (low, high) in intervals.items()}


def _key(card: CheckpointCard, dataset: Dataset, which: str) -> dict[str, Any]:
    return {
        "seal": card.seal,
        "dataset": dataset.fingerprint,
        "protocol": card.protocol,
        "split": which,
        "evaluator": EVALUATOR_VERSION,
    }


def _relative_path(card: CheckpointCard, dataset: Dataset, which: str) -> Path:
    return Path("results") / dataset.name / f"{card.name}.{card.protocol}.{which}.safetensors"

"""What was measured of a checkpoint, on disk, so that it is measured once.

One file a checkpoint, protocol and split: RECSYS_HOME/results/DATASET/NAME.PROTOCOL.SPLIT.safetensors, the shipped ones in
assets/results. It holds the rank of every case, and as JSON in its header the figures and the key they belong to: the seal of
the checkpoint and the fingerprint of the data. A file whose key is another is as good as none.
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
from recsys.evaluation import Cases, Evaluation, Slice, cold_cases, evaluate_model
from recsys.leaderboard.latency import request_milliseconds
from recsys.storage.files import ASSETS, file_at_once, home
from recsys.storage.serialization import to_plain
from recsys.training.checkpoints import Card

EVALUATOR = 1
"""Raised whenever the same checkpoint would get other figures or more of them."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """An evaluation and the milliseconds of one request. Read from disk, `evaluation.others` is empty."""

    evaluation: Evaluation
    request_ms: float


def measure_checkpoint(model: Any, dataset: Dataset, split: Split, which: str) -> Measurement:
    """Judge a model now."""
    return Measurement(evaluate_model(model, dataset, split, which), request_milliseconds(model, dataset))


def save_measurement(card: Card, dataset: Dataset, found: Measurement) -> None:
    """Write what was measured. It only saves time: where nothing can be written, nothing is kept."""
    from safetensors.numpy import save

    judged = found.evaluation
    result = {
        "key": _key(card, dataset, judged.split),
        "metrics": judged.metrics,
        "intervals": judged.intervals,
        "slices": {name: None if part is None else _figures(part) for name, part in judged.slices.items()},
        "request_ms": found.request_ms,
        "seconds": judged.seconds,
    }
    data = save({"ranks": judged.ranks.astype(np.float32)}, metadata={"result": json.dumps(to_plain(result))})
    with suppress(OSError):
        file_at_once(home() / _place(card, dataset, judged.split), data)


def find_measurement(card: Card, dataset: Dataset, split: Split, which: str) -> Measurement | None:
    """What was measured of this very checkpoint on this very data, one's own before the shipped; None if it never was."""
    for base in (home(), ASSETS):
        file = base / _place(card, dataset, which)
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):  # a damaged file is measured anew
            result, ranks = _read(file)
            if result["key"] == to_plain(_key(card, dataset, which)):
                return Measurement(_evaluation(result, ranks, card, dataset, split, which), float(result["request_ms"]))
    return None


def measurements_stamp(card: Card, dataset: Dataset, which: str) -> str:
    """Changes whenever what `find_kept` would read does; empty when there is no file."""
    files = [base / _place(card, dataset, which) for base in (home(), ASSETS)]
    return " ".join(f"{file.stat().st_mtime_ns}" for file in files if file.is_file())


def _read(file: Path) -> tuple[dict[str, Any], np.ndarray]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "numpy") as opened:
            return json.loads(opened.metadata()["result"]), opened.get_tensor("ranks").astype(np.float64)
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _evaluation(result: Mapping[str, Any], ranks: np.ndarray, card: Card, dataset: Dataset, split: Split, which: str) -> Evaluation:
    cases = Cases.of(dataset, split, which)
    if ranks.shape != cases.rows.shape:
        raise ValueError("another number of cases")
    cold = cold_cases(cases, split)
    return Evaluation.of(
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
            else Slice(part["cases"], part["users"], dict(part["metrics"]), _pairs(part["intervals"]), np.flatnonzero(cold[name]))
            for name, part in result["slices"].items()
        },
        seconds=float(result["seconds"]),
    )


def _figures(part: Slice) -> dict[str, Any]:
    return {"cases": part.cases, "users": part.users, "metrics": part.metrics, "intervals": part.intervals}


def _pairs(intervals: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    return {name: (float(low), float(high)) for name, (low, high) in intervals.items()}


def _key(card: Card, dataset: Dataset, which: str) -> dict[str, Any]:
    return {
        "seal": card.seal,
        "dataset": dataset.fingerprint,
        "protocol": card.protocol,
        "split": which,
        "evaluator": EVALUATOR,
    }


def _place(card: Card, dataset: Dataset, which: str) -> Path:
    return Path("results") / dataset.name / f"{card.name}.{card.protocol}.{which}.safetensors"

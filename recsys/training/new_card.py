"""The card of a checkpoint that is made now, whether trained here or imported."""

import platform
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np

from recsys import __version__
from recsys.core import Dataset
from recsys.core.split import Split
from recsys.evaluation import Evaluation
from recsys.training.checkpoints import CheckpointCard


def make_card(
    name: str, model: str, dataset: Dataset, split: Split, config: Any, evaluation: Evaluation | None, **fields: Any
) -> CheckpointCard:
    """Return the card of a model of a dataset; `fields` are those of the card that its training determines, 0 without one."""
    untrained = {"seed": 0, "epochs": 0, "seconds": 0.0, "targets_per_second": 0.0, "parameters": 0}
    return CheckpointCard(
        name=name,
        model=model,
        dataset=dataset.name,
        dataset_fingerprint=dataset.fingerprint,
        vocabulary=dataset.vocabulary.fingerprint,
        protocol=split.protocol,
        cuts=split.cuts,
        config=asdict(config),
        validation=evaluation.metrics if evaluation else {},
        intervals=evaluation.intervals if evaluation else {},
        versions={"recsys": __version__, "python": platform.python_version(), "numpy": np.__version__},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        **(untrained | fields),
    )

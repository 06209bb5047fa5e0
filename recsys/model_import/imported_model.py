"""A model read from outside, ready to be saved as a checkpoint."""

from dataclasses import dataclass, field
from typing import Any

from recsys.core.dataset import Check


@dataclass(frozen=True, eq=False)
class ImportedModel:
    """A model of one dataset, and what was found out about it.

    `kind` is its name in IMPORTED_MODELS or MODELS, `name` the suggested name of its checkpoint. `matches` are lines of a report: what of
    the model and the dataset matched. `protocol` is the one under which it can be measured, where only one makes sense. `source` says where it comes from: the format, the name of the file, and what else is known.
    """

    kind: str
    model: Any
    name: str
    matches: tuple[Check, ...] = ()
    source: dict[str, Any] = field(default_factory=dict)
    protocol: str | None = None

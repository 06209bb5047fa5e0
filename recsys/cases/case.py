"""A case: one view of one step of a user's timeline, as it was kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class View:
    """What was on the screen: the page (its address, such as "explain"), and the JSON values of its settings by the keys of their widgets."""

    dataset: str
    checkpoint: str
    version: int
    checkpoint_fingerprint: str
    user_id: str
    step: int
    page: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A view that was kept by an account. `revision` counts the changes of note and tags, so that two people do not overwrite each other."""

    id: str
    view: View
    note: str
    tags: tuple[str, ...]
    kept_by: str
    created: float
    revision: int
    changed_by: str | None
    changed: float | None

"""A case: one view of one step of a user's timeline, as it was kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recsys.core.errors import DataError
from recsys.core.translation import N_

PAGE_TITLES = {
    "timeline": N_("Timeline"),
    "recommend": N_("Recommendations"),
    "compare": N_("Compare"),
    "explain": N_("Explain"),
    "attention": N_("Attention"),
    "drift": N_("Drift"),
}
"""Pages about one step of one user, whose views can be kept, by their addresses."""


@dataclass(frozen=True)
class View:
    """A view of a page: the page (its address, such as "explain"), and the JSON values of its settings by the keys of their widgets.

    The fingerprints are those of the data and of the model at that time; the model's is empty where it had not been trained.
    """

    dataset: str
    checkpoint: str
    version: int
    checkpoint_fingerprint: str
    user_id: str
    step: int
    page: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    dataset_fingerprint: str = ""


@dataclass(frozen=True)
class Case:
    """A view that was kept by an account. `revision` counts the changes of note and tags, so that two people do not overwrite each other.

    `kept_by` and `changed_by` are names, `account_id` is the id of the account that kept it. `changed_by` is None where nobody has changed
    the case, or whoever did is erased.
    """

    id: str
    view: View
    note: str
    tags: tuple[str, ...]
    kept_by: str
    created: float
    revision: int
    changed_by: str | None
    changed: float | None
    account_id: str = ""


class CaseChangedError(DataError):
    """A case was changed by someone else while it was edited. `current` is the case as it is now."""

    def __init__(self, message: str, current: Case) -> None:
        super().__init__(message)
        self.current = current

"""Changes of a person's feedback on one timeline: each is saved in the store, or applied to what is known in memory.

The app keeps a change until the store has taken it, and never saves one on private data.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from recsys.accounts.account import Account
from recsys.database.engine import Store
from recsys.feedback.recording import REPLACED, Feedback, Impression, record_feedback, record_impression, withdraw_feedback


class Change(Protocol):
    """Something to save about the timeline of `user_id` in `dataset`. Saving it twice is the same as saving it once."""

    @property
    def dataset(self) -> str: ...

    @property
    def user_id(self) -> str: ...

    def save(self, store: Store, account: Account) -> None:
        """Save it in the store, in one transaction."""
        ...

    def apply(self, feedback: Sequence[Feedback]) -> list[Feedback]:
        """Return the feedback on the timeline as it is after the change, the oldest first."""
        ...


@dataclass(frozen=True)
class _ChangeOfList:
    """Base of the changes that are about one list."""

    impression: Impression

    @property
    def dataset(self) -> str:
        return self.impression.dataset

    @property
    def user_id(self) -> str:
        return self.impression.user_id


@dataclass(frozen=True)
class NewImpression(_ChangeOfList):
    """A list that was shown."""

    def save(self, store: Store, account: Account) -> None:
        record_impression(store, account, self.impression)

    def apply(self, feedback: Sequence[Feedback]) -> list[Feedback]:
        return list(feedback)


@dataclass(frozen=True)
class NewFeedback(_ChangeOfList):
    """Feedback on an item of a list that was shown."""

    item_id: str
    action: str
    rating: float | None = None
    created: float = field(default_factory=time.time)

    def save(self, store: Store, account: Account) -> None:
        record_feedback(store, account, self.impression.id, self.item_id, self.action, self.rating)

    def apply(self, feedback: Sequence[Feedback]) -> list[Feedback]:
        step, shown = self.impression.step, self.impression.id
        same = [each for each in feedback if (each.impression_id, each.item_id, each.action) == (shown, self.item_id, self.action)]
        if any(each.rating == self.rating for each in same):
            return list(feedback)
        kept = [each for each in feedback if (each.item_id, each.step) != (self.item_id, step) or each.action != REPLACED.get(self.action)]
        return [*kept, Feedback(shown, self.item_id, self.action, self.rating, step, self.created)]


@dataclass(frozen=True)
class Withdrawal:
    """Feedback taken back: all of a timeline, or that on an item, at a step or of one action."""

    dataset: str
    user_id: str
    item_id: str | None = None
    step: int | None = None
    action: str | None = None

    def save(self, store: Store, account: Account) -> None:
        withdraw_feedback(store, account, self.dataset, self.user_id, self.item_id, self.step, self.action)

    def apply(self, feedback: Sequence[Feedback]) -> list[Feedback]:
        def is_kept(each: Feedback) -> bool:
            pairs = ((self.item_id, each.item_id), (self.step, each.step), (self.action, each.action))
            return any(wanted is not None and wanted != value for wanted, value in pairs)

        return [each for each in feedback if is_kept(each)]


def apply_changes(feedback: Sequence[Feedback], changes: Iterable[Change], dataset: str, user_id: str) -> list[Feedback]:
    """Return the feedback on a timeline after those of the changes that are about it, in their order."""
    known = list(feedback)
    for change in changes:
        if (change.dataset, change.user_id) == (dataset, user_id):
            known = change.apply(known)
    return known

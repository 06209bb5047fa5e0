"""Where people's interest changed: one person at a time, and the next person with a change."""

from typing import TYPE_CHECKING

from pages.loaders.data import user_after
from pages.loaders.shared import shared
from recsys.core import Dataset

if TYPE_CHECKING:
    from recsys.drift import DriftReport, Setting

LOOKED_AT = 120  # people, in search of one who changed


@shared(16)
def drift_setting(dataset: Dataset) -> "Setting":
    """Kinds and areas of a dataset, for counting."""
    from recsys.drift import setting

    return setting(dataset)


@shared(512)
def drift(dataset: Dataset, user: str) -> "DriftReport":
    """One person's changes, computed once."""
    from recsys.drift import drift as found

    return found(dataset, drift_setting(dataset), user)


def next_drifting(dataset: Dataset, user: str) -> tuple[str, int] | None:
    """The next person with a lasting change, in the order of the data and round again, and the step of it; None where none of many has one."""
    other = user
    for _ in range(min(LOOKED_AT, len(dataset.user_ids))):
        other = user_after(dataset, other)
        lasting = drift(dataset, other).lasting
        if lasting:
            return other, max(lasting, key=lambda change: change.size).step
    return None

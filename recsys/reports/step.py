"""One step of a timeline for a report: what was known then, what was recommended, and what came next."""

import base64
import datetime as dt
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from recsys.core import TOP_K, Dataset
from recsys.core.formatting import format_moment, local_time
from recsys.core.split import split_interactions
from recsys.evaluation.replay import Replay, replay_history
from recsys.figures.palette import LIGHT, category_colours, category_order
from recsys.item_images import load_thumbnail
from recsys.training.checkpoints import LoadedCheckpoint

STRETCH = 200
"""Steps to each side that are replayed of a long timeline: as many as a strip of ranks can show."""
MOST_STEPS = 1_000
"""Steps of a timeline that is replayed as a whole."""


class Step:
    """A user's timeline at one step under one model."""

    def __init__(self, dataset: Dataset, loaded: LoadedCheckpoint, user: str, step: int) -> None:
        self.dataset, self.loaded, self.user, self.step = dataset, loaded, user, step
        self.history = dataset.history(user)
        self.next_item = str(self.history.items[step]) if step < len(self.history) else None

    @cached_property
    def replay(self) -> Replay:
        """The replay around the step, of a short timeline all of it."""
        return self.replay_under(self.loaded)

    def replay_under(self, loaded: LoadedCheckpoint, alone: bool = False) -> Replay:
        """Replay the timeline around the step under a model, or only this step."""
        length = len(self.history)
        steps = range(length + 1)
        if alone or length > MOST_STEPS:
            reach = 0 if alone else STRETCH
            steps = range(max(self.step - reach, 0), min(self.step + reach, length) + 1)
        labels = split_interactions(self.dataset, loaded.card.protocol).labels[self.dataset.rows(self.user)]
        return replay_history(loaded.model, self.history, self.dataset.repeats, labels=labels, steps=steps)

    @property
    def at(self) -> int:
        """The position of the step in the arrays of the replay."""
        return self.step - self.replay.first

    @property
    def rank(self) -> float:
        """The rank of the next item; NaN at the end of the timeline and where the model has no list."""
        return float(self.replay.ranks[self.at])

    @property
    def is_hit(self) -> bool:
        """Whether the next item is in the list."""
        return self.rank <= TOP_K

    @property
    def split(self) -> str:
        """The split of the next event; empty at the end of the timeline."""
        return str(self.replay.splits[self.at]) if self.next_item is not None else ""

    @cached_property
    def tints(self) -> dict[str, str]:
        """The colour of each category, the same as in the app."""
        return find_tints(self.dataset)

    def moment_of(self, event: int) -> dt.datetime | None:
        """Return the local time of an event; None where it is not known."""
        times, offsets = self.history.times, self.history.utc_offsets
        return None if times is None else local_time(times[event], None if offsets is None else offsets[event])

    def moments(self, events: Sequence[int]) -> list[dt.datetime | None] | None:
        """Return the local times of events; None for data without times."""
        return None if self.history.times is None else [self.moment_of(event) for event in events]

    @property
    def when(self) -> str:
        """The time of the next event, of the last one at the end; empty where it is not known."""
        if not len(self.history):
            return ""
        moment = self.moment_of(min(self.step, len(self.history) - 1))
        return format_moment(moment) if moment is not None else ""

    def picture(self, item: str) -> tuple[str, str]:
        """Return the picture of an item as a data URL, and the letter in its place; both empty in data without pictures."""
        if not self.dataset.images:
            return "", ""
        category = self.dataset.describe_item(item, "category").get("category")
        named = category if isinstance(category, str) and category.strip() else self.dataset.title_of(item)
        data = load_thumbnail(self.dataset, item)
        return f"data:image/webp;base64,{base64.b64encode(data).decode()}" if data else "", named.strip()[:1].upper()

    def about(self, item: str) -> tuple[str, str]:
        """Return a line about an item, and the colour of its category."""
        known = self.dataset.describe_item(item, "category", "district")
        words = [str(value) for value in known.values() if isinstance(value, str) and value]
        return " · ".join(words), self.tints.get(str(known.get("category")), "")


def find_tints(dataset: Dataset) -> dict[str, str]:
    """Return the colour of each category on paper."""
    if "category" not in dataset.items:
        return {}
    events = np.bincount(dataset.item_codes - 1, minlength=len(dataset.items))
    return category_colours(category_order(dataset.items["category"], events), LIGHT)

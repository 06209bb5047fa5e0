"""One item to be explained in one step of a timeline: its game, and its players in words."""

from dataclasses import replace
from datetime import datetime
from functools import cached_property
from html import escape

import numpy as np

from recsys.core import TOP_K, Dataset, Request, request_at
from recsys.core.formatting import format_clock, format_duration, format_long_date, format_number, local_time, weekday_names
from recsys.core.nouns import count_events
from recsys.core.translation import N_, _, ngettext
from recsys.explain.counterfactual.removal import Counterfactual
from recsys.explain.explanation import Explanation, Player, Removal, Target
from recsys.explain.fidelity.deletion import event_weights
from recsys.explain.game import Game
from recsys.explain.progressive import ProgressiveExplanation
from recsys.explain.wording import describe_rank, describe_removal, merge_by_item
from recsys.models import find_model_spec
from recsys.training.checkpoints import LoadedCheckpoint

CONTEXT = {"time": N_("the time of the request"), "place": N_("the place of the request")}
CONTEXT_ROWS = {"time": N_("Time of the request"), "place": N_("Place of the request")}


MOST_EVENTS = 3_000
"""Events of a history that is explained: methods that try pairs of events cannot read more."""


def make_explained_request(dataset: Dataset, user: str, step: int) -> Request:
    """Return the request of a step, of a long history with the latest events alone."""
    request = request_at(dataset.history(user), step)
    return replace(request, history=request.history.since(max(step - MOST_EVENTS, 0)))


class ExplainedItem:
    """One item at a step, the value that is explained, and the treatment of left-out events.

    Texts are plain unless the method's name says HTML. A player is one event, a group of events, or the time or place of the request.
    """

    def __init__(
        self,
        dataset: Dataset,
        loaded: LoadedCheckpoint,
        user: str,
        step: int,
        item: str,
        target: Target = "logit",
        removal: Removal = "delete",
    ) -> None:
        self.dataset, self.loaded, self.user, self.step = dataset, loaded, user, step
        self.item, self.target, self.removal = item, target, removal
        self.title = dataset.title_of(item)
        self.request = make_explained_request(dataset, user, step)

    @cached_property
    def game(self) -> Game:
        """The item's score as a game between the events."""
        aware = find_model_spec(self.loaded.card.model).aware
        return Game(self.loaded.model, self.request, self.item, self.target, self.removal, aware, self.dataset.repeats)

    def lead_html(self, answer: ProgressiveExplanation) -> str:
        """Return the main reasons and the counterfactual in sentences, as HTML."""
        grouped = merge_by_item(answer.explanation)
        sentences = describe_rank(grouped, [self.player_html(player) for player in grouped.players], answer.rank, TOP_K)
        if answer.counterfactual is not None:
            removed = [self.player_html(each) for each in self.removed_players(answer.counterfactual)]
            instead = answer.counterfactual.replacement
            replacement = f"<b>{escape(self.dataset.title_of(instead))}</b>" if instead else None
            sentences.append(describe_removal(answer.counterfactual, removed, replacement))
        return f"<b>{escape(self.title)}</b> · {' '.join(sentences)}"

    def player_name(self, player: Player) -> str:
        """Return the name of a player within a sentence."""
        if player.item_id is not None:
            return self.dataset.title_of(player.item_id)
        return _(CONTEXT[player.kind]) if player.kind in CONTEXT else count_events(len(player.steps), self.dataset.noun)

    def row_name(self, player: Player) -> str:
        """Return the name of a player at the beginning of a row."""
        return _(CONTEXT_ROWS[player.kind]) if player.kind in CONTEXT_ROWS else self.player_name(player)

    def player_note(self, player: Player) -> str:
        """Return what tells this player from others of the same name: how long before, or which events."""
        if player.kind == "time":
            if self.moment is None:
                return ""
            return _("{weekday}, {time}", weekday=weekday_names()[self.moment.weekday()], time=format_clock(self.moment))
        if player.kind == "place":
            return _("last known place")
        if player.kind == "group" and player.item_id is None:
            return self._stretch(player.steps[0], player.steps[-1])
        return self.time_before(player.steps[-1], len(player.steps))

    def time_before(self, step: int, count: int = 1) -> str:
        """Return how long before the request an event was; of `count` events, the latest of them at `step`."""
        times = self.request.history.times
        if times is None or self._now is None or step >= len(times) or not np.isfinite(times[step]):
            return self._events_before(len(self.request.history) - step, count)
        duration = format_duration((self._now - float(times[step])) / 3600)
        if count == 1:
            return _("{duration} before", duration=duration)
        return ngettext("{count} time, last {duration} before", "{count} times, last {duration} before", count, duration=duration)

    def player_html(self, player: Player) -> str:
        """Return a player's name in bold with its note, as HTML."""
        note = self.player_note(player)
        small = f" ({escape(note)})" if note and player.kind != "place" else ""
        return f"<b>{escape(self.player_name(player))}</b>{small}"

    def removed_players(self, counterfactual: Counterfactual) -> list[Player]:
        """Return the removed events, those of the same item as one player, ordered by their last events."""
        items: dict[str, tuple[int, ...]] = {}
        for step in counterfactual.removed:
            item = str(self.game.full_request.history.items[step])
            items[item] = (*items.get(item, ()), step)
        return sorted((Player(item, "event", steps, item) for item, steps in items.items()), key=lambda player: player.steps[-1])

    def event_player(self, step: int) -> Player:
        """Return one event as a player."""
        item = str(self.game.full_request.history.items[step])
        return Player(item, "event", (step,), item)

    def _events_before(self, back: int, count: int) -> str:
        if back <= 1:
            return (
                _("latest event")
                if count == 1
                else ngettext("{count} time, last in the latest event", "{count} times, last in the latest event", count)
            )
        events = count_events(back, self.dataset.noun)
        if count == 1:
            return _("{events} back", events=events)
        return ngettext("{count} time, last {events} back", "{count} times, last {events} back", count, events=events)

    def _stretch(self, first: int, last: int) -> str:
        """Return the days of the events from `first` to `last`, or their numbers where times are unknown."""
        days = [self._local_moment(step) for step in (first, last)]
        if days[0] is None or days[1] is None:
            earlier = self.step - len(self.request.history) + 1
            return _("{first} to {last}", first=format_number(first + earlier), last=format_number(last + earlier))
        names = [format_long_date(days[0]), format_long_date(days[1])]
        return names[0] if names[0] == names[1] else _("{first} to {last}", first=names[0], last=names[1])

    def _local_moment(self, step: int) -> datetime | None:
        times, offsets = self.request.history.times, self.request.history.utc_offsets
        if times is None or step >= len(times):
            return None
        return local_time(float(times[step]), None if offsets is None else float(offsets[step]))

    @cached_property
    def _now(self) -> float | None:
        if self.request.time is not None:
            return self.request.time
        times = self.request.history.times
        return float(times[-1]) if times is not None and len(times) and np.isfinite(times[-1]) else None

    @cached_property
    def moment(self) -> datetime | None:
        """The local time of the request; None where it is unknown."""
        offsets, offset = self.request.history.utc_offsets, self.request.utc_offset
        if offset is None and offsets is not None and len(offsets):
            offset = offsets[-1]
        return None if self._now is None else local_time(self._now, offset)


def align_values(main: Explanation, other: Explanation) -> np.ndarray:
    """Return (P,) the values of another method for the players of the main one; a group gets the sum of its events."""
    context = {player.kind: float(value) for player, value in zip(other.players, other.values, strict=True) if not player.steps}
    values = []
    for player in main.players:
        values.append(float(event_weights(other, player.steps).sum()) if player.steps else context.get(player.kind, 0.0))
    return np.array(values)

"""One recommendation and all that is asked about it: the game, its words, its figures."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import streamlit as st

from pages.cache.explanations import explanation_key, explanation_store
from pages.shell.cursor import Cursor
from pages.ui import formatting, html
from pages.ui.item_picker import OFFERED
from recsys.core import TOP_K, FallsBack, Request, candidate_scores, request_at, top_k
from recsys.explain.counterfactual.removal import Counterfactual
from recsys.explain.explanation import Explanation, Player, Removal, Target
from recsys.explain.fidelity.deletion import event_weights
from recsys.explain.game import Game
from recsys.explain.progressive import ProgressiveExplanation, explain_progressively
from recsys.explain.wording import by_item, hangs_on, why
from recsys.models import MODELS
from recsys.training.checkpoints import Loaded

Choice = TypeVar("Choice", bound=str)
CONTEXT = {"time": "the time", "place": "the place"}


class Listed:
    """What is recommended at the cursor, or to another request there, and where what really came next stands."""

    def __init__(self, here: Cursor, found: Loaded, request: Request | None = None) -> None:
        self.request = request or request_at(here.history, here.step)
        vocabulary = found.model.vocabulary
        scores = candidate_scores(found.model, [self.request], vocabulary, here.dataset.repeats)
        best = [int(at) for at in top_k(scores, TOP_K)[0] if scores[0, at] > -np.inf]
        self.items = [str(vocabulary.item_ids[at]) for at in best]
        self.places = {item: place for place, item in enumerate(self.items, start=1)}
        self.next = str(here.history.items[here.step]) if here.step < len(here.history) else None
        code = int(vocabulary.encode([self.next])[0]) if self.next else 0
        if self.next and self.next not in self.places and code and scores[0, code - 1] > -np.inf:
            own = scores[0, code - 1]
            self.places[self.next] = 1 + int((scores[0] > own).sum()) + int((scores[0, : code - 1] == own).sum())
        further = [int(at) for at in top_k(scores, OFFERED)[0][TOP_K:] if scores[0, at] > -np.inf]
        self.further = {str(vocabulary.item_ids[at]): place for place, at in enumerate(further, start=TOP_K + 1)}
        self.fallback: str | None = found.model.fallback(self.request) if isinstance(found.model, FallsBack) else None

    def title(self, here: Cursor, item: str) -> str:
        """How an item is offered for choice."""
        came = " – what really came next" if item == self.next else ""
        return f"{self.places.get(item) or self.further[item]:,} · {here.dataset.title_of(item)}{came}"


def listed(here: Cursor, found: Loaded) -> Listed:
    """The list at the cursor, computed once."""
    key = explanation_key(here.dataset, found, here.user, here.step, "list")
    kept = explanation_store().get(key)
    if kept is None:
        kept = Listed(here, found)
        explanation_store().put(key, kept)
    return kept


class Case:
    """One item at the cursor: what is asked of it and how its players are called. Words are plain text unless they say HTML."""

    def __init__(self, here: Cursor, found: Loaded, item: str, target: Target, removal: Removal) -> None:
        self.here, self.found, self.item, self.target, self.removal = here, found, item, target, removal
        self.dataset, self.title = here.dataset, here.dataset.title_of(item)
        self.request = request_at(here.history, here.step)

    @cached_property
    def game(self) -> Game:
        aware = MODELS[self.found.card.model].aware
        return Game(self.found.model, self.request, self.item, self.target, self.removal, aware, self.dataset.repeats)

    def answers(self) -> Iterator[ProgressiveExplanation]:
        """What is known, sharper and sharper; all at once where it was asked before. Leaving the loop ends the work."""
        key = explanation_key(self.dataset, self.found, self.here.user, self.here.step, self.item, self.target, self.removal)
        kept = explanation_store().get(key)
        if kept is not None:
            yield kept
            return
        for answer in explain_progressively(self.game, TOP_K):
            if not answer.doing:
                explanation_store().put(key, answer)
            yield answer

    # -- words -----------------------------------------------------------------------------------------------------

    def name(self, player: Player) -> str:
        if player.item_id is not None:
            return self.dataset.title_of(player.item_id)
        return CONTEXT.get(player.kind) or formatting.plural(len(player.steps), self.dataset.noun)

    def note(self, player: Player) -> str:
        """What tells this event from others: its number and how long before."""
        if player.kind == "time":
            moment = self.moment
            return f"{moment:%A}, {moment:%H:%M}" if moment else ""
        if player.kind == "place":
            return "where they last were"
        if player.kind == "group" and player.item_id is None:
            return player.label.rpartition(", ")[0].removeprefix("events ")  # without the count, which is the name here
        many = f"{len(player.steps)} times, last " if len(player.steps) > 1 else ""
        return f"{many}{self.ago(player.steps[-1])}"

    def ago(self, step: int) -> str:
        times, now = self.here.history.times, self._now
        if times is None or now is None or step >= len(times) or not np.isfinite(times[step]):
            back = self.here.step - step
            return "the latest" if back <= 1 else f"{formatting.plural(back, self.dataset.noun)} back"
        return f"{formatting.duration((now - float(times[step])) / 3600)} before"

    def html(self, player: Player) -> str:
        note = self.note(player)
        small = f" ({html.escape_html(note)})" if note and player.kind != "place" else ""
        return f"<b>{html.escape_html(self.name(player))}</b>{small}"

    def sentence(self, answer: ProgressiveExplanation) -> str:
        """HTML: why, and what would have to be gone."""
        together = by_item(answer.explanation)
        told = why(together, [self.html(player) for player in together.players], answer.place, TOP_K)
        if answer.counterfactual is not None:
            removed = [self.html(each) for each in self.removed(answer.counterfactual)]
            instead = answer.counterfactual.replacement
            comes = f"<b>{html.escape_html(self.dataset.title_of(instead))}</b>" if instead else None
            told.append(hangs_on(answer.counterfactual, removed, comes))
        return " ".join(told)

    def removed(self, found: Counterfactual) -> list[Player]:
        """What a counterfactual takes away, events of the same item as one, by their last events."""
        items: dict[str, tuple[int, ...]] = {}
        for step in found.removed:
            item = str(self.game.whole.history.items[step])
            items[item] = (*items.get(item, ()), step)
        return sorted((Player(item, "event", steps, item) for item, steps in items.items()), key=lambda player: player.steps[-1])

    def event(self, step: int) -> Player:
        item = str(self.game.whole.history.items[step])
        return Player(item, "event", (step,), item)

    @cached_property
    def _now(self) -> float | None:
        if self.request.time is not None:
            return self.request.time
        times = self.request.history.times
        return float(times[-1]) if times is not None and len(times) and np.isfinite(times[-1]) else None

    @cached_property
    def moment(self) -> Any:
        offsets = self.request.history.utc_offsets
        offset = (
            self.request.utc_offset
            if self.request.utc_offset is not None
            else offsets[-1]
            if offsets is not None and len(offsets)
            else None
        )
        return None if self._now is None else formatting.local_time(self._now, offset)


def aligned(main: Explanation, other: Explanation) -> np.ndarray:
    """(P,) what another method gives the players of the main one; a group gets the sum of its events."""
    context = {player.kind: float(value) for player, value in zip(other.players, other.values, strict=True) if not player.steps}
    values = []
    for player in main.players:
        values.append(float(event_weights(other, player.steps).sum()) if player.steps else context.get(player.kind, 0.0))
    return np.array(values)


def picked(options: dict[Choice, str], label: str, key: str, **more: Any) -> Choice:
    """A small choice whose first option is the default."""
    value = st.segmented_control(
        label, list(options), default=next(iter(options)), required=True, key=key, format_func=lambda name: options[name], **more
    )
    return value if value in options else next(iter(options))

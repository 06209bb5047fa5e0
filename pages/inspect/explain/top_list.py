"""The top-k list at the cursor, the items just below it, and the rank of the next item."""

import numpy as np

from pages.cache.explanations import explanation_key, explanation_store
from pages.shell.cursor import Cursor
from pages.ui import item_card
from pages.ui.item_picker import OFFERED
from recsys.core import TOP_K, FallsBack, Request, candidate_scores, top_k
from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.explain.explained_item import MOST_EVENTS, make_explained_request
from recsys.training.checkpoints import LoadedCheckpoint


class TopList:
    """The model's answer to a request, by default the one at the cursor.

    `items` are the top k, `further` the items below them with their ranks, `next` is the item that came next, None at the end;
    `ranks` holds the ranks of the top k and of the next item.
    """

    def __init__(self, here: Cursor, loaded: LoadedCheckpoint, request: Request | None = None) -> None:
        self.model, self.request = loaded.model, request or explained_request(here)
        vocabulary = loaded.model.vocabulary
        scores = candidate_scores(loaded.model, [self.request], vocabulary, here.dataset.repeats)
        best = [int(at) for at in top_k(scores, TOP_K)[0] if scores[0, at] > -np.inf]
        self.items = [str(vocabulary.item_ids[at]) for at in best]
        self.ranks = {item: rank for rank, item in enumerate(self.items, start=1)}
        self.next = str(here.history.items[here.step]) if here.step < len(here.history) else None
        code = int(vocabulary.encode([self.next])[0]) if self.next else 0
        if self.next and self.next not in self.ranks and code and scores[0, code - 1] > -np.inf:
            own = scores[0, code - 1]
            self.ranks[self.next] = 1 + int((scores[0] > own).sum()) + int((scores[0, : code - 1] == own).sum())
        below = [int(at) for at in top_k(scores, OFFERED)[0][TOP_K:] if scores[0, at] > -np.inf]
        self.further = {str(vocabulary.item_ids[at]): rank for rank, at in enumerate(below, start=TOP_K + 1)}

    def fallback_html(self) -> str:
        """Return the label of a list that is not personal, as HTML; empty for a personal one."""
        reason = self.model.fallback(self.request) if isinstance(self.model, FallsBack) else None
        return item_card.fallback_label(reason)

    def option_title(self, here: Cursor, item: str) -> str:
        """Return an item's rank and title for a list of options."""
        rank, title = format_number(self.ranks.get(item) or self.further[item]), here.dataset.title_of(item)
        if item == self.next:
            return _("{rank} · {title} – the next item", rank=rank, title=title)
        return f"{rank} · {title}"


def explained_request(here: Cursor) -> Request:
    """Return the request at the cursor, of a long history with the latest events alone: a method may try pairs of events."""
    return make_explained_request(here.dataset, here.user, here.step)


def limit_note(here: Cursor) -> str:
    """Return that earlier events are left out; empty where all are used."""
    if here.step <= MOST_EVENTS:
        return ""
    return _(
        "Recommended and explained here from the latest {count} of {total} events: methods that try pairs of events cannot read more.",
        count=format_number(MOST_EVENTS),
        total=format_number(here.step),
    )


def list_at_cursor(here: Cursor, loaded: LoadedCheckpoint) -> TopList:
    """Return the list at the cursor, computed once."""
    key = explanation_key(here.dataset, loaded, here.user, here.step, "list")
    known: TopList | None = explanation_store().get(key)
    if known is None:
        known = TopList(here, loaded)
        explanation_store().put(key, known)
    return known

"""The recommendations of every model for a new user, as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pages import cache
from pages.demo.cold_start.new_user import NewUser
from pages.shell.cursor import Cursor
from pages.ui import html, item_card, theme
from recsys.core import Dataset, FallsBack, History, Request, recommend
from recsys.core.formatting import format_fixed, format_number
from recsys.core.translation import _, ngettext
from recsys.models import find_model_spec

if TYPE_CHECKING:
    from recsys.training.checkpoints import CheckpointEntry

LISTED = 6


@dataclass(frozen=True)
class ModelList:
    """One model's list for a new user. `source` says in a sentence what the model was given; `reason` is set for a fallback list."""

    title: str
    source: str
    items: tuple[str, ...]
    reason: str | None


def reads_text(found: "CheckpointEntry") -> bool:
    """Return whether a model reads the texts of the items."""
    return "words" in find_model_spec(found.card.model).needs


def build_request(dataset: Dataset, items: Sequence[str]) -> Request:
    """Return a request at the end of the data with a history of these items at unknown times."""
    history = History(np.array(list(items), dtype=object))
    times, offsets = dataset.times, dataset.utc_offsets
    if times is None or not np.isfinite(times).any():
        return Request(history)
    last = int(np.nanargmax(times))
    offset = None if offsets is None or not np.isfinite(offsets[last]) else float(offsets[last])
    return Request(history, time=float(times[last]), utc_offset=offset)


def recommend_to_new_user(here: Cursor, title: str, found: "CheckpointEntry", user: NewUser, for_all: bool) -> ModelList:
    """Return the list of one model. The items nearest to the sentence go to models that read text, or to all with `for_all`."""
    nearest = user.nearest if for_all or reads_text(found) else ()
    model: Any = cache.loaded(here.dataset, found.name, here.device).model
    request = build_request(here.dataset, [*nearest[::-1], *user.picked])
    best = recommend(model, request, LISTED, here.dataset.repeats)
    reason = model.fallback(request) if isinstance(model, FallsBack) else None
    return ModelList(title, _describe_source(user, nearest), tuple(each.item_id for each in best), reason)


def _describe_source(user: NewUser, nearest: Sequence[str]) -> str:
    if nearest and user.picked:
        return _(
            "history: {nearest} nearest and {picked} picked items",
            nearest=format_number(len(nearest)),
            picked=format_number(len(user.picked)),
        )
    if nearest:
        return ngettext("history: {count} item nearest to the sentence", "history: {count} items nearest to the sentence", len(nearest))
    if user.picked:
        return ngettext("history: {count} picked item", "history: {count} picked items", len(user.picked))
    return _("no history: this model does not read text") if user.nearest else ""


def lists_html(dataset: Dataset, user: NewUser, answers: Sequence[ModelList]) -> str:
    """Return one column for each list as HTML; models with the same list share one, fallback lists stand below with their reason."""
    groups: dict[str | None, dict[tuple[str, tuple[str, ...]], list[str]]] = {None: {}} if user.nearest else {}
    for each in answers:
        groups.setdefault(each.reason, {}).setdefault((each.source, each.items), []).append(each.title)
    sections = {
        reason: "".join(_list_html(dataset, ", ".join(titles), source, items) for (source, items), titles in group.items())
        for reason, group in groups.items()
    }
    if user.nearest:
        sections[None] = _nearest_html(dataset, user) + str(sections[None])
    return "".join(
        f'<section class="rs-answers">{item_card.fallback_label(reason)}<div class="rs-columns">{columns}</div></section>'
        for reason, columns in sections.items()
        if columns
    )


def _nearest_html(dataset: Dataset, user: NewUser) -> str:
    """The items nearest to the sentence by their texts alone."""
    tints = cache.category_tints(dataset, theme.theme_palette())
    rows = "".join(
        _row(dataset, at, item, tints, note=format_fixed(cosine, 2))
        for at, (item, cosine) in enumerate(zip(user.nearest, user.cosines, strict=True))
    )
    return _column(_("Nearest to the sentence"), _("by text alone, without a model; cosine similarity"), rows)


def _list_html(dataset: Dataset, title: str, source: str, items: Sequence[str]) -> str:
    tints = cache.category_tints(dataset, theme.theme_palette())
    return _column(title, source, "".join(_row(dataset, at, item, tints) for at, item in enumerate(items)))


def _row(dataset: Dataset, at: int, item: str, tints: dict[str, str], note: str = "") -> str:
    return item_card.row_html(format_number(at + 1), dataset, item, tints, note=note)


def _column(title: str, source: str, rows: str) -> str:
    title, source = html.escape_html(title), html.escape_html(source)
    return (
        f'<div><div class="rs-column-head"><b title="{title}">{title}</b><span>{source}</span></div><ol class="rs-list">{rows}</ol></div>'
    )

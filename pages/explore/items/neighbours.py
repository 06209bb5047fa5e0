"""The nearest neighbours of an item in each embedding space, side by side."""

from collections.abc import Mapping

import numpy as np

from pages import cache
from pages.explore.items.item_spaces import MODEL, NEIGHBOURS, TEXT, ItemSpace
from pages.ui import html, item_card, theme
from pages.ui.thumbnails import thumbnail_html
from recsys.core import Dataset
from recsys.core.formatting import format_fixed, format_number
from recsys.core.translation import N_, _, ngettext

COLUMN_TITLES = {MODEL: N_("Nearest by model embedding"), TEXT: N_("Nearest by text embedding")}
COLUMN_NOTES = {MODEL: N_("similar histories · cosine"), TEXT: N_("similar descriptions · cosine")}


def neighbours_html(dataset: Dataset, spaces: Mapping[str, ItemSpace], item: int) -> str:
    """Return a column for each space; neighbours that stand in both are highlighted."""
    found = {name: space.find_neighbours(item) for name, space in spaces.items()}
    shared = set.intersection(*(set(positions.tolist()) for positions, _cosines in found.values())) if len(found) > 1 else set()
    columns = "".join(_column(dataset, name, positions, cosines, shared) for name, (positions, cosines) in found.items())
    return f'<div class="rs-columns">{columns}</div>'


def _column(dataset: Dataset, name: str, positions: np.ndarray, cosines: np.ndarray, shared: set[int]) -> str:
    tints = cache.category_tints(dataset, theme.theme_palette())
    rows = ""
    for rank, (at, cosine) in enumerate(zip(positions.tolist(), cosines.tolist(), strict=True), start=1):
        item = str(dataset.item_ids[at])
        kind = "hit" if at in shared else ""
        rows += item_card.row_html(format_number(rank), dataset, item, tints, kind=kind, note=format_fixed(cosine, 2))
    empty = f'<p class="rs-quiet">{_("This item has no embedding in this space.")}</p>'
    head = f'<div class="rs-column-head"><b>{_(COLUMN_TITLES[name])}</b><span>{_(COLUMN_NOTES[name])}</span></div>'
    body = f'<ol class="rs-list">{rows}</ol>' if rows else empty
    return f"<div>{head}{body}</div>"


def summary_html(dataset: Dataset, spaces: Mapping[str, ItemSpace], item: int) -> str:
    """Return the line under the title: the item, and how many of its neighbours both spaces share."""
    name = str(dataset.item_ids[item])
    tints = cache.category_tints(dataset, theme.theme_palette())
    picture, title = thumbnail_html(dataset, name, tints), html.escape_html(dataset.title_of(name))
    facts = [f"{picture}<b>{title}</b>", item_card.about_item(dataset, name, tints), item_card.link_html(dataset, name)]
    if len(spaces) > 1:
        first, second = (set(space.find_neighbours(item)[0].tolist()) for space in spaces.values())
        facts.append(
            ngettext(
                "{count} of its {neighbours} neighbours is the same in the model and in the texts",
                "{count} of its {neighbours} neighbours are the same in the model and in the texts",
                len(first & second),
                neighbours=NEIGHBOURS,
            )
        )
    return " · ".join(fact for fact in facts if fact)

"""The map of all items in one embedding space, and the legend of its colours."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from pages import cache
from pages.explore.items.item_search import select_item
from pages.explore.items.item_spaces import MODEL, TEXT, ItemSpace
from pages.shell.cursor import current_cursor
from pages.ui import charts, html, theme
from recsys.core import Dataset
from recsys.core.formatting import format_number, join_words
from recsys.core.translation import N_, _, ngettext
from recsys.figures.embedding_map import item_map

CHART = "item_map"
SPACE_LABELS = {MODEL: N_("Model embeddings"), TEXT: N_("Text embeddings")}
MAP_TITLES = {MODEL: N_("Items with similar histories are close together"), TEXT: N_("Items with similar descriptions are close together")}
LEGEND_CATEGORIES = 9


def draw(dataset: Dataset, spaces: Mapping[str, ItemSpace], item: int) -> None:
    """Draw the map with one item selected and its neighbours ringed; a click on a dot selects that item."""
    shown = next(iter(spaces))
    if len(spaces) > 1:
        shown = st.segmented_control(
            _("Map of"),
            list(spaces),
            default=shown,
            required=True,
            key="map_of",
            label_visibility="collapsed",
            format_func=lambda name: _(SPACE_LABELS[name]),
        )
    name = shown if shown in spaces else next(iter(spaces))
    space = spaces[name]
    titles = [dataset.title_of(str(each)) for each in dataset.item_ids]
    neighbours = np.asarray(space.find_neighbours(item)[0])
    figure = item_map(space.plane, titles, item_colours(dataset), item, neighbours, _(MAP_TITLES[name]), theme.theme_palette())
    alt = _("Map of {count} items in two dimensions, with {item} selected.", count=format_number(len(titles)), item=titles[item])
    if len(neighbours):
        nearest = join_words(titles[at] for at in neighbours[:3])
        alt += " " + _("Its nearest neighbours are {items}.", items=nearest)
    charts.chart(figure, key=CHART, alt=alt, on_select=_select_clicked, selection_mode="points")


def _select_clicked() -> None:
    points = st.session_state[CHART].selection.points
    if points and points[0].get("customdata") is not None:
        value = points[0]["customdata"]
        dataset = current_cursor().dataset
        select_item(dataset, str(dataset.item_ids[int(value[0] if isinstance(value, list) else value)]))


def item_colours(dataset: Dataset) -> list[str]:
    """Return the colour of each item's category."""
    colours = theme.theme_palette()
    tints = cache.category_tints(dataset, colours)
    if "category" not in dataset.items:
        return [colours.quiet] * len(dataset.items)
    return [tints.get(name, colours.other) if isinstance(name, str) else colours.other for name in dataset.items["category"]]


def legend_html(dataset: Dataset) -> str:
    """Return the most frequent categories with their colours."""
    order = cache.category_order(dataset)
    if not order:
        return ""
    tints = cache.category_tints(dataset, theme.theme_palette())
    keys = "".join(f"<span>{html.dot(tints[name])}{html.escape_html(name)}</span>" for name in order[:LEGEND_CATEGORIES])
    more = len(order) - LEGEND_CATEGORIES
    rest = f"<span>{ngettext('and {count} more category', 'and {count} more categories', more)}</span>" if more > 0 else ""
    return f'<div class="rs-keys">{keys}{rest}</div>'

"""The palette of all figures and pages, light and dark.

Colours mean the same everywhere: the accent is the current step, green a hit, orange a recommendation or a miss. Categories take
the nine "muted" colours of Paul Tol's colour-blind-safe schemes, reordered so that neighbours differ and none resembles the accent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recsys.core.colours import mix_colours

FONT = '"Source Sans", "Source Sans Pro", "Liberation Sans", sans-serif'


@dataclass(frozen=True)
class Palette:
    """Colours as #rrggbb. `quiet` is for secondary text, `faint` for lines and places in the background."""

    background: str
    surface: str
    text: str
    quiet: str
    faint: str
    places: str  # dots of the base map
    accent: str
    hit: str
    hit_surface: str
    miss: str
    miss_surface: str
    splits: tuple[str, str, str]  # shading of train, validation, test
    categories: tuple[str, ...]
    other: str


LIGHT = Palette(
    background="#ffffff",
    surface="#f3f5f9",
    text="#1c2433",
    quiet="#5d677a",
    faint="#d5dae3",
    places="#ccd2dd",
    accent="#2f5bd7",
    hit="#0b8a6f",  # and hit_surface, the pale background of a hit
    hit_surface="#e0f3ee",
    miss="#d9720b",
    miss_surface="#fdf0e1",
    splits=("#f1f3f7", "#e4e9f5", "#d3dcf3"),
    categories=("#882255", "#4b9fc9", "#999933", "#cc6677", "#332288", "#c9b458", "#44aa99", "#aa4499", "#117733"),
    other="#9aa3b2",
)
DARK = Palette(
    background="#12151c",
    surface="#1c212c",
    text="#e8ebf2",
    quiet="#9aa4b6",
    faint="#39414f",
    places="#465062",
    accent="#7da2ff",
    hit="#3cc7a5",
    hit_surface="#15322e",
    miss="#f29d4a",
    miss_surface="#35281a",
    splits=("#181c25", "#1d2433", "#232e48"),
    categories=("#c4568f", "#88ccee", "#b5b548", "#e08c9a", "#8a7be0", "#ddcc77", "#55c2b0", "#cf74c6", "#3fa364"),
    other="#737d8e",
)


def choose_palette(dark: bool) -> Palette:
    """Return the palette of the dark or the light theme."""
    return DARK if dark else LIGHT


def category_order(categories: pd.Series, events: np.ndarray) -> list[str]:
    """Return the categories of an item table, most events first and ties by name: their order in all figures.

    `events` (n_items,) counts the events of each item.
    """
    counts = pd.Series(events, index=categories.index).groupby(categories).sum()
    return sorted((str(name) for name in counts.index), key=lambda name: (-counts[name], name))


def category_colours(order: Sequence[str], colours: Palette) -> dict[str, str]:
    """Return a colour for each category by its place in `category_order`: nine hues, then the same nine in paler shades."""
    hues = len(colours.categories)
    return {
        name: mix_colours(colours.categories[at % hues], colours.background, (0.0, 0.45, 0.25)[at // hues % 3])
        for at, name in enumerate(order)
    }


def escape_label(text: str) -> str:
    """Return text from data for a Plotly label, which would otherwise read it as HTML."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

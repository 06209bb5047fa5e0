"""Blind comparisons of two models, and who wins them."""

from pages.shell.cursor import Cursor


def draw(here: Cursor) -> None:
    """Draw this part of the page."""

"""Versions of checkpoints, and the refits that make them."""

from pages.shell.cursor import Cursor


def draw(here: Cursor) -> None:
    """Draw this part of the page."""

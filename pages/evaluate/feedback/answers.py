"""What people did with the lists that they were shown."""

from pages.shell.cursor import Cursor


def draw(here: Cursor) -> None:
    """Draw this part of the page."""

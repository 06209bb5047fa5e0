"""The visual theme: the palette that this visitor sees and the style sheet of every page."""

from dataclasses import asdict
from functools import cache

import streamlit as st

from recsys.figures.palette import Palette, choose_palette
from recsys.storage.paths import ASSETS


def theme_palette() -> Palette:
    """Return the palette of the theme, light or dark, that this visitor sees."""
    return choose_palette(st.context.theme.type == "dark")


def style_element() -> str:
    """Return the style sheet of every page as HTML, with the palette as CSS variables."""
    named = {name: value for name, value in asdict(theme_palette()).items() if isinstance(value, str)}
    variables = " ".join(f"--rs-{name.replace('_', '-')}: {value};" for name, value in named.items())
    return f"<style>:root {{ {variables} }}\n{_rules()}</style>"


@cache
def _rules() -> str:
    return " ".join((ASSETS / "style.css").read_text(encoding="utf-8").split())  # one line: Streamlit dedents it line by line at each run

"""The style sheet of every page: assets/style.css, in the colours of the theme this visitor sees."""

from dataclasses import asdict
from functools import cache

from pages.look import colours
from recsys.storage import ASSETS


def style() -> str:
    """A style element."""
    named = {name: value for name, value in asdict(colours()).items() if isinstance(value, str)}
    variables = " ".join(f"--rs-{name.replace('_', '-')}: {value};" for name, value in named.items())
    return f"<style>:root {{ {variables} }}\n{_rules()}</style>"


@cache
def _rules() -> str:
    return (ASSETS / "style.css").read_text(encoding="utf-8")

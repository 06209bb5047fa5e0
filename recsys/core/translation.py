"""Text for people in the language of whoever reads it: gettext catalogues, chosen by a context and never by the process.

Every sentence shown in the app is one whole template with named placeholders, written in English in the code:

    _("{user} after {step} of {events}", user=name, step=format_number(step), events=events)
    ngettext("{count} user left out", "{count} users left out", left_out)

`N_` marks a text that stands in a table and is translated where it is shown, by `_`. Babel extracts all three. The command line
and logs stay English: nothing tells them of a session.
"""

import gettext
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from recsys.core.app_folder import APP_FOLDER
from recsys.core.formatting import format_number

ENGLISH = "en"
DOMAIN = "recscope"

_chosen: ContextVar[str | None] = ContextVar("recscope_language", default=None)
_session_language: list[Callable[[], str]] = []


def _(message: str, /, **values: object) -> str:
    """Return the message in the current language with its placeholders filled in."""
    if not message:
        return ""  # gettext keeps the header of the catalogue under the empty message
    translated = _catalogue(current_language(), translations_folder()).gettext(message)
    return _fill_in(translated, message, values) if values else translated


def ngettext(singular: str, plural: str, count: float, /, **values: object) -> str:
    """Return the form for `count`; the placeholder {count} is filled with the formatted number unless given."""
    translated = _catalogue(current_language(), translations_folder()).ngettext(singular, plural, round(count))
    filled = {"count": format_number(count, locale=current_language()), **values}
    return _fill_in(translated, singular if count == 1 else plural, filled)


def N_(message: str) -> str:
    """Mark a message for the catalogue without translating it."""
    return message


def current_language() -> str:
    """Return the language of this context: one that `language` set, else that of the app's session, else English."""
    chosen = _chosen.get()
    if chosen is not None:
        return chosen
    return _session_language[0]() if _session_language else ENGLISH


@contextmanager
def language(name: str) -> Iterator[None]:
    """Use a language within a block, whatever the session says."""
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)


def follow_session(session_language: Callable[[], str]) -> None:
    """Ask this function for the language from now on; the app calls it once, with a look at the visitor's session."""
    _session_language[:] = [session_language]


def available_languages() -> list[str]:
    """English and every language with a compiled catalogue."""
    return [ENGLISH, *sorted(path.parts[-3] for path in translations_folder().glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))]


def choose_language(wanted: Sequence[str]) -> str:
    """Return the first wanted language that there is ("de-AT" takes "de"), English where there is none."""
    available = {name.lower(): name for name in available_languages()}
    for name in wanted:
        parts = name.replace("-", "_").lower().split("_")
        for size in range(len(parts), 0, -1):
            candidate = "_".join(parts[:size])
            if candidate in available:
                return available[candidate]
    return ENGLISH


def translations_folder() -> Path:
    """Return RECSYS_TRANSLATIONS, by default the catalogues that ship with Recscope: LANGUAGE/LC_MESSAGES/recscope.mo."""
    return _folder(os.environ.get("RECSYS_TRANSLATIONS"))


@cache  # asked for every sentence
def _folder(given: str | None) -> Path:
    return Path(given) if given else APP_FOLDER / "assets" / "translations"


def _fill_in(translated: str, english: str, values: dict[str, Any]) -> str:
    """Fill in the placeholders; a translation with a wrong one must not take the page down, so the English text stands in for it."""
    try:
        return translated.format(**values)
    except (KeyError, IndexError, ValueError):
        return english.format(**values)


@cache
def _catalogue(name: str, folder: Path) -> gettext.NullTranslations:
    """Open a catalogue; English stands in for one that is missing or damaged.

    Not by `gettext.translation`, which takes "de_DE" for "de" where both are there.
    """
    try:
        with (folder / name / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
            return gettext.GNUTranslations(file)
    except (OSError, ValueError, struct.error):
        return gettext.NullTranslations()

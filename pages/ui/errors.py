"""The error boundary: an error that the user can act on becomes a sentence; anything else is a bug and keeps its traceback."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import streamlit as st

from recsys.core.errors import NotTrainedError, RecsysError
from recsys.core.translation import _

P = ParamSpec("P")
NOTICES = "notices"


def escape_markdown(text: object) -> str:
    """Return text from data for a widget that reads Markdown: shown as it is, no markup, no images fetched."""
    return re.sub(r"[\\`*_\[\]<>#$~|]|:(?=[A-Za-z/])", r"\\\g<0>", str(text))


@contextmanager
def error_boundary() -> Iterator[None]:
    """Show a RecsysError as a message in place of the rest of the page."""
    try:
        yield
    except NotTrainedError as error:
        st.info(escape_markdown(error))
        st.page_link("evaluate/checkpoints/page.py", label=_("Train it on the Checkpoints page"))
    except RecsysError as error:
        st.error(escape_markdown(error))


def guarded(action: Callable[P, None]) -> Callable[P, None]:
    """Give a callback or a fragment the same boundary; their errors do not pass through the one around the page."""

    @wraps(action)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            action(*args, **kwargs)
        except RecsysError as error:
            notice(str(error))

    return run


def notice(text: str) -> None:
    """Show a message once, at the top of the next page drawn."""
    st.session_state.setdefault(NOTICES, []).append(text)


def draw_notices() -> None:
    """Show the messages that wait, and forget them."""
    for text in st.session_state.pop(NOTICES, []):
        st.warning(escape_markdown(text))

"""The error boundary: what a person can do something about is told in a sentence, anything else is a bug and keeps its traceback."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import streamlit as st

from recsys.core.errors import NotTrainedError, RecsysError

P = ParamSpec("P")
NOTICES = "notices"


def escape_markdown(text: object) -> str:
    """Text from data for a widget that reads markdown: shown as it is, no markup, no images fetched."""
    return re.sub(r"[\\`*_\[\]<>#$~|]|:(?=[A-Za-z/])", r"\\\g<0>", str(text))


@contextmanager
def error_boundary() -> Iterator[None]:
    """Show a RecsysError as a message in place of the rest of the page."""
    try:
        yield
    except NotTrainedError as error:
        st.info(escape_markdown(error))
        st.page_link("evaluate/checkpoints/page.py", label="Train it on the page Checkpoints")
    except RecsysError as error:
        st.error(escape_markdown(error))


def guarded(action: Callable[P, None]) -> Callable[P, None]:
    """The same boundary for callbacks and fragments, whose errors do not pass through the frame's."""

    @wraps(action)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            action(*args, **kwargs)
        except RecsysError as error:
            notice(str(error))

    return run


def notice(text: str) -> None:
    """A friendly line on top of the next page drawn, once."""
    st.session_state.setdefault(NOTICES, []).append(text)


def draw_notices() -> None:
    for text in st.session_state.pop(NOTICES, []):
        st.warning(escape_markdown(text))

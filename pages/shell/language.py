"""The language of the visitor's session."""

from threading import local

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from recsys.core.translation import ENGLISH, choose_language

_run = local()
"""The latest run of a script in this thread, and its language: every sentence of a page asks for it, and session state is slow."""


def session_language() -> str:
    """Return the browser's language if it has a catalogue, else English; looked up once per session."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return ENGLISH  # a thread of its own, such as a training run
    if getattr(_run, "context", None) is not context:
        if "language" not in st.session_state:
            locale = st.context.locale
            st.session_state["language"] = choose_language([locale] if locale else [])
        _run.context, _run.language = context, str(st.session_state["language"])
    return str(_run.language)

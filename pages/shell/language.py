"""The language of the visitor's session."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from recsys.core.translation import ENGLISH, choose_language


def session_language() -> str:
    """Return the browser's language if it has a catalogue, else English; looked up once per session."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return ENGLISH  # a thread of its own, such as a training run
    if "language" not in st.session_state:
        locale = st.context.locale
        st.session_state["language"] = choose_language([locale] if locale else [])
    return str(st.session_state["language"])

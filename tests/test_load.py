"""The client of the load benchmark: a few sessions for a few seconds see nothing of each other, and would notice if they did."""

import asyncio
from pathlib import Path

import pytest

from tests.bench.load import describe, run_sessions
from tests.browser.live import ROOT, serving

MIXED = """
import sys
sys.path.insert(0, {root!r})
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from pages.server import NAVIGATION
from pages.shell import cursor

own, known = cursor.current_cursor, {{}}

def current_cursor():
    session = get_script_run_ctx().session_id
    known[session] = own()
    return next((at for other, at in known.items() if other != session), known[session])

cursor.current_cursor = current_cursor
app = st.App(NAVIGATION)
"""
"""The app with a fault: a session is drawn at the cursor of another one."""

pytestmark = pytest.mark.timeout(300)


def test_sessions_at_once_get_their_own_answers(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as server:
        found = asyncio.run(run_sessions(server.url, 3, 4))
    assert not found.faults
    assert {"open", "move"} < found.seconds.keys() and len(found.seconds["open"]) == 3
    assert {"take", "like", "dislike"} & found.seconds.keys()
    assert any(line.startswith("all answers: ") for line in describe(found, [(0.0, 1.0)], 1.0))


def test_a_server_that_mixes_sessions_is_noticed(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(MIXED.format(root=str(ROOT)), encoding="utf-8")
    with serving(tmp_path / "home", str(app)) as server:
        found = asyncio.run(run_sessions(server.url, 3, 4))
    assert any("users of other sessions" in fault or "does not name the user" in fault for fault in found.faults), found.faults

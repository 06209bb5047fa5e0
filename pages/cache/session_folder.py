"""A folder on disk for each session that uploads something, removed when the session ends."""

import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Thread
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from recsys.storage.process_folder import hold_process_folder

CHECK_EVERY = 5.0  # seconds


@dataclass
class _SessionFolder:
    session: str
    folder: TemporaryDirectory[str]  # removed at the end of the process at the latest
    last_seen: float


_folders: list[_SessionFolder] = []
_adding = Lock()


def session_folder() -> Path:
    """Return a folder of this session alone, where its uploads and the models trained on them are.

    Streamlit keeps a session whose browser tab is closed for `server.disconnectedSessionTTL` seconds, 120 by default, in case the tab
    comes back after a reload or over a bad network. Then the session cannot be resumed any more and its folder is removed.
    """
    if "session_folder" not in st.session_state:
        context = get_script_run_ctx()
        place = TemporaryDirectory(prefix="session-", dir=_sessions_home(tempfile.gettempdir()))
        own = _SessionFolder(context.session_id if context else "", place, time.monotonic())
        with _adding:
            if not _folders:
                Thread(target=_watch, name="session folders", daemon=True).start()
            _folders.append(own)
        st.session_state["session_folder"] = Path(own.folder.name)
    folder: Path = st.session_state["session_folder"]
    return folder


def private_texts_folder() -> Path | None:
    """Return the folder for vectors of texts of a session that has uploaded something, even before it is used; None for all others."""
    if get_script_run_ctx(suppress_warning=True) is None or "session_folder" not in st.session_state:
        return None
    return session_folder() / "texts"


@cache
def _sessions_home(_temporary: str) -> Path:
    """Return the folder of all sessions of this process among these temporary files; killed, the next server removes it."""
    return hold_process_folder("recscope-sessions-")


def write_uploads(files: Sequence[Any], use: str) -> Path:
    """Write uploads to this session's folder in place of the last ones of the same use; return the file, or the folder of several."""
    folder = session_folder() / use
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    paths = [folder / _simplify(Path(each.name)) for each in files]
    for path, each in zip(paths, files, strict=True):
        path.write_bytes(each.getbuffer())
    return paths[0] if len(paths) == 1 else folder


def _simplify(name: Path) -> str:
    """Return the name of a file in ASCII, with its suffix."""
    stem, suffix = (re.sub(r"[^\w.\-]+", "-", part, flags=re.ASCII) for part in (name.stem, name.suffix))
    return (stem.lstrip(".-") or "upload") + suffix


def _watch() -> None:
    """Remove the folders of ended sessions, for as long as the server runs."""
    while True:
        time.sleep(CHECK_EVERY)
        if runtime.exists():
            for each in list(_folders):
                _remove_if_ended(each, time.monotonic())


def _remove_if_ended(each: _SessionFolder, now: float) -> None:
    if runtime.get_instance().is_active_session(each.session):
        each.last_seen = now
    elif now - each.last_seen > st.get_option("server.disconnectedSessionTTL") + CHECK_EVERY:
        # Checked again for ever: a training run that is told to stop may still save its model.
        shutil.rmtree(each.folder.name, ignore_errors=True)

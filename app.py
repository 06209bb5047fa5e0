"""The app: `streamlit run app.py`. Its main script, pages/navigation.py, lists the pages."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from recsys.storage.process_folder import process_folder


@asynccontextmanager
async def own_temporary_files(_app: st.App) -> AsyncIterator[None]:
    """Keep all temporary files of this server, uploads among them, in one folder that goes with it, even when it is killed."""
    with process_folder("recscope-server-") as folder:
        tempfile.tempdir = str(folder)
        yield
        tempfile.tempdir = None


app = st.App("pages/navigation.py", lifespan=own_temporary_files)

"""The app: `streamlit run app.py`. Its main script, pages/navigation.py, lists the pages."""

import streamlit as st

from pages.server import NAVIGATION, own_temporary_files

app = st.App(NAVIGATION, lifespan=own_temporary_files)

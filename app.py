"""The app: `streamlit run app.py`. Its main script, pages/navigation.py, lists the pages."""

import streamlit as st

from pages.server import MIDDLEWARE, NAVIGATION, api_routes, own_temporary_files

app = st.App(NAVIGATION, lifespan=own_temporary_files, routes=api_routes(), middleware=MIDDLEWARE)

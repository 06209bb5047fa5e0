"""The app: `streamlit run app.py`. Its main script, pages/navigation.py, lists the pages."""

import streamlit as st

from pages.server import MIDDLEWARE, NAVIGATION, api_routes, compose_lifespan, own_temporary_files, run_jobs

app = st.App(NAVIGATION, lifespan=compose_lifespan(own_temporary_files, run_jobs), routes=api_routes(), middleware=MIDDLEWARE)

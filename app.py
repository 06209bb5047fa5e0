"""The app: `streamlit run app.py`. Its main script, pages/navigation.py, lists the pages."""

import streamlit as st

from pages.server import MIDDLEWARE, NAVIGATION, compose_lifespan, list_routes, own_temporary_files, run_jobs, spare_code

app = st.App(NAVIGATION, lifespan=compose_lifespan(own_temporary_files, spare_code, run_jobs), routes=list_routes(), middleware=MIDDLEWARE)

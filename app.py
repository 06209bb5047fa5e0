"""The app: `streamlit run app.py`. Its main script, pages/navigation.py, lists the pages."""

import streamlit as st

app = st.App("pages/navigation.py")

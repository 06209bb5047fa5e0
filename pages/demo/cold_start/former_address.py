"""/persona, the page's former address: links to it still lead to the page."""

import streamlit as st

st.switch_page("demo/cold_start/page.py", query_params=st.query_params.to_dict())

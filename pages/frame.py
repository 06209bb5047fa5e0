"""The frame of every page: the list of pages, the cursor in the sidebar, the error boundary."""

from pathlib import Path

import streamlit as st

from pages import sidebar
from pages.boundary import boundary, draw_notices
from pages.style import style

ASSETS = Path(__file__).resolve().parent.parent / "assets"

page = st.navigation(
    {
        "": [st.Page("home.py", title="Home", default=True)],
        "Explore": [
            st.Page("explore/timeline.py", title="A person’s timeline", url_path="timeline"),
            st.Page("explore/dataset.py", title="The data", url_path="dataset"),
            st.Page("explore/items.py", title="What is like what", url_path="items"),
        ],
        "Demo": [
            st.Page("demo/recommend.py", title="A live list", url_path="recommend"),
            st.Page("demo/compare.py", title="Side by side", url_path="compare"),
            st.Page("demo/persona.py", title="Somebody new", url_path="persona"),
        ],
        "Inspect": [
            st.Page("inspect/explain.py", title="Why this item", url_path="explain"),
            st.Page("inspect/attention.py", title="Attention", url_path="attention"),
            st.Page("inspect/drift.py", title="Drift", url_path="drift"),
        ],
        "Evaluate": [
            st.Page("evaluate/leaderboard.py", title="Leaderboard", url_path="leaderboard"),
            st.Page("evaluate/checkpoints.py", title="Checkpoints", url_path="checkpoints"),
        ],
    },
    position="top",
)
st.set_page_config(page_title=f"{page.title} – Recscope", page_icon=str(ASSETS / "icon.svg"), layout="wide")
st.logo(str(ASSETS / "logo.svg"), icon_image=str(ASSETS / "icon.svg"), size="large")
st.html(style())
with boundary():
    with st.sidebar:
        sidebar.draw()
    draw_notices()
    with boundary():
        page.run()
    with st.sidebar:
        sidebar.draw_device()

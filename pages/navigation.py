"""The frame of every page: the list of pages, the cursor in the sidebar, the error boundary."""

from pathlib import Path

import streamlit as st

from pages.shell import sidebar
from pages.ui.errors import draw_notices, error_boundary
from pages.ui.theme import style_element

ASSETS = Path(__file__).resolve().parent.parent / "assets"

page = st.navigation(
    {
        "": [st.Page("home/page.py", title="Home", default=True)],
        "Explore": [
            st.Page("explore/timeline/page.py", title="A person’s timeline", url_path="timeline"),
            st.Page("explore/dataset/page.py", title="The data", url_path="dataset"),
            st.Page("explore/items/page.py", title="What is like what", url_path="items"),
        ],
        "Demo": [
            st.Page("demo/recommend/page.py", title="A live list", url_path="recommend"),
            st.Page("demo/compare/page.py", title="Side by side", url_path="compare"),
            st.Page("demo/cold_start/page.py", title="Somebody new", url_path="persona"),
        ],
        "Inspect": [
            st.Page("inspect/explain/page.py", title="Why this item", url_path="explain"),
            st.Page("inspect/attention/page.py", title="Attention", url_path="attention"),
            st.Page("inspect/drift/page.py", title="Drift", url_path="drift"),
        ],
        "Evaluate": [
            st.Page("evaluate/leaderboard/page.py", title="Leaderboard", url_path="leaderboard"),
            st.Page("evaluate/checkpoints/page.py", title="Checkpoints", url_path="checkpoints"),
        ],
    },
    position="top",
)
st.set_page_config(page_title=f"{page.title} – Recscope", page_icon=str(ASSETS / "icon.svg"), layout="wide")
st.logo(str(ASSETS / "logo.svg"), icon_image=str(ASSETS / "icon.svg"), size="large")
st.html(style_element())
with error_boundary():
    with st.sidebar:
        sidebar.draw()
    draw_notices()
    with error_boundary():
        page.run()
    with st.sidebar:
        sidebar.draw_device()

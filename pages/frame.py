"""The frame of every page: the list of pages, the cursor in the sidebar, the error boundary."""

from pathlib import Path

import streamlit as st

from pages import cursor
from pages.boundary import boundary, draw_notices
from pages.look import style

ASSETS = Path(__file__).resolve().parent.parent / "assets"

page = st.navigation(
    {
        "": [st.Page("home.py", title="Home", default=True)],
        "Explore": [st.Page("explore/timeline.py", title="A person’s timeline", url_path="timeline")],
    },
    position="top",
)
st.set_page_config(page_title=f"{page.title} – Recscope", page_icon=str(ASSETS / "icon.svg"), layout="wide")
st.logo(str(ASSETS / "logo.svg"), icon_image=str(ASSETS / "icon.svg"), size="large")
st.html(style())
with boundary():
    with st.sidebar:
        cursor.draw()
    draw_notices()
    with boundary():
        page.run()
    with st.sidebar:
        cursor.draw_device()
    if st.session_state.get("playing"):
        cursor.play()

"""Cases: kept views with notes and tags, and reports of them."""

import streamlit as st

from recsys.core.translation import _

st.title(_("Cases"))

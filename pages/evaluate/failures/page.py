"""Failures: the slices of cases in which a model is worse, and the cases themselves."""

import streamlit as st

from recsys.core.translation import _

st.title(_("Failures"))

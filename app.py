import streamlit as st

app = st.App("pages/frame.py")

import streamlit as st

app = st.App("pages/navigation.py")

"""The screen: one folder for each page, and what pages share. Streamlit is imported only here."""

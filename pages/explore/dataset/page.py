"""What the data is, how it was cleaned, and how to bring one's own."""

import streamlit as st

from pages.explore.dataset import catalogue, cleaning_report, import_wizard, overview
from pages.shell import cursor
from pages.ui import html
from pages.ui.errors import escape_markdown

PARTS = ("What it is", "How it was cleaned", "Bring your own file", "All datasets")

here = cursor.current_cursor()
dataset = here.dataset
heading = st.container(gap="small")
part = st.segmented_control("Part", PARTS, default=PARTS[0], required=True, key="dataset_part", label_visibility="collapsed")
with heading:
    st.title(part if part in PARTS[2:] else escape_markdown(dataset.title))
    if part == "Bring your own file":
        html.lead(import_wizard.LEAD)
    elif part == "All datasets":
        html.lead("What is ready to look at, and what could be.")
    else:
        html.lead(overview.sentence(dataset))
if part == "How it was cleaned":
    cleaning_report.draw(dataset)
elif part == "Bring your own file":
    import_wizard.draw()
elif part == "All datasets":
    catalogue.draw(here)
else:
    overview.draw(here)

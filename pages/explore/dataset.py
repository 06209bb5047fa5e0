"""What the data is, how it was cleaned, and how to bring one's own."""

import streamlit as st

from pages import cursor, known, look, portrait, report, wizard
from pages.boundary import plain

PARTS = ("What it is", "How it was cleaned", "Bring your own file", "All datasets")

here = cursor.now()
dataset = here.dataset
heading = st.container(gap="small")
part = st.segmented_control("Part", PARTS, default=PARTS[0], required=True, key="dataset_part", label_visibility="collapsed")
with heading:
    st.title(part if part in PARTS[2:] else plain(dataset.title))
    if part == "Bring your own file":
        look.lead(wizard.LEAD)
    elif part == "All datasets":
        look.lead("What is ready to look at, and what could be.")
    else:
        look.lead(portrait.sentence(dataset))
if part == "How it was cleaned":
    report.draw(dataset)
elif part == "Bring your own file":
    wizard.draw()
elif part == "All datasets":
    known.draw(here)
else:
    portrait.draw(here)

"""What the data is, how it was cleaned, and how to bring one's own."""

import streamlit as st

from pages import cursor, known, look, portrait, report, wizard
from pages.boundary import plain

PARTS = {"What it is": portrait.draw, "How it was cleaned": None, "Bring your own file": wizard.draw, "All datasets": known.draw}

here = cursor.now()
dataset = here.dataset
st.title(plain(dataset.title))
look.lead(portrait.sentence(dataset))
part = st.segmented_control("Part", list(PARTS), default="What it is", required=True, key="dataset_part", label_visibility="collapsed")
if part == "How it was cleaned":
    look.lead(look.safe(report.summary(dataset.checks)))
    if dataset.checks:
        st.html(report.report_html(dataset.checks))
    else:
        st.info("This data was made and not read from a file, so there was nothing to clean.")
else:
    draw = PARTS[part]
    assert draw is not None
    draw(here)

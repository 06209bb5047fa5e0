"""Dataset: an overview of the data, its cleaning report, the import of a file, and the list of all datasets."""

import streamlit as st

from pages.explore.dataset import catalogue, cleaning_report, first_training, import_wizard, overview
from pages.shell import cursor
from pages.ui import html
from pages.ui.errors import escape_markdown
from recsys.core.translation import N_, _

PARTS = {
    overview.PART: N_("Overview"),
    "cleaning_report": N_("Cleaning report"),
    "import": N_("Import a file"),
    "all_datasets": N_("All datasets"),
}

here = cursor.current_cursor()
dataset, job = here.dataset, first_training.current_job()
heading = st.container(gap="small")
part = st.segmented_control(
    _("Part of the page"),
    list(PARTS),
    default=overview.PART,
    required=True,
    key="dataset_part",
    label_visibility="collapsed",
    format_func=lambda name: _(PARTS[name]),
)
with heading:
    st.title(_(PARTS[part]) if part in ("import", "all_datasets") else escape_markdown(dataset.title))
    if part == "import" and job is not None:
        html.lead(_("The first models of <b>{dataset}</b>.", dataset=html.escape_html(job.data.title)))
    elif part == "import":
        html.lead(_(import_wizard.LEAD))
    elif part == "all_datasets":
        html.lead(_("Datasets that can be opened, and known ones that can be prepared."))
    else:
        html.lead(overview.summary_html(dataset))
if part == "cleaning_report":
    cleaning_report.draw(dataset)
elif part == "import" and job is not None:
    first_training.draw(job)
elif part == "import":
    import_wizard.draw()
elif part == "all_datasets":
    catalogue.draw(here)
else:
    overview.draw(here)

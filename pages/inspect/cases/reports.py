"""The report of cases as a file."""

import re
from collections.abc import Callable, Sequence

import streamlit as st

from pages import cache
from pages.cache.shared_answers import find_answer
from pages.shell.account import current_account, current_store
from recsys.accounts.account import Account
from recsys.cases.case import Case
from recsys.core.translation import _, current_language, language
from recsys.database.engine import Store

Load = Callable[[Store, Account], Sequence[Case]]


def draw_report_button(load: Load, label: str, name: str, key: str) -> None:
    """Draw a button that makes a report of the cases that `load` returns, when it is pressed, and saves it as one HTML file with this name."""
    store, account, spoken = current_store(), current_account(), current_language()

    def make() -> str:  # outside of this run: whatever belongs to the session is read above
        from recsys.reports.checkpoints import load_named
        from recsys.reports.html_file import build_report

        with language(spoken):
            return build_report(
                load(store, account),
                cache.shared_dataset,
                lambda dataset, name: load_named(dataset, name, cache.shared_checkpoint),
                find_answer=find_answer,
            )

    st.download_button(
        label,
        make,
        file_name=re.sub(r"[^\w.-]+", "-", name)[:120] + ".html",
        mime="text/html",
        key=key,
        on_click="ignore",
        icon=":material/download:",
        help=_(
            "One HTML file with the timeline, the list, the explanation, drift and notes. It opens without a network; a browser prints it."
        ),
    )

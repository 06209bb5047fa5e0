"""The cleaning report in words a person would say."""

from collections.abc import Sequence

import streamlit as st

from pages.ui.html import escape_html, lead
from recsys.core import Check, Dataset

MEANINGS = {
    "missing ids": "Rows without a person or an item",
    "missing times": "Rows without a time, in data that has times",
    "unparsable times": "Times that cannot be read",
    "future times": "Times in the future",
    "non-finite ratings": "Ratings that are no numbers",
    "missing ratings": "Rows without a rating",
    "swapped coordinates": "Latitude and longitude in each other’s column",
    "out-of-range coordinates": "Places outside the globe",
    "missing coordinates": "Rows without a place",
    "duplicates": "The same person, item, time and behaviour once more",
    "order": "Rows that stood after a later event of the same person",
    "people without items": "People with no items behind them",
}
DONE = {
    "kept": "kept as they are",
    "dropped": "dropped",
    "filled": "filled in",
    "reordered": "put in order",
}


def draw(dataset: Dataset) -> None:
    """The report of a dataset that is open."""
    if dataset.checks:
        lead(escape_html(summary(dataset.checks)))
        st.html(report_html(dataset.checks))
    else:
        st.info("This data was made and not read from a file, so there was nothing to clean.")


def report_html(checks: Sequence[Check]) -> str:
    """Every check as a row: what was looked for, how many rows, what was done. Those that found something come first."""
    found = sorted(checks, key=lambda check: check.rows == 0)
    rows = "".join(_row(check) for check in found)
    return f'<table class="rs-table"><thead><tr><th>Looked for</th><th class="n">Rows</th><th>What was done</th></tr></thead><tbody>{rows}</tbody></table>'


def summary(checks: Sequence[Check]) -> str:
    """One sentence on what cleaning changed."""
    dropped = sum(check.rows for check in checks if check.action == "dropped")
    filled = sum(check.rows for check in checks if check.action in ("filled", "reordered"))
    if not dropped and not filled:
        return "No row was dropped or changed."
    told = [f"{dropped:,} rows were dropped" if dropped else "", f"{filled:,} were mended" if filled else ""]
    return " and ".join(part for part in told if part) + "; every other row is kept."


def _row(check: Check) -> str:
    meaning = MEANINGS.get(check.check, check.check[:1].upper() + check.check[1:])
    if check.rows == 0:
        return f'<tr class="quiet"><td>{escape_html(meaning)}</td><td class="n">0</td><td>nothing to do</td></tr>'
    return f'<tr><td>{escape_html(meaning)}</td><td class="n">{check.rows:,}</td><td>{escape_html(DONE.get(check.action, check.action))}</td></tr>'

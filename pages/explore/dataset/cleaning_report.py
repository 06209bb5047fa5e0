"""The cleaning report: how many rows each check found, and what was done with them."""

from collections.abc import Sequence

import streamlit as st

from pages.ui.html import escape_html, lead
from recsys.core import Check, Dataset
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _, ngettext

CHECKS = {
    "missing ids": N_("Rows without a user or an item"),
    "missing times": N_("Rows without a time, in data with times"),
    "unparsable times": N_("Times that cannot be read"),
    "future times": N_("Times in the future"),
    "non-finite ratings": N_("Ratings that are not numbers"),
    "missing ratings": N_("Rows without a rating"),
    "swapped coordinates": N_("Latitude and longitude swapped"),
    "out-of-range coordinates": N_("Coordinates outside the globe"),
    "missing coordinates": N_("Rows without coordinates"),
    "duplicates": N_("Duplicates: same user, item, time and behaviour"),
    "order": N_("Rows not in time order"),
    "users without items": N_("Users without items"),
}
ACTIONS = {
    "kept": N_("kept unchanged"),
    "dropped": N_("dropped"),
    "filled": N_("filled in"),
    "emptied": N_("value removed"),
    "reordered": N_("sorted"),
}


def draw(dataset: Dataset) -> None:
    """Draw the cleaning report of a dataset."""
    if dataset.checks:
        lead(escape_html(summarize_checks(dataset.checks)))
        draw_checks(dataset.checks)
    else:
        st.info(_("This dataset was generated, not read from a file, so there is no cleaning report."))


def draw_checks(checks: Sequence[Check]) -> None:
    """Draw the checks that found something, and the others below a line that opens."""
    found = [check for check in checks if check.rows]
    if found:
        st.html(report_html(found))
    quiet = [check for check in checks if not check.rows]
    if quiet:
        with st.expander(ngettext("{count} check found nothing", "{count} checks found nothing", len(quiet))):
            st.html(report_html(quiet))


def report_html(checks: Sequence[Check]) -> str:
    """Return a table with a row for every check."""
    rows = "".join(_row(check) for check in checks)
    head = f'<tr><th>{_("Check")}</th><th class="n">{_("Rows")}</th><th>{_("Action")}</th></tr>'
    return f'<table class="rs-table"><thead>{head}</thead><tbody>{rows}</tbody></table>'


def summarize_checks(checks: Sequence[Check]) -> str:
    """Return in words how many rows the cleaning dropped and changed."""
    dropped = sum(check.rows for check in checks if check.action == "dropped")
    changed = sum(check.rows for check in checks if check.action in ("filled", "emptied", "reordered"))
    if not dropped and not changed:
        return _("No row was dropped or changed.")
    sentences = [_("All other rows are unchanged.")]
    if changed:
        sentences.insert(0, ngettext("{count} row was corrected.", "{count} rows were corrected.", changed))
    if dropped:
        sentences.insert(0, ngettext("{count} row was dropped.", "{count} rows were dropped.", dropped))
    return " ".join(sentences)


def _row(check: Check) -> str:
    label = _(CHECKS.get(check.check, check.check), **{name: str(value) for name, value in (check.values or {}).items()})
    label = escape_html(label[:1].upper() + label[1:])
    if check.rows == 0:
        return f'<tr class="quiet"><td>{label}</td><td class="n">{format_number(0)}</td><td>{_("nothing to do")}</td></tr>'
    action = escape_html(_(ACTIONS.get(check.action, check.action)))
    return f'<tr><td>{label}</td><td class="n">{format_number(check.rows)}</td><td>{action}</td></tr>'

"""Slices: where the model is worse than on the rest of the events."""

from collections.abc import Sequence

import streamlit as st

from pages.evaluate.failures import case_list, slice_cases, slice_text
from pages.evaluate.failures.clickable import draw_rows, draw_table
from pages.evaluate.failures.subject import Subject
from pages.ui import html
from recsys.core.formatting import format_fixed, format_share
from recsys.core.translation import _, ngettext
from recsys.failures.slice_report import Slice, SliceReport
from recsys.failures.wording import explain_attribute, title_attribute, title_slice, word_value
from recsys.figures.failures import DifferenceRow

PART = "slices"
SHOWN = 14
"""Slices in the chart that shows the largest losses of all attributes."""
LARGEST = ""
ATTRIBUTE = "slice_attribute"


def draw(subject: Subject) -> None:
    """Draw this part of the page: the slices, or the cases of the one that was clicked."""
    if slice_cases.draw_open(subject, PART):
        return
    report = subject.report
    if not report.slices:
        st.info(_("All events have the same properties, so there are no slices to compare."))
        return
    html.lead(slice_text.overview_html(subject, report))
    attribute = _choose_attribute(report)
    if attribute:
        st.caption(explain_attribute(attribute))
        shown = listed = [each for each in report.slices if each.attribute == attribute]
    else:
        listed = slice_text.order_by_cost(report.slices)
        shown = [each for each in listed if slice_text.is_worse(each)][:SHOWN] or listed[:SHOWN]
    _draw_chart(subject, shown, attribute)
    st.html(html.list_head(_("All slices") if not attribute else title_attribute(attribute), _("a click opens the cases")))
    _draw_table(subject, listed)
    st.caption(slice_text.protocol_text(subject, report))


def _choose_attribute(report: SliceReport) -> str:
    """Draw the choice of an attribute, or of the largest losses of all."""
    names = [LARGEST, *(each.name for each in report.attributes)]
    if st.session_state.get(ATTRIBUTE) not in names:
        st.session_state[ATTRIBUTE] = LARGEST
    return st.pills(
        _("Attribute"), names, key=ATTRIBUTE, required=True, wrap=True, label_visibility="collapsed", persist_state="session",
        format_func=lambda name: title_attribute(name) if name else _("Largest losses"),
    ) or LARGEST  # fmt: skip


def _draw_chart(subject: Subject, shown: Sequence[Slice], attribute: str) -> None:
    rows = [_row(subject, each, title_slice(each.attribute, each.value) if not attribute else word_value(*each[:2])) for each in shown]
    title = _("Where the model loses most")
    if attribute:
        title = _("{metric} by {attribute}", metric=subject.metric_title, attribute=title_attribute(attribute))
    alt = ngettext(
        "Difference of {metric} from the rest of the events in {count} slice, with intervals.",
        "Difference of {metric} from the rest of the events in {count} slices, with intervals.",
        len(rows), metric=subject.metric_title,
    )  # fmt: skip
    axis = _("{metric}: difference from the rest", metric=subject.metric_title)
    note = _("orange: reliably worse, green: reliably better; a click on a row opens its cases")
    draw_rows("slice_chart", title, rows, axis, note, alt, lambda at: _open(shown[at]))


def _row(subject: Subject, found: Slice, label: str) -> DifferenceRow:
    means = dict(metric=subject.metric_title, mean=format_fixed(found.mean, 3), elsewhere=format_fixed(found.mean - found.difference, 3))
    return DifferenceRow(
        label,
        found.difference,
        found.difference_low,
        found.difference_high,
        found.is_reliable,
        _("{share} of misses", share=format_share(found.miss_share)),
        _("{metric} {mean}, elsewhere {elsewhere}; {cases}", cases=slice_text.cases_and_users(found.cases, found.users), **means),
    )


def _draw_table(subject: Subject, listed: Sequence[Slice]) -> None:
    columns: dict[str, Sequence[object]] = {
        _("Slice"): [title_slice(each.attribute, each.value) for each in listed],
        _("Against the rest"): [_verdict(each) for each in listed],
        _("Cases"): [each.cases for each in listed],
        _("Users"): [each.users for each in listed],
        subject.metric_title: [each.mean for each in listed],
        _("Difference"): [each.difference for each in listed],
        _("from"): [each.difference_low for each in listed],
        _("to"): [each.difference_high for each in listed],
        _("Share of misses"): [100 * each.miss_share for each in listed],
        _("q"): [each.q for each in listed],
    }
    kinds = {
        _("Cases"): "count", _("Users"): "count", subject.metric_title: "metric", _("Difference"): "metric", _("from"): "metric",
        _("to"): "metric", _("Share of misses"): "share", _("q"): "metric",
    }  # fmt: skip
    helps = {_("q"): _("p-value after control of the false-discovery rate over all slices (Benjamini-Hochberg)")}
    alt = _("Slices with their metric, difference from the rest and share of misses")
    draw_table("slice_table", columns, kinds, alt, lambda at: _open(listed[at]), helps)


def _verdict(found: Slice) -> str:
    if not found.is_reliable:
        return _("not distinguishable")
    return _("reliably worse") if found.difference < 0 else _("reliably better")


def _open(found: Slice) -> None:
    case_list.open_list(PART, ((found.attribute, found.value),))

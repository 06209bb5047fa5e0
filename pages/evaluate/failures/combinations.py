"""Combinations of two or three attribute values in which the model is reliably worse, searched for on request."""

from collections.abc import Sequence

import streamlit as st

from pages import cache
from pages.evaluate.failures import case_list, slice_cases, slice_text
from pages.evaluate.failures.clickable import draw_rows, draw_table
from pages.evaluate.failures.subject import Subject
from pages.ui import charts, html
from recsys.core.formatting import format_fixed, format_share
from recsys.core.translation import _, ngettext
from recsys.failures.findings import LEVEL, Finding, SearchResult
from recsys.failures.wording import word_value
from recsys.figures.failures import DifferenceRow

PART = "combinations"


def draw(subject: Subject) -> None:
    """Draw this part of the page: the search, its findings, or the cases of the one that was clicked."""
    if slice_cases.draw_open(subject, PART):
        return
    result = cache.weak_combinations(subject.dataset, subject.card, subject.evaluation, subject.metric)
    if result is None:
        _offer_search(subject)
        return
    html.lead(finding_html(subject, result))
    if result.findings:
        _draw_chart(subject, result.findings)
        _draw_table(subject, result.findings)
    st.caption(protocol_text(result))


def _offer_search(subject: Subject) -> None:
    """Draw the button that starts the search."""
    html.lead(
        _(
            "A weakness may lie in a combination that no single slice shows. The search looks at all combinations of two and three values; "
            "what it finds on one half of the users is confirmed on the other half."
        )
    )
    if not st.button(_("Search for combinations"), key="search_combinations"):
        return
    with charts.progress(_("Searching …"), _describe_progress) as report:
        cache.search_weak_combinations(
            subject.dataset, subject.card, subject.evaluation, subject.metric, lambda share: report(round(100 * share), 100)
        )
    st.rerun()  # without the button


def _describe_progress(done: int, total: int) -> str:
    return _("Searching, {share} of the combinations", share=format_share(done / total))


def finding_html(subject: Subject, result: SearchResult) -> str:
    """Return how many combinations were confirmed as HTML, or that none was."""
    model = html.escape_html(subject.title)
    if not result.findings:
        return _(
            "<b>No finding.</b> Beyond what the single slices show, no combination was confirmed in which <b>{model}</b> is reliably worse.",
            model=model,
        )
    return ngettext(
        "In <b>{count} combination</b> <b>{model}</b> is reliably worse than elsewhere, and worse than its single slices lead to expect.",
        "In <b>{count} combinations</b> <b>{model}</b> is reliably worse than elsewhere, and worse than their single slices lead to expect.",
        len(result.findings),
        model=model,
    )


def protocol_text(result: SearchResult) -> str:
    """Return how the combinations were searched for and confirmed in plain text."""
    looked_at = ngettext(
        "{count} combination with enough cases was looked at, on two halves of the users ({first} and {second}).",
        "{count} combinations with enough cases were looked at, on two halves of the users ({first} and {second}).",
        result.looked_at,
        first=slice_text.cases_and_users(result.cases[0], result.users[0]),
        second=slice_text.cases_and_users(result.cases[1], result.users[1]),
    )
    tested = ngettext(
        "{count} was surprising in one half and was tested on the other, whose differences and intervals (95%, over users) are shown; "
        "false-discovery rate {rate}, seed {seed}.",
        "{count} were surprising in one half and were tested on the other, whose differences and intervals (95%, over users) are shown; "
        "false-discovery rate {rate}, seed {seed}.",
        result.tested,
        rate=format_share(LEVEL),
        seed=result.seed,
    )
    return f"{looked_at} {tested}"


def _draw_chart(subject: Subject, findings: Sequence[Finding]) -> None:
    rows = [_row(subject, each) for each in findings]
    alt = ngettext(
        "Difference of {metric} from the rest of the events in {count} combination, with intervals.",
        "Difference of {metric} from the rest of the events in {count} combinations, with intervals.",
        len(rows), metric=subject.metric_title,
    )  # fmt: skip
    axis = _("{metric}: difference from the rest", metric=subject.metric_title)
    note = _("a click on a row opens its cases")
    draw_rows("combination_chart", _("Combinations in which the model loses most"), rows, axis, note, alt, lambda at: _open(findings[at]))


def _row(subject: Subject, found: Finding) -> DifferenceRow:
    return DifferenceRow(
        " · ".join(word_value(*each) for each in found.conditions),
        found.difference,
        found.low,
        found.high,
        True,
        ngettext("{count} case", "{count} cases", found.cases),
        _(
            "{metric} {mean}, {added} from what its slices lead to expect; {cases}",
            cases=slice_text.cases_and_users(found.cases, found.users),
            metric=subject.metric_title,
            mean=format_fixed(found.mean, 3),
            added=format_fixed(found.added, 3, sign=True),
        ),
    )


def _draw_table(subject: Subject, findings: Sequence[Finding]) -> None:
    beyond = _("Beyond its slices")
    columns: dict[str, Sequence[object]] = {
        _("Combination"): [slice_text.title_conditions(each.conditions) for each in findings],
        _("Cases"): [each.cases for each in findings],
        _("Users"): [each.users for each in findings],
        subject.metric_title: [each.mean for each in findings],
        _("Difference"): [each.difference for each in findings],
        beyond: [each.added for each in findings],
        _("from"): [each.added_low for each in findings],
        _("to"): [each.added_high for each in findings],
        _("q"): [each.q for each in findings],
    }
    kinds = dict.fromkeys((_("Cases"), _("Users")), "count") | dict.fromkeys(
        (subject.metric_title, _("Difference"), beyond, _("from"), _("to"), _("q")), "metric"
    )
    helps = {
        beyond: _("The difference that is left when each value of the combination alone has been accounted for, with its interval"),
        _("q"): _("p-value after control of the false-discovery rate over all tested combinations (Benjamini-Hochberg)"),
    }
    draw_table("combination_table", columns, kinds, _("Combinations with their differences"), lambda at: _open(findings[at]), helps)


def _open(found: Finding) -> None:
    case_list.open_list(PART, found.conditions)

"""The cases of a slice or of a combination of slices, worst first, a page at a time; a click on one starts the walk through them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import overload

import numpy as np
import streamlit as st

from pages import cache
from pages.evaluate.failures import slice_text
from pages.evaluate.failures.clickable import HEAD, ROW, draw_table
from pages.evaluate.failures.subject import Subject
from pages.shell import case_walk
from pages.shell.case_walk import Case
from pages.ui import html
from pages.ui.errors import escape_markdown
from recsys.core import TOP_K
from recsys.core.formatting import format_fixed, format_share, format_short_moment, local_time
from recsys.core.rank_text import format_rank
from recsys.core.translation import _, ngettext
from recsys.failures.wording import title_slice

PER_PAGE = 50
MOST_REASONS = 3
PAGE_NUMBER, CLICKED = "case_page", "case_clicked"
Conditions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class CaseList(Sequence[Case]):
    """Cases of an evaluation in an order, each made when it is asked for; all arrays are (cases,)."""

    dataset: str
    user_ids: np.ndarray
    steps: np.ndarray
    ranks: np.ndarray

    def __len__(self) -> int:
        return len(self.steps)

    @overload
    def __getitem__(self, at: int) -> Case: ...
    @overload
    def __getitem__(self, at: slice) -> list[Case]: ...
    def __getitem__(self, at: int | slice) -> Case | list[Case]:
        if isinstance(at, slice):
            return [self[each] for each in range(len(self))[at]]
        return Case(str(self.user_ids[at]), int(self.steps[at]), describe_rank(self.ranks[at]), self.dataset)


def describe_rank(rank: float) -> str:
    """Return "rank 412", or that the item was not listed."""
    return _("rank {rank}", rank=format_rank(rank)) if math.isfinite(rank) else format_rank(rank)


def open_list(part: str, conditions: Conditions) -> None:
    """Let a part of the page show the cases that meet all conditions, each an attribute and its value; in a callback."""
    st.session_state[_key(part)] = conditions
    st.session_state.pop(PAGE_NUMBER, None)


def close_list(part: str) -> None:
    """Let a part of the page show its slices again."""
    st.session_state.pop(_key(part), None)


def draw_open(subject: Subject, part: str) -> bool:
    """Draw the list that is open in a part of the page; return whether there is one for this model and split."""
    conditions: Conditions | None = st.session_state.get(_key(part))
    known = {(each.attribute, each.value) for each in subject.report.slices}
    if conditions is None or not known.issuperset(conditions):
        close_list(part)
        return False
    _draw(subject, part, conditions)
    return True


def find_cases(subject: Subject, conditions: Conditions) -> np.ndarray:
    """Return the positions (n,) of the cases that meet all conditions, the worst rank first and ties in the order of the events."""
    found = reduce(np.intersect1d, (subject.report.find_cases(*each) for each in conditions))
    return found[np.argsort(-subject.evaluation.ranks[found], kind="stable")]


def list_cases(subject: Subject, positions: np.ndarray) -> CaseList:
    """Return cases of the evaluation as places of the cursor."""
    evaluation, dataset = subject.evaluation, subject.dataset
    users = evaluation.user_codes[positions]
    steps = evaluation.rows[positions] - dataset.user_starts[users]
    return CaseList(dataset.name, dataset.user_ids[users], steps, evaluation.ranks[positions])


def _draw(subject: Subject, part: str, conditions: Conditions) -> None:
    title = slice_text.title_conditions(conditions)
    positions = find_cases(subject, conditions)
    cases = list_cases(subject, positions)
    if CLICKED in st.session_state:
        at = min(st.session_state.pop(CLICKED), len(cases) - 1)
        case_walk.start(_("{model} · {slice}", model=subject.title, slice=title), cases, at, "evaluate/failures/page.py")
    st.button(_("Back to all slices"), key="close_cases", on_click=close_list, args=(part,))
    st.subheader(escape_markdown(title), anchor=False)
    html.lead(_summary_html(subject, positions))
    pages = math.ceil(len(cases) / PER_PAGE)
    if PAGE_NUMBER not in st.session_state:
        st.session_state[PAGE_NUMBER] = _page_of_walk(cases)
    st.session_state[PAGE_NUMBER] = min(st.session_state[PAGE_NUMBER], pages)
    first = (st.session_state[PAGE_NUMBER] - 1) * PER_PAGE
    st.html(html.list_head(_("Cases, worst rank first"), _("a click opens the timeline; ← and → then go from case to case")))
    draw_table(
        f"case_table_{first}",
        _columns(subject, cases[first : first + PER_PAGE], positions[first : first + PER_PAGE], conditions),
        {_("Step"): "count"},
        _("Cases, worst rank first"),
        lambda row: st.session_state.update({CLICKED: first + row}),
        most_pixels=HEAD + ROW * PER_PAGE,
    )
    if pages > 1:
        st.pagination(pages, key=PAGE_NUMBER)


def _summary_html(subject: Subject, positions: np.ndarray) -> str:
    """Return size, metric and misses of the cases as HTML."""
    evaluation = subject.evaluation
    is_missed = evaluation.ranks > TOP_K
    missed, all_missed = int(is_missed[positions].sum()), int(is_missed.sum())
    values = evaluation.values(subject.metric)
    size = slice_text.cases_and_users(len(positions), len(np.unique(evaluation.user_codes[positions])))
    sentence = _(
        "<b>{size}</b>, {metric} <b>{mean}</b> against {all} over all events.",
        size=size,
        metric=html.escape_html(subject.metric_title),
        mean=format_fixed(float(np.nanmean(values[positions])), 3) if len(positions) else "–",
        all=format_fixed(float(np.nanmean(values)), 3),
    )
    if not missed:
        return f"{sentence} {_('None of them is a miss.')}"
    misses = ngettext(
        "<b>{count}</b> of them is a miss, {share} of all misses.", "<b>{count}</b> of them are misses, {share} of all misses.",
        missed, share=format_share(missed / all_missed),
    )  # fmt: skip
    return f"{sentence} {misses}"


def _page_of_walk(cases: CaseList) -> int:
    """Return the page with the case that the walk through this list has reached, else the first."""
    walk = case_walk.current_walk()
    same = walk is not None and isinstance(walk.cases, CaseList) and np.array_equal(walk.cases.steps, cases.steps)
    return walk.at // PER_PAGE + 1 if walk is not None and same else 1


def _columns(subject: Subject, cases: Sequence[Case], positions: np.ndarray, conditions: Conditions) -> dict[str, list[object]]:
    """Return the columns of the table, each with a line for every case."""
    dataset, evaluation = subject.dataset, subject.evaluation
    rows = evaluation.rows[positions]
    items = [str(item) for item in dataset.item_ids[dataset.item_codes[rows] - 1]]
    columns: dict[str, list[object]] = {
        _("Rank"): [format_rank(rank) for rank in evaluation.ranks[positions]],
        _("User"): [cache.user_name(dataset, each.user) for each in cases],
        _("Step"): [each.step for each in cases],
    }
    if dataset.times is not None:
        offsets = dataset.utc_offsets
        moments = [local_time(dataset.times[row], None if offsets is None else offsets[row]) for row in rows]
        columns[_("When")] = [format_short_moment(each) if each else "–" for each in moments]
    columns[_("What came next")] = [dataset.title_of(item) for item in items]
    if "category" in dataset.items:
        columns[_("Category")] = [str(dataset.describe_item(item, "category").get("category") or "–") for item in items]
    columns[_("Also in")] = _other_reasons(subject, positions, conditions)
    return columns


def _other_reasons(subject: Subject, positions: np.ndarray, conditions: Conditions) -> list[object]:
    """Return for each case the other slices with reliable losses that it is in, the costliest first."""
    report = subject.report
    codes = {each.name: each for each in report.attributes}
    worse = [
        each
        for each in slice_text.order_by_cost(report.slices)
        if slice_text.is_worse(each) and (each.attribute, each.value) not in conditions
    ]
    reasons: list[list[str]] = [[] for _case in positions]
    for each in worse:
        attribute = codes[each.attribute]
        for at in np.flatnonzero(attribute.codes[positions] == attribute.values.index(each.value)):
            if len(reasons[at]) < MOST_REASONS:
                reasons[at].append(title_slice(each.attribute, each.value))
    return [" · ".join(each) for each in reasons]


def _key(part: str) -> str:
    return f"failures_cases_{part}"

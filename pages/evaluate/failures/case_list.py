"""A list of cases, a page at a time; a click on one starts the walk through them on the timeline."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, overload

import numpy as np
import streamlit as st

from pages.evaluate.failures.clickable import HEAD, ROW, Column, draw_table
from pages.evaluate.failures.subject import Subject
from pages.shell import case_walk
from pages.shell.case_walk import UserStep
from pages.ui import html
from pages.ui.errors import escape_markdown
from recsys.core.formatting import format_short_moment, local_time
from recsys.core.rank_text import format_rank
from recsys.core.translation import _
from recsys.core.user_names import name_user
from recsys.failures.combinations import Conditions
from recsys.failures.slice_report import is_worse, order_by_cost
from recsys.failures.wording import word_value

PER_PAGE = 50
MOST_REASONS = 3
PAGE_NUMBER, CLICKED = "case_page", "case_clicked"


class OtherRanks(NamedTuple):
    """Ranks (cases,) of all cases of the evaluation under another model; `title` is plain text."""

    title: str
    ranks: np.ndarray


@dataclass(frozen=True, eq=False)
class CaseList(Sequence[UserStep]):
    """Cases of an evaluation in an order, each made when it is asked for; all arrays are (cases,)."""

    dataset: str
    user_ids: np.ndarray
    steps: np.ndarray
    ranks: np.ndarray
    other: OtherRanks | None = None

    def __len__(self) -> int:
        return len(self.steps)

    @overload
    def __getitem__(self, at: int) -> UserStep: ...
    @overload
    def __getitem__(self, at: slice) -> list[UserStep]: ...
    def __getitem__(self, at: int | slice) -> UserStep | list[UserStep]:
        if isinstance(at, slice):
            return [self[each] for each in range(len(self))[at]]
        return UserStep(str(self.user_ids[at]), int(self.steps[at]), self._note(at), self.dataset)

    def _note(self, at: int) -> str:
        rank = describe_rank(self.ranks[at])
        if self.other is None:
            return rank
        return _("{rank}, {other_rank} under {other}", rank=rank, other_rank=format_rank(self.other.ranks[at]), other=self.other.title)


def describe_rank(rank: float) -> str:
    """Return "rank 412", or that the item was not listed."""
    return _("rank {rank}", rank=format_rank(rank)) if math.isfinite(rank) else format_rank(rank)


def open_list(part: str, which: Hashable) -> None:
    """Let a part of the page show a list of cases instead, in a callback; the part knows which cases are meant."""
    st.session_state[_key(part)] = which
    st.session_state.pop(PAGE_NUMBER, None)


def opened_list(part: str) -> Hashable:
    """Return the list that a part of the page shall show; None where there is none."""
    return _freeze(st.session_state.get(_key(part)))


def close_list(part: str) -> None:
    """Let a part of the page show itself again."""
    st.session_state.pop(_key(part), None)


def locate_cases(subject: Subject, positions: np.ndarray, other: OtherRanks | None = None) -> CaseList:
    """Return cases of the evaluation, by their positions in it, as places of the cursor."""
    evaluation, dataset = subject.evaluation, subject.dataset
    users = evaluation.user_codes[positions]
    steps = evaluation.rows[positions] - dataset.user_starts[users]
    others = None if other is None else other._replace(ranks=other.ranks[positions])
    return CaseList(dataset.name, dataset.user_ids[users], steps, evaluation.ranks[positions], others)


def draw_list(
    subject: Subject,
    part: str,
    title: str,
    summary: str,
    positions: np.ndarray,
    order: str,
    conditions: Conditions = (),
    other: OtherRanks | None = None,
) -> None:
    """Draw cases of the evaluation in the order of their positions, with the way back to the part.

    `title` and `order` are plain text, `summary` is HTML. `conditions` are the slices that all cases are in.
    """
    cases = locate_cases(subject, positions, other)
    clicked = st.session_state.pop(CLICKED, None)
    if clicked is not None and clicked < len(cases):
        case_walk.start(_("{model} · {slice}", model=subject.title, slice=title), cases, clicked, "evaluate/failures/page.py")
    st.button(_("Back to the overview"), key="close_cases", on_click=close_list, args=(part,))
    st.subheader(escape_markdown(title), anchor=False)
    html.lead(f"{summary} {_('A click on a case opens the timeline; ← and → then go from case to case.')}")
    pages = max(math.ceil(len(cases) / PER_PAGE), 1)
    if PAGE_NUMBER not in st.session_state:
        st.session_state[PAGE_NUMBER] = _page_of_walk(cases)
    st.session_state[PAGE_NUMBER] = min(st.session_state[PAGE_NUMBER], pages)
    first = (st.session_state[PAGE_NUMBER] - 1) * PER_PAGE
    st.html(html.list_head(order, ""))
    draw_table(
        f"case_table_{first}",
        _columns(subject, cases, range(first, min(first + PER_PAGE, len(cases))), positions, conditions),
        order,
        lambda row: st.session_state.update({CLICKED: first + row}),
        most_pixels=HEAD + ROW * PER_PAGE,
    )
    if pages > 1:
        st.pagination(pages, key=PAGE_NUMBER)


def _page_of_walk(cases: CaseList) -> int:
    """Return the page with the case that the walk through this list has reached, else the first."""
    walk = case_walk.current_walk()
    same = walk is not None and isinstance(walk.cases, CaseList) and np.array_equal(walk.cases.steps, cases.steps)
    return walk.at // PER_PAGE + 1 if walk is not None and same else 1


def _columns(subject: Subject, cases: CaseList, shown: range, positions: np.ndarray, conditions: Conditions) -> dict[str, Column]:
    """Return the columns of the table, each with a line for every case shown."""
    dataset, rows = subject.dataset, subject.evaluation.rows[positions[shown.start : shown.stop]]
    items = [str(item) for item in dataset.item_ids[dataset.item_codes[rows] - 1]]
    columns = {_("Rank"): Column([format_rank(cases.ranks[at]) for at in shown])}
    if cases.other is not None:
        columns[_("Under {model}", model=cases.other.title)] = Column([format_rank(cases.other.ranks[at]) for at in shown])
    columns |= {
        _("User"): Column([name_user(dataset, str(cases.user_ids[at])) for at in shown]),
        _("Step"): Column([int(cases.steps[at]) for at in shown], "count"),
    }
    if dataset.times is not None:
        offsets = dataset.utc_offsets
        moments = [local_time(dataset.times[row], None if offsets is None else offsets[row]) for row in rows]
        columns[_("When")] = Column([format_short_moment(each) if each else "–" for each in moments])
    columns[_("What came next")] = Column([dataset.title_of(item) for item in items])
    if "category" in dataset.items and not any(attribute == "category" for attribute, _value in conditions):
        columns[_("Category")] = Column([str(dataset.describe_item(item, "category").get("category") or "–") for item in items])
    columns[_("Also in") if conditions else _("In")] = Column(_list_reasons(subject, positions[shown.start : shown.stop], conditions))
    return columns


def _list_reasons(subject: Subject, positions: np.ndarray, conditions: Conditions) -> list[str]:
    """Return for each case the other slices with reliable losses that it is in, the costliest first."""
    report = subject.report
    attributes = {each.name: each for each in report.attributes}
    reasons: list[list[str]] = [[] for _case in positions]
    for each in order_by_cost(report.slices):
        if not is_worse(each) or (each.attribute, each.value) in conditions:
            continue
        attribute = attributes[each.attribute]
        for at in np.flatnonzero(attribute.codes[positions] == attribute.values.index(each.value)):
            if len(reasons[at]) < MOST_REASONS:
                reasons[at].append(word_value(each.attribute, each.value))
    return [" · ".join(each) for each in reasons]


def _freeze(value: Any) -> Hashable:
    """Return lists, as a link holds them, as tuples."""
    if isinstance(value, list | tuple):
        return tuple(map(_freeze, value))
    return value if isinstance(value, Hashable) else None


def _key(part: str) -> str:
    return f"failures_cases_{part}"

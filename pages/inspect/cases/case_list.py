"""The list of cases: search, tags, order and pages."""

from dataclasses import dataclass

import streamlit as st

from pages.inspect.cases import case_cards, reports
from pages.shell import kept_walk
from pages.shell.account import current_account, current_store
from pages.ui.errors import escape_markdown
from recsys.accounts.account import Account
from recsys.cases.keeping import ORDERS, PAGE, CaseListPage, count_tags, list_cases
from recsys.core.formatting import format_number
from recsys.core.translation import _, ngettext
from recsys.database.engine import Store

SEARCH, TAGS, ORDER, NUMBER = "cases_search", "cases_tags", "cases_order", "cases_page"
MOST_IN_REPORT, MOST_IN_WALK = 50, 1_000


@dataclass(frozen=True)
class Choice:
    """Which cases are listed, and in which order."""

    search: str
    tags: tuple[str, ...]
    order: str

    def load(self, store: Store, account: Account, offset: int = 0, limit: int = PAGE) -> CaseListPage:
        """Return the cases from a place in the list on."""
        return list_cases(store, account, self.search, self.tags, order=self.order, offset=offset, limit=limit)


def draw() -> None:
    """Draw the controls and a page of the list."""
    store, account = current_store(), current_account()
    choice = _draw_choice(count_tags(store, account))
    number = int(st.session_state.get(NUMBER, 1))
    page = choice.load(store, account, (number - 1) * PAGE)
    if not page.cases and page.total:  # cases of the last page were deleted, or the list became shorter
        number = st.session_state[NUMBER] = 1
        page = choice.load(store, account)
    if not page.total:
        _draw_empty(choice)
        return
    _draw_head(choice, page, number)
    for case in page.cases:
        case_cards.draw_case(case)
    _draw_pages(page.total)


def _draw_choice(tags: dict[str, int]) -> Choice:
    first, second, third = st.columns([4, 5, 3], gap="small")
    search = first.text_input(
        _("Search"), key=SEARCH, placeholder=_("note, tag, user, dataset or model"), type="search",
        persist_state="session", on_change=_start_over,
    )  # fmt: skip
    chosen = [tag for tag in st.session_state.get(TAGS, []) if tag in tags]
    if chosen != st.session_state.get(TAGS, []):
        st.session_state[TAGS] = chosen  # a tag whose last case was deleted
    tagged = second.multiselect(
        _("Tags"), list(tags), key=TAGS, format_func=lambda tag: f"{tag} · {format_number(tags.get(tag, 0))}", placeholder=_("all tags"),
        persist_state="session", on_change=_start_over,
    )  # fmt: skip
    order = third.selectbox(
        _("Order"), list(ORDERS), key=ORDER, format_func=lambda name: _(ORDERS[name][0]), persist_state="session", on_change=_start_over
    )
    return Choice(search or "", tuple(tagged), order)


def _start_over() -> None:
    st.session_state[NUMBER] = 1


def _draw_empty(choice: Choice) -> None:
    if choice.search or choice.tags:
        st.info(_("No case has all of these words and tags. Remove one to see more."))
        return
    st.info(_("No case has been kept yet. Open a timeline or an explanation and press “Keep this case” in the sidebar: it is listed here."))
    st.page_link("explore/timeline/page.py", label=_("Open the timeline"))


def _draw_head(choice: Choice, page: CaseListPage, number: int) -> None:
    """Draw which cases are shown, and what can be done with all that the list has."""
    first = (number - 1) * PAGE + 1
    words = ngettext("{count} case", "{count} cases", page.total)
    if page.total > PAGE:
        last = first + len(page.cases) - 1
        words = _("{first} to {last} of {cases}", first=format_number(first), last=format_number(last), cases=words)
    reported = min(page.total, MOST_IN_REPORT)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="cases_head"):
        st.caption(escape_markdown(words), width="stretch")
        if page.total > 1 and st.button(_("Walk through them"), key="cases_walk", help=_("The arrow keys lead from case to case.")):
            listed = choice.load(current_store(), current_account(), limit=MOST_IN_WALK).cases
            kept_walk.start(_("Kept cases"), listed, first - 1)
        reports.draw_report_button(
            lambda store, account: choice.load(store, account, limit=MOST_IN_REPORT).cases,
            ngettext("Report of this case", "Report of the {count} cases", reported)
            if reported == page.total
            else _("Report of the first {count} cases", count=format_number(reported)),
            "-".join(["cases", *choice.tags]),
            "cases_report",
        )


def _draw_pages(total: int) -> None:
    last = -(-total // PAGE)
    if last == 1:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="cases_pages"):
        number = st.session_state.setdefault(NUMBER, 1)
        st.button(_("Previous page"), key="cases_before", disabled=number <= 1, on_click=_turn, args=(number - 1,))
        st.number_input(_("Page of {count}", count=format_number(last)), 1, last, key=NUMBER, width=150, persist_state="session")
        st.button(_("Next page"), key="cases_after", disabled=number >= last, on_click=_turn, args=(number + 1,))


def _turn(number: int) -> None:
    st.session_state[NUMBER] = number

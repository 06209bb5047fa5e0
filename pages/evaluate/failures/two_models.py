"""Two models on the same cases: where the cursor's model is better or worse than another one, or than an earlier version of itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages import cache
from pages.evaluate.failures import change_text
from pages.evaluate.failures.case_list import Conditions, OtherRanks, close_list, draw_list, locate_cases, open_list, opened_list
from pages.evaluate.failures.clickable import Column, draw_rows, draw_table
from pages.evaluate.failures.slice_cases import are_known
from pages.evaluate.failures.subject import Subject
from pages.shell import case_walk, evaluations
from pages.ui import charts, html, theme
from pages.ui.checkpoint_titles import matching_checkpoints, name_checkpoints
from pages.ui.errors import error_boundary, escape_markdown
from recsys.core import TOP_K
from recsys.core.formatting import format_number
from recsys.core.rank_text import format_rank
from recsys.core.translation import _, ngettext
from recsys.core.user_names import name_user
from recsys.evaluation import Evaluation
from recsys.failures.comparison import Comparison, MovedUser, SliceChange, measure_rank_changes
from recsys.failures.slice_report import is_reliable
from recsys.failures.wording import title_slice
from recsys.figures.failures import RANK_EDGES, DifferenceRow, bin_ranks, rank_pairs
from recsys.models import find_model_spec

if TYPE_CHECKING:
    from recsys.training.checkpoints import CheckpointCard

PART = "two_models"
SHOWN = 8  # slices drawn in each direction
MOST_MOVED = 25
OTHER, MOVED = "failures_other", "moved_clicked"


@dataclass(frozen=True, eq=False)
class Opponent:
    """The model that the subject is compared with."""

    title: str
    card: "CheckpointCard"
    evaluation: Evaluation


def draw(subject: Subject) -> None:
    """Draw this part of the page: the comparison, or the cases of what was clicked in it."""
    here = subject.here
    found = {name: each for name, each in matching_checkpoints(here).items() if not find_model_spec(each.card.model).candidates_only}
    found.pop(subject.name, None)
    if not found:
        st.info(_("No other model is trained on this dataset. Train one on the Checkpoints page to compare it with."))
        return
    titles = name_checkpoints(found)
    if st.session_state.get(OTHER) not in found:
        st.session_state[OTHER] = choose_opponent(subject.name, list(found))
    other = st.selectbox(_("Compare with"), list(found), key=OTHER, format_func=titles.__getitem__, persist_state="session", width=420)
    measured = evaluations.find_evaluation(here, other, found[other], subject.evaluation.split)
    if measured is None:
        html.lead(_("<b>{model}</b> has not been evaluated on these events yet.", model=html.escape_html(titles[other])))
        evaluations.draw_button(here, found, [other], subject.evaluation.split)
        return
    with error_boundary():  # the two may have been evaluated on other events
        _draw_comparison(subject, Opponent(titles[other], found[other].card, measured.evaluation))


def choose_opponent(name: str, others: Sequence[str]) -> str:
    """Return the latest other version of a checkpoint where there is one, else the first of the others, which is the best."""
    base = name.split("@")[0]
    return max((each for each in others if each.split("@")[0] == base), default=others[0])


def _draw_comparison(subject: Subject, other: Opponent) -> None:
    comparison = cache.model_comparison(
        subject.dataset, (other.card, subject.card), (other.evaluation, subject.evaluation), subject.metric, subject.report.attributes
    )
    if _draw_open(subject, other, comparison):
        return
    html.lead(change_text.finding_html(subject, other.title, comparison))
    st.html(html.facts(change_text.facts(comparison.overall)))
    _draw_slices(subject, other, comparison)
    left, right = st.columns([6, 5], gap="medium")
    with left:
        _draw_ranks(subject, other)
    with right:
        _draw_moved_users(subject, other)


def _draw_slices(subject: Subject, other: Opponent, comparison: Comparison) -> None:
    worse, better = change_text.split_slices(comparison.slices)
    shown = worse[:SHOWN] + better[:SHOWN][::-1]
    if not shown:
        shown = sorted(comparison.slices, key=lambda each: each.difference * each.cases)[:SHOWN]
    if not shown:
        return
    title = _("Slices in which the two models differ")
    axis = _("{metric}: {model} minus {other}", metric=subject.metric_title, model=subject.title, other=other.title)
    alt = ngettext(
        "Difference of {metric} between the two models in {count} slice, with intervals.",
        "Difference of {metric} between the two models in {count} slices, with intervals.",
        len(shown), metric=subject.metric_title,
    )  # fmt: skip
    rows = [_row(subject, other, each) for each in shown]
    draw_rows("change_chart", title, rows, axis, _("a click on a row opens its cases"), alt, lambda at: _open_slice(shown[at]))
    listed = worse + [each for each in comparison.slices if not is_reliable(each)] + better[::-1]
    with st.expander(ngettext("{count} slice in a table", "All {count} slices in a table", len(listed))):
        _draw_table(subject, other, listed)


def _row(subject: Subject, other: Opponent, found: SliceChange) -> DifferenceRow:
    return DifferenceRow(
        title_slice(found.attribute, found.value),
        found.difference,
        found.low,
        found.high,
        is_reliable(found),
        _("{won} won, {lost} lost", won=format_number(found.won), lost=format_number(found.lost)),
        change_text.describe_means(subject, other.title, found),
    )


def _draw_table(subject: Subject, other: Opponent, listed: Sequence[SliceChange]) -> None:
    help_won = _("cases in which {model} ranks what came next higher than {other}", model=subject.title, other=other.title)
    help_q = _("p-value after control of the false-discovery rate over all slices (Benjamini-Hochberg)")
    columns = {
        _("Slice"): Column([title_slice(each.attribute, each.value) for each in listed]),
        _("Cases"): Column([each.cases for each in listed], "count"),
        other.title: Column([each.mean_a for each in listed], "metric"),
        subject.title: Column([each.mean_b for each in listed], "metric"),
        _("Difference"): Column([each.difference for each in listed], "metric"),
        _("from"): Column([each.low for each in listed], "metric"),
        _("to"): Column([each.high for each in listed], "metric"),
        _("Won"): Column([each.won for each in listed], "count", help_won),
        _("Lost"): Column([each.lost for each in listed], "count"),
        _("Tied"): Column([each.tied for each in listed], "count"),
        _("q"): Column([each.q for each in listed], "metric", help_q),
    }
    draw_table("change_table", columns, _("Slices under both models"), lambda at: _open_slice(listed[at]))


def _draw_ranks(subject: Subject, other: Opponent) -> None:
    bins = len(RANK_EDGES)
    codes = bin_ranks(other.evaluation.ranks) * bins + bin_ranks(subject.evaluation.ranks)
    counts = np.bincount(codes, minlength=bins * bins).reshape(bins, bins)
    alt = _("Number of events by their rank under {other} and under {model}.", model=subject.title, other=other.title)

    def open_clicked() -> None:
        points = st.session_state["rank_pairs"].selection.points
        if points:
            open_list(PART, int(points[0]["customdata"]))

    figure = rank_pairs(counts, other.title, subject.title, theme.theme_palette())
    charts.chart(figure, key="rank_pairs", alt=alt, on_select=open_clicked, selection_mode="points")
    st.caption(
        _(
            "Area: number of events. Green: only {model} has what came next in its top {k}, orange: only {other}. A click opens the cases.",
            model=escape_markdown(subject.title),
            other=escape_markdown(other.title),
            k=TOP_K,
        )
    )


def _draw_moved_users(subject: Subject, other: Opponent) -> None:
    moved = cache.moved_users(subject.dataset, (other.card, subject.card), (other.evaluation, subject.evaluation))[:MOST_MOVED]
    clicked = st.session_state.pop(MOVED, None)
    if clicked is not None and clicked < len(moved):
        title = _("{model} against {other}, users whose ranks moved most", model=subject.title, other=other.title)
        positions = np.array([each.case for each in moved])
        case_walk.start(title, locate_cases(subject, positions, _ranks_of(other)), clicked, "evaluate/failures/page.py")
    st.html(html.list_head(_("Users whose ranks moved most"), _("a click opens the largest change")))
    columns = {
        _("User"): Column([name_user(subject.dataset, str(subject.dataset.user_ids[each.user_code])) for each in moved]),
        _("Change"): Column([change_text.describe_change(each.change) for each in moved]),
        _("Cases"): Column([each.cases for each in moved], "count"),
        _("Largest change"): Column([_describe_ranks(each) for each in moved]),
    }
    draw_table(
        "moved_users", columns, _("Users whose ranks moved most"),
        lambda at: st.session_state.update({MOVED: at}),
    )  # fmt: skip
    note = _(
        "Change: ranks under {model} against those under {other}, the geometric mean of the user’s cases.",
        model=subject.title,
        other=other.title,
    )
    st.caption(escape_markdown(note))


def _describe_ranks(moved: MovedUser) -> str:
    return _("rank {before} → {after}", before=format_rank(moved.rank_a), after=format_rank(moved.rank_b))


def _draw_open(subject: Subject, other: Opponent, comparison: Comparison) -> bool:
    """Draw the cases of the slice or of the pair of ranks that was clicked; return whether there are any."""
    which = opened_list(PART)
    conditions: Conditions = ()
    ranks, others = subject.evaluation.ranks, other.evaluation.ranks
    change = measure_rank_changes(other.evaluation, subject.evaluation)
    if isinstance(which, int) and not isinstance(which, bool) and 0 <= which < len(RANK_EDGES) ** 2:
        first, second = divmod(which, len(RANK_EDGES))
        positions = np.flatnonzero((bin_ranks(others) == first) & (bin_ranks(ranks) == second))
        title = change_text.title_rank_pair(first, second, subject.title, other.title)
        summary, is_gain = change_text.count_html(len(positions)), second < first
    elif isinstance(which, tuple) and are_known(subject, (which,)):
        found = next(each for each in comparison.slices if (each.attribute, each.value) == which)
        positions, conditions = subject.report.find_cases(*which), (which,)
        title, summary, is_gain = title_slice(*which), change_text.slice_html(subject, other.title, found), found.difference > 0
    else:
        close_list(PART)
        return False
    order = _("Cases, largest gain first") if is_gain else _("Cases, largest loss first")
    positions = positions[np.argsort(change[positions] if is_gain else -change[positions], kind="stable")]
    draw_list(subject, PART, title, summary, positions, order, conditions, _ranks_of(other))
    return True


def _ranks_of(other: Opponent) -> OtherRanks:
    return OtherRanks(other.title, other.evaluation.ranks)


def _open_slice(found: SliceChange) -> None:
    open_list(PART, (found.attribute, found.value))

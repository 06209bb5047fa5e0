"""The comparison of two models in sentences."""

import math
from collections.abc import Sequence

from pages.evaluate.failures.slice_text import cases_and_users
from pages.evaluate.failures.subject import Subject
from pages.ui import html
from recsys.core.formatting import format_fixed, format_number
from recsys.core.translation import _, ngettext
from recsys.failures.comparison import Comparison, SliceChange
from recsys.failures.slice_report import RELIABLE
from recsys.figures.failures import label_rank_bin


def is_reliable(found: SliceChange) -> bool:
    """Return whether the two models differ in a slice by more than chance."""
    return found.q < RELIABLE


def split_slices(slices: Sequence[SliceChange]) -> tuple[list[SliceChange], list[SliceChange]]:
    """Return the slices that are reliably worse and those that are reliably better, each with the largest change in all first."""
    ordered = sorted(filter(is_reliable, slices), key=lambda each: -abs(each.difference) * each.cases)
    return [each for each in ordered if each.difference < 0], [each for each in ordered if each.difference > 0]


def finding_html(subject: Subject, other: str, comparison: Comparison) -> str:
    """Return how the model compares with the other one as HTML."""
    overall = comparison.overall
    values = _means(subject, other, overall) | dict(
        difference=format_fixed(overall.difference, 3, sign=True),
        low=format_fixed(overall.low, 3, sign=True),
        high=format_fixed(overall.high, 3, sign=True),
    )
    if not math.isfinite(overall.low):
        first = _("<b>{model}</b> has {metric} <b>{mean_b}</b>, <b>{other}</b> {mean_a}; the events of one user allow no test.", **values)
    elif overall.low <= 0 <= overall.high:
        first = _(
            "<b>{model}</b> has {metric} <b>{mean_b}</b>, <b>{other}</b> {mean_a}: a difference of {difference} ({low} to {high}), which is "
            "not significant.",
            **values,
        )
    else:
        first = _(
            "<b>{model}</b> has {metric} <b>{mean_b}</b>, <b>{other}</b> {mean_a}: a difference of {difference} ({low} to {high}).",
            **values,
        )
    if not comparison.slices:
        return first
    worse, better = split_slices(comparison.slices)
    second = _(
        "It is reliably worse in <b>{worse}</b> and reliably better in <b>{better}</b> of {count} slices.",
        worse=format_number(len(worse)),
        better=format_number(len(better)),
        count=format_number(len(comparison.slices)),
    )
    return f"{first} {second}"


def facts(overall: SliceChange) -> dict[str, str]:
    """Return the counts of cases won, lost and tied by their labels."""
    return {
        _("cases won: ranked higher than by the other"): format_number(overall.won),
        _("lost"): format_number(overall.lost),
        _("tied"): format_number(overall.tied),
    }


def describe_means(subject: Subject, other: str, found: SliceChange) -> str:
    """Return the metric of both models in a slice, and its size, in plain text."""
    return _(
        "{metric}: {model} {mean_b}, {other} {mean_a}; {cases}",
        metric=subject.metric_title,
        model=subject.title,
        other=other,
        mean_a=format_fixed(found.mean_a, 3),
        mean_b=format_fixed(found.mean_b, 3),
        cases=cases_and_users(found.cases, found.users),
    )


def slice_html(subject: Subject, other: str, found: SliceChange) -> str:
    """Return the sentence over the cases of a slice as HTML."""
    return _(
        "<b>{cases}</b>: {metric} <b>{mean_b}</b> against {mean_a} of {other}. <b>{won}</b> won, <b>{lost}</b> lost, {tied} tied.",
        cases=cases_and_users(found.cases, found.users),
        won=format_number(found.won),
        lost=format_number(found.lost),
        tied=format_number(found.tied),
        **_means(subject, other, found),
    )


def title_rank_pair(first: int, second: int, model: str, other: str) -> str:
    """Return two bins of ranks in words: of the other model, then of the model."""
    return _(
        "Rank {second} under {model}, {first} under {other}",
        second=label_rank_bin(second), first=label_rank_bin(first), model=model, other=other,
    )  # fmt: skip


def count_html(cases: int) -> str:
    """Return the number of cases as HTML."""
    return ngettext("<b>{count}</b> case.", "<b>{count}</b> cases.", cases)


def describe_change(change: float) -> str:
    """Return a mean change of log2 ranks as a factor of the ranks: "2 × worse" where they are doubled."""
    factor = format_number(2.0 ** abs(change), 1)
    if not change:
        return _("none")
    return _("{factor} × worse", factor=factor) if change > 0 else _("{factor} × better", factor=factor)


def _means(subject: Subject, other: str, found: SliceChange) -> dict[str, str]:
    return dict(
        model=html.escape_html(subject.title),
        other=html.escape_html(other),
        metric=html.escape_html(subject.metric_title),
        mean_a=format_fixed(found.mean_a, 3),
        mean_b=format_fixed(found.mean_b, 3),
    )

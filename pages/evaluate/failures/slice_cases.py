"""The cases of a slice, or of several at once, worst first."""

from collections.abc import Hashable
from functools import reduce
from typing import cast

import numpy as np

from pages.evaluate.failures import slice_text
from pages.evaluate.failures.case_list import close_list, draw_list, opened_list
from pages.evaluate.failures.subject import Subject
from pages.ui import html
from recsys.core import TOP_K
from recsys.core.formatting import format_fixed, format_share
from recsys.core.translation import _, ngettext
from recsys.failures.combinations import Conditions
from recsys.failures.wording import title_combination


def draw_open(subject: Subject, part: str) -> bool:
    """Draw the list that is open in a part of the page; return whether there is one for this model and split."""
    opened = opened_list(part)
    if not are_known(subject, opened):
        close_list(part)
        return False
    conditions = cast(Conditions, opened)
    positions = find_cases(subject, conditions)
    title = title_combination(conditions)
    draw_list(subject, part, title, summary_html(subject, positions), positions, _("Cases, worst rank first"), conditions)
    return True


def are_known(subject: Subject, conditions: Hashable) -> bool:
    """Return whether the report has these slices: not where a link says otherwise, or a model on other events was chosen."""
    known = {(each.attribute, each.value) for each in subject.report.slices}
    return isinstance(conditions, tuple) and bool(conditions) and known.issuperset(conditions)


def find_cases(subject: Subject, conditions: Conditions) -> np.ndarray:
    """Return the positions (n,) of the cases that meet all conditions, the worst rank first and ties in the order of the events."""
    found = reduce(np.intersect1d, (subject.report.find_cases(*each) for each in conditions))
    return found[np.argsort(-subject.evaluation.ranks[found], kind="stable")]


def summary_html(subject: Subject, positions: np.ndarray) -> str:
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

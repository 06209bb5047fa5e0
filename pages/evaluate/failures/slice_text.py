"""Slices in sentences: the one that costs the model most, and the slices that were looked at."""

from pages.evaluate.failures.subject import Subject
from pages.ui import html
from pages.ui.metrics import SPLITS_IN_SENTENCES
from recsys.core import TOP_K
from recsys.core.formatting import format_fixed, format_number, format_share
from recsys.core.translation import _, ngettext
from recsys.failures.slice_report import SliceReport, is_better, is_worse, order_by_cost
from recsys.failures.slice_statistics import RELIABLE
from recsys.failures.wording import title_slice


def finding_html(subject: Subject, report: SliceReport) -> str:
    """Return the sentence under the title as HTML: where the model loses most."""
    values = dict(
        model=html.escape_html(subject.title),
        metric=html.escape_html(subject.metric_title),
        mean=format_fixed(report.mean, 3),
        k=TOP_K,
    )
    if (subject.evaluation.ranks <= TOP_K).all():
        return _("<b>{model}</b> misses nothing: every next item of these events is in its top {k}.", **values)
    if subject.evaluation.users == 1:
        return _("All events are of one user, so nothing can be said about where <b>{model}</b> is reliably worse.", **values)
    worst = order_by_cost(report.slices)[:1]
    if not worst or not is_worse(worst[0]):
        return _("No slice is reliably worse than the rest: <b>{model}</b> has {metric} {mean} over all events.", **values)
    found = worst[0]
    values |= dict(
        slice=html.escape_html(title_slice(found.attribute, found.value)),
        mean=format_fixed(found.mean, 3),
        elsewhere=format_fixed(found.mean - found.difference, 3),
        misses=format_share(found.miss_share),
        share=format_share(found.cases / report.cases),
    )
    return _(
        "<b>{model}</b> loses most on <b>{slice}</b>: {metric} <b>{mean}</b> against {elsewhere} elsewhere. "
        "These are {share} of the events and <b>{misses} of all misses</b>.",
        **values,
    )


def overview_html(subject: Subject, report: SliceReport) -> str:
    """Return what was looked at and what of it is reliable as HTML."""
    looked_at = ngettext(
        "<b>{count} slice</b> by {attributes} attributes was looked at", "<b>{count} slices</b> by {attributes} attributes were looked at",
        len(report.slices), attributes=format_number(len(report.attributes)),
    )  # fmt: skip
    return _(
        "{looked_at}: in <b>{worse}</b> the model is reliably worse than on the rest of the events, in <b>{better}</b> reliably better "
        "(false-discovery rate {rate}).",
        looked_at=looked_at,
        worse=format_number(sum(map(is_worse, report.slices))),
        better=format_number(sum(map(is_better, report.slices))),
        rate=format_share(RELIABLE),
    )


def protocol_text(subject: Subject, report: SliceReport) -> str:
    """Return the events, the intervals and the seed in plain text."""
    events = ngettext("{count} case of {users} users", "{count} cases of {users} users", report.cases, users=format_number(report.users))
    return _(
        "{protocol}, {split}: {events}, one for each event. A case is a miss if the item that came next is not in the top {k}. "
        "Intervals are 95%, from a bootstrap over users with seed {seed}. Losses are ordered by the difference times the number of cases.",
        protocol=subject.evaluation.protocol,
        split=_(SPLITS_IN_SENTENCES[subject.evaluation.split]),
        events=events,
        k=TOP_K,
        seed=report.seed,
    )


def cases_and_users(cases: int, users: int) -> str:
    """Return "214 cases of 88 users"."""
    words = ngettext("{count} user", "{count} users", users)
    return ngettext("{count} case of {users}", "{count} cases of {users}", cases, users=words)

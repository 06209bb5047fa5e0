"""Sentences about a drift report: the changes, their dates, certainty and evidence."""

from datetime import UTC, datetime
from html import escape
from typing import NamedTuple

import numpy as np

from recsys.core.formatting import format_long_date, format_number, format_share, join_words
from recsys.core.nouns import count_events
from recsys.core.translation import N_, _, ngettext
from recsys.drift.report import Change, DriftReport
from recsys.drift.wording import level_label

VIEWS = {"category": N_("Categories"), "area": N_("Areas"), "hour": N_("Hours")}
STREAM_TITLES = {"category": N_("Interest by category"), "area": N_("Interest by area"), "hour": N_("Interest by hour of the day")}
VIEW_OF_KIND = {"place": "area", "rhythm": "hour"}  # the view that shows a change best, category for all other kinds
# The size of a change in each view, and the same among some of the events only.
SIZES = {
    "category": (N_("categories {size}"), N_("categories {size} ({subset})")),
    "area": (N_("areas {size}"), N_("areas {size} ({subset})")),
    "hour": (N_("hours {size}"), N_("hours {size} ({subset})")),
}
SMALL = 0.1  # of the Jensen-Shannon divergence: significant in a long history, and yet hardly visible
CERTAIN, PROBABLE = 0.95, 0.75  # shares of real changes above which a change is stated as a fact, and as probable
# For each kind, the sentence about a change that is certain, probable and possible.
MOVED = (
    N_("Around {moment} the user moved from <b>{before}</b> to <b>{after}</b>."),
    N_("Around {moment} the user probably moved from <b>{before}</b> to <b>{after}</b>."),
    N_("Around {moment} the user possibly moved from <b>{before}</b> to <b>{after}</b>."),
)
TURNED = (
    N_("Around {moment} the user’s interest shifted from <b>{before}</b> to <b>{after}</b>."),
    N_("Around {moment} the user’s interest probably shifted from <b>{before}</b> to <b>{after}</b>."),
    N_("Around {moment} the user’s interest possibly shifted from <b>{before}</b> to <b>{after}</b>."),
)
OTHER_HABITS = (
    N_("Around {moment} the user’s habits changed from <b>{before}</b> to <b>{after}</b>."),
    N_("Around {moment} the user’s habits probably changed from <b>{before}</b> to <b>{after}</b>."),
    N_("Around {moment} the user’s habits possibly changed from <b>{before}</b> to <b>{after}</b>."),
)
LEADS = {"place": MOVED, "taste": TURNED}
TITLES = {
    "taste": (N_("Change of interest"), N_("Probable change of interest"), N_("Possible change of interest")),
    "place": (N_("Move"), N_("Probable move"), N_("Possible move")),
    "rhythm": (N_("Change of hours"), N_("Probable change of hours"), N_("Possible change of hours")),
    "novelty": (N_("New items"), N_("Probably new items"), N_("Possibly new items")),
    "return": (N_("Return to earlier items"), N_("Probable return to earlier items"), N_("Possible return to earlier items")),
}


class Evidence(NamedTuple):
    """One change in words: a heading, a sentence, and the facts that support it."""

    heading: str
    sentence: str
    facts: tuple[str, ...]
    is_temporary: bool


def choosable_views(report: DriftReport) -> dict[str, str]:
    """Return ids and titles of the views that this user's events have."""
    category = _("Groups of items") if report.clustered else _(VIEWS["category"])
    return {
        name: category if name == "category" else _(title)
        for name, title in VIEWS.items()
        if name in report.levels and report.window_shares[name].any()
    }


def main_change(report: DriftReport) -> Change | None:
    """Return the change that the page is about: a lasting one before a temporary one, then the most certain, then the largest."""
    return max(report.changes, key=lambda change: (change.kind != "temporary", change.real_share, change.size), default=None)


def describe_report(report: DriftReport, noun: str) -> str:
    """Return the main finding as HTML, in which text from data is escaped."""
    if report.untested is not None:
        return _("Changes cannot be tested: {reason}.", reason=escape(report.untested))
    count = count_events(report.events, noun)
    if not report.changes:
        return _("<b>No change</b> in {events}: the variation is no larger than in shuffled weeks.", events=count)
    if not report.lasting:
        return _("<b>No lasting change</b> in {events}, only temporary changes, marked below.", events=count)
    main = main_change(report)
    assert main is not None
    sentences = [
        _(
            LEADS.get(main.kind, OTHER_HABITS)[certainty(main)],
            moment=escape(moment_text(report, main.time)),
            before=escape(main.from_what),
            after=escape(main.to_what),
        )
    ]
    if main.size < SMALL:
        sentences.append(_("The change is small and gradual.") if main.gradual else _("The change is small."))
    elif main.gradual:
        sentences.append(_("The change is gradual."))
    others = len(report.lasting) - 1
    if others:
        sentences.append(ngettext("There is {count} other lasting change.", "There are {count} other lasting changes.", others))
    return " ".join(sentences)


def certainty(change: Change) -> int:
    """Return 0 for a certain change, 1 for a probable and 2 for a possible one, by how many such changes were real in simulations."""
    return 0 if change.real_share > CERTAIN else 1 if change.real_share > PROBABLE else 2


def moment_text(report: DriftReport, moment: float) -> str:
    """Return a time as a date, or as a step where only the order of events is known."""
    if report.clock == "steps":
        return _("step {step}", step=format_number(moment))
    return format_long_date(datetime.fromtimestamp(round(moment), UTC).date())


def describe_evidence(report: DriftReport) -> list[Evidence]:
    """Return every change in words, in the order of the report."""
    found = []
    for change in report.changes:
        is_temporary = change.kind == "temporary"
        title = _("Temporary change") if is_temporary else _(TITLES[change.kind][certainty(change)])
        heading = _("{change}, {moment}", change=title, moment=moment_text(report, change.time))
        sentence = change.words[:1].upper() + change.words[1:]
        found.append(Evidence(heading, sentence, tuple(_facts(report, change)), is_temporary))
    return found


def _facts(report: DriftReport, change: Change) -> list[str]:
    """Return the facts about a change: its interval, pace, p-value, precision and size."""
    if change.kind == "temporary":
        start, end = moment_text(report, change.time), moment_text(report, change.high)
        return [_("{start} to {end}", start=start, end=end), p_value_text(change.p_value)]
    low, high = moment_text(report, change.low), moment_text(report, change.high)
    facts = [_("between {low} and {high} (90% interval)", low=low, high=high)]
    if change.gradual:
        facts.append(_("gradual"))
    facts.append(p_value_text(change.p_value))
    facts.append(_("in simulated cities, {share} of changes detected with this certainty were real", share=format_share(change.real_share)))
    sizes = join_words(_size(change, view, size) for view, size in change.sizes.items())
    facts.append(_("difference from before: {sizes}", sizes=sizes))
    return facts


def _size(change: Change, view: str, size: float) -> str:
    whole, part = SIZES[view]
    if view in change.among:
        return _(part, size=format_share(size), subset=_(change.among[view]))
    return _(whole, size=format_share(size))


def p_value_text(p_value: float) -> str:
    """Return the share of shuffled timelines with such a change."""
    count = format_number(max(round(p_value * 1000), 2))
    if p_value <= 0.0021:
        return _("fewer than {count} of 1,000 shuffled timelines change as much", count=count)
    return _("{count} of 1,000 shuffled timelines change as much", count=count)


def stream_text(report: DriftReport, view: str) -> str:
    """Return the stream of interest as plain text."""
    totals = report.window_shares[view].sum(axis=0)
    most = [level_label(view, report.levels[view][at]) for at in np.argsort(-totals)[:3] if totals[at] > 0]
    return ngettext(
        "Shares of events over time, mostly {levels}; {count} change is marked.",
        "Shares of events over time, mostly {levels}; {count} changes are marked.",
        len(report.changes),
        levels=join_words(most),
    )


def footnote(report: DriftReport) -> str:
    """Return the method in a sentence, and the clock of dates and hours."""
    if report.clock == "steps":
        return _(
            "This dataset has the order of events but no times, so changes are located by step. Each change is compared with the same "
            "events in shuffled order. If a user entered all events in one sitting, a change may reflect the order of the list rather than "
            "their interest."
        )
    hours = _("local time") if report.clock == "local time" else report.clock
    return _(
        "Hours are in {clock}, dates in UTC. Each change is compared with the user’s own weeks in shuffled order. Temporary changes, such "
        "as a trip or a season, are marked separately.",
        clock=hours,
    )

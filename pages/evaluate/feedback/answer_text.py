"""Sentences and tables on what people did, as HTML."""

import datetime as dt
from collections.abc import Mapping, Sequence

from pages.ui.html import dot, escape_html
from recsys.core import Dataset
from recsys.core.formatting import MISSING, format_fixed, format_number, format_short_moment, join_words
from recsys.core.translation import N_, _, ngettext
from recsys.feedback.rates import Rate, estimate_rate, rank_versions
from recsys.feedback.summary import FeedbackEntry, FeedbackSummary, VersionFeedback
from recsys.figures.feedback import ACTION_NAMES

COLUMNS = {"take": N_("Added"), "like": N_("Liked"), "dislike": N_("Disliked"), "rating": N_("Rated"), "skip": N_("Skipped")}
"""Heads of the columns of actions."""


def finding_html(summary: FeedbackSummary, titles: Mapping[str, str]) -> str:
    """Return what there is to see in one sentence: which version gets more good answers, or what was done with the lists."""
    rated, stands_out = rank_versions(summary.versions)
    if len(rated) > 1:
        (first, one), (second, two) = rated[:2]
        values = dict(
            first=_bold(titles.get(first.name, first.name)),
            second=_bold(titles.get(second.name, second.name)),
            one=_per_100(one.value),
            two=_per_100(two.value),
        )
        if stands_out:
            return _("People add or like more on lists of {first}, {one} items per 100 lists, than on those of {second}, {two}.", **values)
        return _(
            "No version stands out: people add or like {one} items per 100 lists of {first} and {two} of {second}, within the intervals.",
            **values,
        )
    lists = ngettext("{count} list", "{count} lists", summary.impressions)
    counts = {action: sum(each.actions.get(action, 0) for each in summary.versions) for action in ACTION_NAMES}
    done = [f"<b>{format_number(counts[action])}</b> {_(name)}" for action, name in ACTION_NAMES.items() if counts[action]]
    if not done:
        return _("{lists} shown, and nobody has answered one yet.", lists=_bold(lists))
    return _("{lists} shown, and of their items {answers}.", lists=_bold(lists), answers=join_words(done))


def versions_table(versions: Sequence[VersionFeedback], titles: Mapping[str, str]) -> str:
    """Return counts of each version, with the number per 100 lists and its 95 % interval in small type."""
    actions = [action for action in COLUMNS if any(each.actions.get(action) for each in versions)]
    heads = "".join(f'<th class="n">{escape_html(head)}</th>' for head in (_("Lists"), *(_(COLUMNS[action]) for action in actions)))
    rows = "".join(_version_row(each, titles.get(each.name, each.name), actions) for each in versions)
    note = escape_html(_("Small figures: per 100 lists, with a 95% interval that takes answers as independent."))
    head = f"<thead><tr><th>{escape_html(_('Version'))}</th>{heads}</tr></thead>"
    return f'<table class="rs-table">{head}<tbody>{rows}</tbody></table><p class="rs-quiet"><small>{note}</small></p>'


def legend_html(summary: FeedbackSummary, tints: Mapping[str, str]) -> str:
    """Return the colours of the actions in the charts; skipped items are not in them."""
    shown = [action for action in ACTION_NAMES if action != "skip" and any(each.actions.get(action) for each in summary.versions)]
    return (
        '<p class="rs-keys">' + "".join(f"<span>{dot(tints[each])}{escape_html(_(ACTION_NAMES[each]))}</span>" for each in shown) + "</p>"
    )


def latest_table(dataset: Dataset, entries: Sequence[FeedbackEntry], titles: Mapping[str, str]) -> str:
    """Return the latest answers as a table, newest first."""
    heads = (_("When (UTC)"), _("Answer"), _("Item"), _("Rank"), _("Version"), _("User"), _("Step"))
    head = "".join(f"<th>{escape_html(each)}</th>" for each in heads)
    rows = "".join(_entry_row(dataset, each, titles.get(each.checkpoint, each.checkpoint)) for each in entries)
    return f'<table class="rs-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def describe_versions(versions: Sequence[VersionFeedback], names: Sequence[str]) -> str:
    """Return the rates of the chart in words."""
    parts = []
    for each, name in zip(versions, names, strict=True):
        rates = [
            _("{count} per 100 lists {action}", count=_per_100(each.rate(action)), action=_(words))
            for action, words in ACTION_NAMES.items()
            if each.actions.get(action)
        ]
        parts.append(_("{version}: {rates}.", version=name, rates=join_words(rates) or MISSING))
    return " ".join(parts)


def _version_row(version: VersionFeedback, title: str, actions: Sequence[str]) -> str:
    cells = "".join(_rate_cell(estimate_rate(version.actions.get(action, 0), version.impressions)) for action in actions)
    return f'<tr><td>{escape_html(title)}</td><td class="n">{format_number(version.impressions)}</td>{cells}</tr>'


def _rate_cell(rate: Rate) -> str:
    if not rate.lists:
        return f'<td class="n">{format_number(rate.count)}</td>'
    interval = _("{value} ({low} to {high})", value=_per_100(rate.value), low=_per_100(rate.low), high=_per_100(rate.high))
    return f'<td class="n">{format_number(rate.count)}<small>{interval}</small></td>'


def _entry_row(dataset: Dataset, entry: FeedbackEntry, version: str) -> str:
    moment = format_short_moment(dt.datetime.fromtimestamp(entry.created, dt.UTC))
    done = _(COLUMNS[entry.action])
    if entry.rating is not None:
        done = _("Rated {rating}", rating=format_number(entry.rating, 1))
    values = (moment, done, dataset.title_of(entry.item_id), format_number(entry.rank), version, entry.user_id, format_number(entry.step))
    return "<tr>" + "".join(f"<td>{escape_html(value)}</td>" for value in values) + "</tr>"


def _per_100(rate: float) -> str:
    return format_fixed(100 * rate, 1) if 100 * rate < 10 else format_number(100 * rate)


def _bold(text: str) -> str:
    return f"<b>{escape_html(text)}</b>"

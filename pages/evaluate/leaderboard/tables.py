"""The main tables of the leaderboard and the sentences around them, as HTML."""

import math
from collections.abc import Mapping, Sequence

from pages.evaluate.leaderboard import labels
from pages.ui import html
from pages.ui.metrics import (
    METRIC_HELP,
    METRICS,
    SPLITS_IN_SENTENCES,
    format_latency,
    format_train_time,
    metric_html,
)
from recsys.core import Dataset
from recsys.core.formatting import format_fixed, format_number, join_words
from recsys.core.split import PROTOCOL_DESCRIPTIONS
from recsys.core.translation import N_, _, ngettext
from recsys.evaluation import Evaluation, compare_paired
from recsys.leaderboard import LeaderboardRow
from recsys.models import find_model_spec

CONTEXT_NOTES = {
    frozenset(): "",
    frozenset({"time"}): N_("uses time"),
    frozenset({"place"}): N_("uses place"),
    frozenset({"time", "place"}): N_("uses time and place"),
}


def lead_sentence(dataset: Dataset) -> str:
    """Return the sentence under the page's title as HTML."""
    return ngettext(
        "Every model trained on <b>{dataset}</b>, evaluated by ranking all {count} item at events outside its training data.",
        "Every model trained on <b>{dataset}</b>, evaluated by ranking all {count} items at events outside its training data.",
        len(dataset.item_ids),
        dataset=html.escape_html(dataset.title),
    )


def protocol_sentence(dataset: Dataset, protocol: str, split: str, table: Sequence[LeaderboardRow]) -> str:
    """Return the evaluation protocol of a table as HTML."""
    first = _(
        "<b>{protocol}, {split}</b>: {description}.",
        protocol=html.escape_html(protocol),
        split=_(SPLITS_IN_SENTENCES[split]),
        description=_(PROTOCOL_DESCRIPTIONS[protocol]),
    )
    second = _("Items seen before stay candidates.") if dataset.repeats else _("Items seen before are not candidates.")
    if any(line.intervals for line in table):
        third = _("Small figures are 95% intervals over users.")
    elif any(line.metrics for line in table):
        third = _("There are no intervals: they are over users, and all cases are of one user.")
    else:
        third = _("No model of this table has been measured on these events yet.")
    return f"{first} {second} {third}"


def slice_sentence(lines: Sequence[LeaderboardRow], part: str) -> str:
    """Return a description of a slice of the cases and its size as HTML, or that it is empty or not measured."""
    known = [line.slices[part] for line in lines if part in line.slices]
    figures = next((each for each in known if each is not None), None)
    description = _(labels.SLICE_HELP[part])
    if figures is not None:
        cases = ngettext("{count} case", "{count} cases", figures.cases)
        users = ngettext("{count} user", "{count} users", figures.users)
        size = _("<b>{cases}</b> of {users}.", cases=cases, users=users)
        return f"{description} {size}"
    if known:
        return _(labels.EMPTY_SLICES[part])
    missing = _("Not measured yet.")
    return f"{description} {missing}"


def table_html(table: Sequence[LeaderboardRow], chosen: str) -> str:
    """Return one protocol's models in two labelled groups, best first in each; the best value of each group is marked."""
    groups = {
        _("Models that use time or place of the request"): [line for line in table if line.aware],
        _("Models that use neither"): [line for line in table if not line.aware],
    }
    heads = "".join(
        f'<th class="n" title="{html.escape_html(_(METRIC_HELP[name]))}">{html.escape_html(_(label))}</th>'
        for name, label in METRICS.items()
    )
    more = "".join(f'<th class="n">{head}</th>' for head in (_("Parameters"), _("Training time"), _("Latency")))
    first = _("Model")
    body = ""
    for title, members in groups.items():
        if members:
            body += f'<tr><th colspan="8">{title}</th></tr>' + "".join(_row(line, members, line.name == chosen) for line in members)
    return f'<table class="rs-table"><thead><tr><th>{first}</th>{heads}{more}</tr></thead><tbody>{body}</tbody></table>'


def lists_sentence(line: LeaderboardRow) -> str:
    """Return the depth of a model's finished lists and how many cases have one; empty for other models."""
    if line.depth is None:
        return ""
    depth = ngettext("lists of {count} item", "lists of up to {count} items", line.depth)
    if line.listed is None:
        return depth
    return _(
        "{lists}; {listed} of {cases} cases have one, the others are misses",
        lists=depth,
        listed=format_number(line.listed[0]),
        cases=format_number(line.listed[1]),
    )


def _row(line: LeaderboardRow, members: Sequence[LeaderboardRow], chosen: bool) -> str:
    context = CONTEXT_NOTES[frozenset(line.aware)]
    note = _(context) if context else lists_sentence(line)
    cells = ""
    for name in METRICS:
        best = len(members) > 1 and 0 < line.metrics.get(name, 0) >= max(each.metrics.get(name, 0) for each in members)
        cells += f'<td class="n{" best" if best else ""}">{metric_html(line.metrics, line.intervals, name)}</td>'
    unknown = html.escape_html(_("not measured yet"))
    latency = f'<span title="{unknown}">–</span>' if line.request_ms is None else html.escape_html(format_latency(line.request_ms))
    return (
        f'<tr class="{"now" if chosen else ""}"><td>{html.escape_html(line.title)}<small>{html.escape_html(note)}</small></td>{cells}'
        f'<td class="n">{format_number(line.parameters)}</td><td class="n">{html.escape_html(format_train_time(line.train_seconds))}</td>'
        f'<td class="n">{latency}</td></tr>'
    )


def fitted_sentence(table: Sequence[LeaderboardRow]) -> str:
    """Return a sentence on models whose weights were fitted on the validation events of this table; empty without any."""
    names = [line.title for line in table if line.split == "validation" and ("kind", "learnt") in find_model_spec(line.model).preset]
    if not names:
        return ""
    return _(
        "Optimistic for {models}, with weights fitted on these validation events. The test events were not used.",
        models=join_words(names),
    )


def compare_best_two(table: Sequence[LeaderboardRow], evaluations: Mapping[str, Evaluation], metric: str, part: str) -> str:
    """Return a sentence as HTML with a paired test of the first model against the second; empty until both were measured."""
    ready = [line for line in table[:2] if line.name in evaluations and metric in line.metrics]
    if len(ready) < 2:
        return ""
    first, second = (evaluations[line.name] for line in ready)
    found = compare_paired(first, second, metric, slice=None if part == labels.ALL else part)
    values = dict(
        first=html.escape_html(ready[0].title),
        second=html.escape_html(ready[1].title),
        difference=format_fixed(found.difference, 3),
        metric=html.escape_html(_(METRICS[metric])),
    )
    if not math.isfinite(found.p):
        return _("<b>{first}</b> leads <b>{second}</b> by {difference} {metric}; the events of one user allow no test.", **values)
    values |= dict(
        low=format_fixed(found.low, 3),
        high=format_fixed(found.high, 3),
        p=f"{'<' if found.p <= 0.001 else '='} {format_fixed(found.p, 3)}",
    )
    if found.low <= 0 or found.p >= 0.05:
        return _(
            "<b>{first}</b> leads <b>{second}</b> by {difference} {metric} ({low} to {high}, p {p}), which is not significant.", **values
        )
    return _("<b>{first}</b> beats <b>{second}</b> by {difference} {metric} ({low} to {high}, p {p}), tested on the same events.", **values)


def place_side_by_side(tables: Sequence[str]) -> str:
    """Return small tables next to each other where there is room, else one below the other."""
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:1.4rem 3rem">'
        + "".join(f'<div style="flex:1 1 26rem;max-width:44rem">{table}</div>' for table in tables)
        + "</div>"
    )

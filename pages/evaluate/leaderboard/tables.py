"""The leaderboard in words and tables, as HTML."""

from collections.abc import Mapping, Sequence

from pages.evaluate.leaderboard import rows
from pages.evaluate.leaderboard.rows import METRICS
from pages.ui import formatting, html
from pages.ui.metrics import PROTOCOLS, format_latency, format_train_time, metric_html
from recsys.core import Dataset
from recsys.evaluation import Evaluation, PairedDifference, compare_paired
from recsys.leaderboard import Ablation, AblationEffect, LeaderboardRow
from recsys.models import MODELS

PART_WORDS = {
    "new_users": "Only cases of people with at most five events before.",
    "rare_items": "Only cases whose next item has at most five events to learn from.",
}
EMPTY_WORDS = {
    "new_users": "Nobody is new here: everybody has more than five events before the events judged, so there is no cold start of people to show.",
    "rare_items": "No item is rare here: each that came next has more than five events to learn from, so there is no cold start of items to show.",
}


def protocol_sentence(dataset: Dataset, protocol: str, split: str) -> str:
    """HTML: what the figures below were measured on."""
    seen = "items seen before stay candidates" if dataset.repeats else "items seen before are no candidates"
    return f"<b>{html.escape_html(protocol)}, {html.escape_html(split)} events</b>: {PROTOCOLS[protocol]}; {seen}. Small figures are 95 % intervals over people."


def part_sentence(lines: Sequence[LeaderboardRow], part: str) -> str:
    """HTML: which cases are looked at and how many there are, or that there is none."""
    known = [line.slices[part] for line in lines if part in line.slices]
    figures = next((each for each in known if each is not None), None)
    if figures is not None:
        people = "one person" if figures.users == 1 else f"{figures.users:,} people"
        return f"{PART_WORDS[part]} <b>{formatting.plural(figures.cases, 'case')}</b> of {people}."
    return EMPTY_WORDS[part] if known else f"{PART_WORDS[part]} Not measured yet."


def table_html(table: Sequence[LeaderboardRow], chosen: str) -> str:
    """One protocol's models in two labelled classes, best first in each; the best figure of each class is marked."""
    classes = {
        "Told when or where the request is made": [line for line in table if line.aware],
        "Told neither": [line for line in table if not line.aware],
    }
    heads = "".join(f'<th class="n" title="{rows.MEANINGS[name]}">{html.escape_html(label)}</th>' for name, label in METRICS.items())
    body = ""
    for label, members in classes.items():
        if members:
            body += f'<tr><th colspan="8">{label}</th></tr>' + "".join(_row(line, members, line.name == chosen) for line in members)
    return (
        f'<table class="rs-table"><thead><tr><th>Model</th>{heads}<th class="n">Parameters</th><th class="n">Trained in</th>'
        f'<th class="n">One request</th></tr></thead><tbody>{body}</tbody></table>'
    )


def _row(line: LeaderboardRow, members: Sequence[LeaderboardRow], chosen: bool) -> str:
    told = f"told the {' and the '.join(line.aware)}" if line.aware else ""
    cells = ""
    for name in METRICS:
        best = len(members) > 1 and 0 < line.metrics.get(name, 0) >= max(each.metrics.get(name, 0) for each in members)
        cells += f'<td class="n{" best" if best else ""}">{metric_html(line.metrics, line.intervals, name)}</td>'
    request = format_latency(line.request_ms) if line.request_ms is not None else '<span title="measure to know">–</span>'
    return (
        f'<tr class="{"now" if chosen else ""}"><td>{html.escape_html(line.title)}<small>{html.escape_html(told)}</small></td>{cells}'
        f'<td class="n">{line.parameters:,}</td><td class="n">{html.escape_html(format_train_time(line.train_seconds))}</td><td class="n">{request}</td></tr>'
    )


def flattered(table: Sequence[LeaderboardRow]) -> str:
    """A sentence on models that learnt something from the very validation events of this table, or nothing."""
    names = [line.title for line in table if line.split == "validation" and ("kind", "learnt") in MODELS[line.model].preset]
    return (
        f"Flattered here: {', '.join(names)}. Its weights were learnt on these validation events; the test events were not."
        if names
        else ""
    )


def comparison(table: Sequence[LeaderboardRow], judged: Mapping[str, Evaluation], metric: str, part: str) -> str:
    """HTML: does the first beat the second? A paired test, once both were measured."""
    ready = [line for line in table[:2] if line.name in judged and metric in line.metrics]
    if len(ready) < 2:
        return ""
    first, second = (judged[line.name] for line in ready)
    found = compare_paired(first, second, metric, slice=None if part == rows.ALL else part)
    names = [f"<b>{html.escape_html(line.title)}</b>" for line in ready]
    gap = f"{found.difference:.3f} {html.escape_html(METRICS[metric])} ({found.low:.3f} to {found.high:.3f}, p {'<' if found.p <= 0.001 else '='} {found.p:.3f})"
    if found.low <= 0 or found.p >= 0.05:
        return f"{names[0]} leads {names[1]} by {gap}: within chance."
    return f"{names[0]} beats {names[1]} by {gap}, tested on the same events."


def idea_html(idea: Ablation, steps: Sequence[AblationEffect], metric: str) -> str:
    """A small table: each step of an idea, without and with it, and what it adds with the interval."""
    rows = "".join(_step_row(each) for each in steps)
    return (
        f'<div class="rs-head"><span>{html.escape_html(idea.title)}</span></div><p class="rs-data">{html.escape_html(idea.sentence)}</p>'
        f'<table class="rs-table"><thead><tr><th></th><th class="n">Without</th><th class="n">With</th>'
        f'<th class="n">{html.escape_html(METRICS[metric])} gained</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _step_row(found: AblationEffect) -> str:
    without = MODELS[found.without].title
    return (
        f"<tr><td>{html.escape_html(found.step.words)}<small>{html.escape_html(MODELS[found.step.model].title)} against {html.escape_html(without)}</small></td>"
        f'<td class="n">{found.before:.3f}</td><td class="n">{found.after:.3f}</td><td class="n{" best" if found.gain.low > 0 else ""}">{_gain(found.gain)}</td></tr>'
    )


def _gain(found: PairedDifference) -> str:
    verdict = "" if found.low > 0 else " · a loss" if found.high < 0 else " · within chance"
    return f"{found.difference:+.3f}<small>{found.low:+.3f} to {found.high:+.3f}{verdict}</small>"


def side_by_side(tables: Sequence[str]) -> str:
    """Small tables next to each other where there is room, else one below the other."""
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:1.4rem 3rem">'
        + "".join(f'<div style="flex:1 1 26rem;max-width:44rem">{table}</div>' for table in tables)
        + "</div>"
    )


FORETOLD = {
    "rmse": ("The rating of the next event, RMSE", "the mean rating"),
    "log_loss": ("The next behaviour, log loss in nats", "how often each behaviour occurs"),
}


def foretold_html(lines: Sequence[LeaderboardRow], name: str) -> str:
    """A small table of models that also predict ratings or behaviours, beside knowing nothing; less is better. Empty if none does."""
    able = sorted((line for line in lines if name in line.metrics), key=lambda line: line.metrics[name])
    if not able:
        return ""
    title, nothing = FORETOLD[name]
    rows = "".join(
        f'<tr><td>{html.escape_html(line.title)}</td><td class="n">{metric_html(line.metrics, line.intervals, name)}</td>'
        f'<td class="n">{metric_html(line.metrics, line.intervals, f"{name}_baseline")}</td>'
        f'<td class="n{" best" if line.intervals[f"{name}_gain"][0] > 0 else ""}">{metric_html(line.metrics, line.intervals, f"{name}_gain")}</td></tr>'
        for line in able
    )
    return (
        f'<div class="rs-head"><span>{title}</span></div><p class="rs-data">Less is better. Beside each, on the same events: {nothing}.</p>'
        f'<table class="rs-table"><thead><tr><th>Model</th><th class="n">Model</th><th class="n">Knowing nothing</th>'
        f'<th class="n">Better by</th></tr></thead><tbody>{rows}</tbody></table>'
    )

"""The leaderboard's lines: words, tables, and the evaluation that fills them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages import loaders, look
from pages.cursor import Cursor
from recsys.core import Dataset
from recsys.evaluation import paired
from recsys.figures.leaderboard import Mark
from recsys.leaderboard import Standing, measured, standing

if TYPE_CHECKING:
    from recsys.checkpoints import Found

FIRST = "ndcg@10"
METRICS = {"ndcg@10": "NDCG@10", "hr@10": "Hit rate@10", "hr@1": "Hit rate@1", "mrr": "MRR"}
MEANINGS = {
    "ndcg@10": "1 when the next item is first, less the lower it stands, 0 outside the ten",
    "hr@10": "how often the next item is among the ten",
    "hr@1": "how often the next item is first",
    "mrr": "one over the rank of the next item",
}
MORE = {
    "coverage@10": "Coverage@10",
    "novelty@10": "Novelty@10, bits",
    "parameters": "Parameters",
    "seconds": "Training, s",
    "request": "One request, ms",
}
LOGARITHMIC = ("parameters", "seconds", "request")
SPLITS = {"validation": "Validation events", "test": "Test events"}
PROTOCOLS = {
    "last-out": "each person’s last event is the test, the one before it validation",
    "temporal": "one cut in time for everybody: learnt from the first 80 % of events, validated on the next 10 %, tested on the last 10 %",
}


def lines(here: Cursor, trained: Mapping[str, "Found"], which: str) -> list[Standing]:
    """A line a checkpoint that fits this data: what was measured in this session, else what its card says of validation."""
    found = []
    for name, each in trained.items():
        if each.card.dataset_fingerprint != here.dataset.fingerprint:
            continue
        line = standing(each.card, here.dataset)
        if (name, each.card.created, which) in _done():
            line = measured(line, *loaders.evaluation(here.dataset, name, which, here.device))
        elif which != "validation":
            continue
        found.append(line)
    return found


def stale(dataset: Dataset, trained: Mapping[str, "Found"]) -> str:
    """A sentence on checkpoints that are left out, or nothing."""
    old = [name for name, each in trained.items() if each.card.dataset_fingerprint != dataset.fingerprint]
    return f"Left out, since the data has changed after they were trained: {', '.join(old)}. Train them again." if old else ""


def _done() -> set[tuple[str, str, str]]:
    """What this session has asked to be evaluated; the results themselves are in the loaders' cache."""
    return st.session_state.setdefault("evaluated", set())


def protocol_sentence(dataset: Dataset, protocol: str, split: str, table: Sequence[Standing]) -> str:
    """HTML: what the figures below were measured on."""
    seen = "items seen before stay candidates" if dataset.repeats else "items seen before are no candidates"
    return f"<b>{look.safe(protocol)}, {look.safe(split)} events</b>: {PROTOCOLS[protocol]}; {seen}. Small figures are 95 % intervals over people."


def table_html(table: Sequence[Standing], metric: str, chosen: str) -> str:
    """One protocol's models in two labelled classes, best first in each; the best figure of each class is marked."""
    classes = {
        "Told when or where the request is made": [line for line in table if line.aware],
        "Told neither": [line for line in table if not line.aware],
    }
    heads = "".join(f'<th class="n" title="{MEANINGS[name]}">{look.safe(label)}</th>' for name, label in METRICS.items())
    body = ""
    for label, members in classes.items():
        if members:
            body += f'<tr><th colspan="8">{label}</th></tr>' + "".join(_row(line, members, metric, line.name == chosen) for line in members)
    return (
        f'<table class="rs-table"><thead><tr><th>Model</th>{heads}<th class="n">Parameters</th><th class="n">Trained in</th>'
        f'<th class="n">One request</th></tr></thead><tbody>{body}</tbody></table>'
    )


def _row(line: Standing, members: Sequence[Standing], metric: str, chosen: bool) -> str:
    told = f"told the {' and the '.join(line.aware)}" if line.aware else ""
    cells = ""
    for name in METRICS:
        best = len(members) > 1 and line.metrics.get(name, 0) >= max(each.metrics.get(name, 0) for each in members)
        cells += f'<td class="n{" best" if best else ""}">{figure(line.metrics, line.intervals, name)}</td>'
    request = f"{line.request_ms:.1f} ms" if line.request_ms is not None else '<span title="evaluate to measure">–</span>'
    return (
        f'<tr class="{"now" if chosen else ""}"><td>{look.safe(line.title)}<small>{look.safe(told)}</small></td>{cells}'
        f'<td class="n">{line.parameters:,}</td><td class="n">{look.safe(spoken_seconds(line.training_seconds))}</td><td class="n">{request}</td></tr>'
    )


def figure(metrics: Mapping[str, float], intervals: Mapping[str, tuple[float, float]], name: str) -> str:
    """HTML: a figure and, small, its interval."""
    if name not in metrics:
        return "–"
    low, high = intervals.get(name, (None, None))
    interval = f"<small>{low:.3f}–{high:.3f}</small>" if low is not None and high is not None else ""
    return f"{metrics[name]:.3f}{interval}"


def spoken_seconds(seconds: float) -> str:
    if seconds < 1:
        return "< 1 s"
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def comparison(here: Cursor, table: Sequence[Standing], metric: str) -> str:
    """HTML: does the first beat the second? A paired test, once both were evaluated in this session."""
    ready = [line for line in table[:2] if line.request_ms is not None]
    if len(ready) < 2:
        return ""
    first, second = (loaders.evaluation(here.dataset, line.name, line.split, here.device)[0] for line in ready)
    found = paired(first, second, metric)
    names = [f"<b>{look.safe(line.title)}</b>" for line in ready]
    gap = f"{found.difference:.3f} {look.safe(METRICS[metric])} ({found.low:.3f} to {found.high:.3f}, p {'<' if found.p <= 0.001 else '='} {found.p:.3f})"
    if found.low <= 0:
        return f"{names[0]} leads {names[1]} by {gap}: within chance."
    return f"{names[0]} beats {names[1]} by {gap}, tested on the same events."


def draw_evaluate(here: Cursor, trained: Mapping[str, "Found"], which: str) -> None:
    """The button that measures here and now; the test split only after a warning was read."""
    waiting = [name for name, each in trained.items() if (name, each.card.created, which) not in _done()]
    if not waiting:
        st.caption(f"Measured here on {here.device if here.device != 'auto' else 'this machine'}.")
        return
    agreed = True
    if which == "test":
        st.warning(
            "The test split is to be read once, when every choice is made. Who looks, changes something and looks again has made it a validation split."
        )
        agreed = st.checkbox("My choices are made; read the test split now", key="test_agreed")
    label = "Read the test split" if which == "test" else "Evaluate all here, with the time of a request"
    if st.button(label, key="evaluate", disabled=not agreed):
        _evaluate(here, trained, waiting, which)


def _evaluate(here: Cursor, trained: Mapping[str, "Found"], names: Sequence[str], which: str) -> None:
    progress = st.progress(0.0)
    for at, name in enumerate(names):
        progress.progress(at / len(names), text=f"Judging {name}, {at + 1} of {len(names)} …")
        if trained[name].card.dataset_fingerprint == here.dataset.fingerprint:
            loaders.evaluation(here.dataset, name, which, here.device)
        _done().add((name, trained[name].card.created, which))
    progress.empty()
    st.rerun()


def axes(table: Sequence[Standing]) -> dict[str, str]:
    """What can be drawn: figures that every line has."""
    every = {**METRICS, **MORE}
    return {key: title for key, title in every.items() if table and all(_value(line, key) is not None for line in table)}


def _value(line: Standing, key: str) -> float | None:
    values = {"parameters": line.parameters, "seconds": max(line.training_seconds, 0.01), "request": line.request_ms}
    return values[key] if key in values else line.metrics.get(key)


def marks(table: Sequence[Standing], x: str, y: str, chosen: str) -> list[Mark]:
    return [
        Mark(
            line.title,
            _value(line, x) or 0.0,
            _value(line, y) or 0.0,
            line.intervals.get(x),
            line.intervals.get(y),
            bool(line.aware),
            line.name == chosen,
        )
        for line in table
    ]

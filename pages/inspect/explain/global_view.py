"""A model in general: which events move it, which kinds lead to which, and rules that a person can read."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.cache.explanations import explanation_key, explanation_store
from pages.shell.cursor import Cursor
from pages.ui import charts, formatting, html, theme
from recsys.core.split import split_interactions
from recsys.explain.fidelity.fidelity_benchmark import Report
from recsys.explain.global_.global_importance import (
    GlobalImportance,
    ImportanceLine,
    between_categories,
    measure_global_importance,
    summarize_importance,
)
from recsys.explain.global_.surrogate import Surrogate, fit_surrogate
from recsys.figures.global_importance import beeswarm, category_map
from recsys.models import MODELS
from recsys.training.checkpoints import Loaded

Made = TypeVar("Made")
PEOPLE = 120
PATIENCE = 12.0  # seconds, after which fewer people must do
WORTH = 0.02  # of all listed: rules that hold less are left out
ENOUGH = 0.02  # of the differences told: a question worth naming


def draw(here: Cursor, found: Loaded, lead: DeltaGenerator) -> None:
    """Figures and rules; what decides most is said in `lead`."""
    seen = _influences(here, found)
    lines, colours = summarize_importance(seen), theme.theme_palette()
    lead.html(html.lead_html(sentence(seen, lines)))
    figure = beeswarm(seen, lines, colours)
    charts.chart(figure, key="beeswarm", alt=in_words(lines))
    st.caption(
        "Each dot is one event of one person, left out of their history: blue where the recommendation lost by that, orange where it "
        "gained. Dots at the very edge lie further out. Upright marks are averages, and the lines across them how sure those are (95 %)."
    )
    names, means = between_categories(seen)
    if len(names) > 1:
        alt = "Kinds of events against kinds recommended."
        charts.chart(category_map(names, means, colours), key="category_map", alt=alt)
        st.caption(
            "Blue: an event of the kind on the left lifts what is recommended below; orange: it lowers it; blank: too few cases to say."
        )
    st.html(rules_html(_surrogate(here, found)))


def _influences(here: Cursor, found: Loaded) -> GlobalImportance:
    def made(report: Report) -> GlobalImportance:
        marked, aware = split_interactions(here.dataset, found.card.protocol), MODELS[found.card.model].aware
        return measure_global_importance(found.model, here.dataset, marked, aware, PEOPLE, report=report, patience=PATIENCE)

    return _kept(here, found, "influences", "Leaving out events of many people", made)


def _surrogate(here: Cursor, found: Loaded) -> Surrogate:
    def made(report: Report) -> Surrogate:
        return fit_surrogate(found.model, here.dataset, split_interactions(here.dataset, found.card.protocol), PEOPLE, report=report)

    return _kept(here, found, "surrogate", "Looking for rules that foretell the list", made)


def _kept(here: Cursor, found: Loaded, what: str, says: str, make: Callable[[Report], Made]) -> Made:
    """What was made before, or is made now with its progress shown."""
    key = explanation_key(here.dataset, found, what)
    kept: Made | None = explanation_store().get(key)
    if kept is None:
        with charts.progress(f"{says} …", lambda done, total: f"{says}: {done} of {total}") as report:
            kept = make(report)
        explanation_store().put(key, kept)
    return kept


def sentence(seen: GlobalImportance, lines: list[ImportanceLine]) -> str:
    """HTML: what decides most, and how many people that rests on."""
    people = len(set(seen.cases.tolist()))
    rests = f"From {formatting.plural(len(seen.values), 'event')} of {people:,} people, each left out once."
    best = lines[0].feature if lines else ""
    if not lines or seen.importance(best) < ENOUGH:
        return f"<b>No kind of event</b> moves this model more than others do. {rests}"
    top = max((line for line in lines if line.feature == best), key=lambda line: line.mean)
    lifts = f"lifts a recommendation by {top.mean:.2f} on average, where 1 is the usual spread of the scores"
    return f"Most depends on <b>{html.escape_html(best[0].lower() + best[1:])}</b>: <b>{html.escape_html(top.name)}</b> {lifts}. {rests}"


def in_words(lines: list[ImportanceLine]) -> str:
    return "; ".join(f"{line.feature}, {line.name}: {line.mean:+.2f}" for line in lines[:8])


def rules_html(found: Surrogate) -> str:
    """The rules of the tree as a table, with how well they do for other people."""
    rows = "".join(
        f'<tr><td>{"<br>and ".join(html.escape_html(each) for each in rule.conditions) or "always"}</td><td class="n">{rule.listed:.0%}</td><td class="n">{rule.held:.0%}</td></tr>'
        for rule in found.rules
        if rule.held >= WORTH
    )
    told = (
        f"Tried on {found.held_out:,} other people, these rules guess <b>{found.found:.1f}</b> of the ten that the model lists; taking the "
        f"most popular guesses {found.popular:.1f}, any ten {found.chance:.1f}. The nearer to ten, the more they say of the model."
    )
    head = '<th>An item like this</th><th class="n">is listed</th><th class="n">share of all lists</th>'
    return (
        html.list_head("The model in a few rules", f"learnt from the lists of {found.people:,} people")
        + f'<p class="rs-quiet" style="margin-bottom:.4rem">{told}</p><table class="rs-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )

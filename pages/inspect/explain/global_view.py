"""The global view of a model: the events that move its lists, the influence between categories, and a surrogate of a few rules."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.cache.explanations import explanation_key, explanation_store
from pages.inspect.explain import boosted_view
from pages.shell.cursor import Cursor
from pages.ui import charts, html, theme
from recsys.core import TOP_K
from recsys.core.formatting import format_fixed, format_share
from recsys.core.nouns import count_events
from recsys.core.split import split_interactions
from recsys.core.translation import _, ngettext
from recsys.explain.fidelity.fidelity_benchmark import ReportProgress
from recsys.explain.global_.boosted_surrogate import BoostedSurrogate, fit_boosted_surrogate
from recsys.explain.global_.global_importance import (
    GlobalImportance,
    ImportanceLine,
    measure_category_influence,
    measure_global_importance,
    summarize_importance,
)
from recsys.explain.global_.surrogate import Rule, Surrogate, describe_condition, fit_surrogate
from recsys.figures.global_importance import beeswarm, category_map
from recsys.models import find_model_spec
from recsys.training.checkpoints import LoadedCheckpoint

Result = TypeVar("Result")
USERS = 120
TIME_LIMIT = 12.0  # seconds, after which fewer users have to do
LEAST_SHARE = 0.02  # of all listed items: rules that cover less are left out
LEAST_IMPORTANCE = 0.02  # of the variance: features that explain less are not named


def draw(here: Cursor, loaded: LoadedCheckpoint, lead: DeltaGenerator) -> None:
    """Draw the figures and the rules; `lead` takes the most important feature."""
    importance = _importance(here, loaded)
    lines, colours = summarize_importance(importance), theme.theme_palette()
    lead.html(html.lead_html(importance_sentence(importance, lines)))
    charts.chart(beeswarm(importance, lines, colours), key="beeswarm", alt=importance_text(lines))
    st.caption(
        _(
            "Each dot is one event of one user, left out of the history: blue where the score of the recommended item fell without it, "
            "orange where it rose. Dots at the edge are off the scale. Vertical marks are means, and the lines across them are 95% intervals."
        )
    )
    names, means = measure_category_influence(importance)
    if len(names) > 1:
        alt = _("Influence of the category of an event on the category of the recommended item.")
        charts.chart(category_map(names, means, colours), key="category_map", alt=alt)
        st.caption(
            _(
                "Blue: an event of the category on the left raises the score of a recommended item of the category below; orange: it lowers "
                "it; blank: too few cases."
            )
        )
    boosted_view.draw(_boosted_surrogate(here, loaded))
    st.html(rules_html(_surrogate(here, loaded)))


def _importance(here: Cursor, loaded: LoadedCheckpoint) -> GlobalImportance:
    def measure(report: ReportProgress) -> GlobalImportance:
        split, aware = split_interactions(here.dataset, loaded.card.protocol), find_model_spec(loaded.card.model).aware
        return measure_global_importance(loaded.model, here.dataset, split, aware, USERS, report=report, patience=TIME_LIMIT)

    def describe(done: int, total: int) -> str:
        return _("Leaving out events, user {done} of {total}", done=done, total=total)

    return _stored(here, loaded, "influences", _("Leaving out events …"), describe, measure)


def _surrogate(here: Cursor, loaded: LoadedCheckpoint) -> Surrogate:
    def describe(done: int, total: int) -> str:
        return _("Fitting rules, user {done} of {total}", done=done, total=total)

    return _fitted(here, loaded, "surrogate", _("Fitting rules …"), describe, fit_surrogate)


def _boosted_surrogate(here: Cursor, loaded: LoadedCheckpoint) -> BoostedSurrogate:
    def describe(done: int, total: int) -> str:
        return _("Fitting trees, user {done} of {total}", done=done, total=total)

    return _fitted(here, loaded, "boosted surrogate", _("Fitting trees …"), describe, fit_boosted_surrogate)


def _fitted(
    here: Cursor, loaded: LoadedCheckpoint, name: str, opening: str, describe: Callable[[int, int], str], fit: Callable[..., Result]
) -> Result:
    """Return a stored surrogate, or fit it to the lists of some users."""
    split = split_interactions(here.dataset, loaded.card.protocol)
    return _stored(here, loaded, name, opening, describe, lambda report: fit(loaded.model, here.dataset, split, USERS, report=report))


def _stored(
    here: Cursor,
    loaded: LoadedCheckpoint,
    name: str,
    opening: str,
    describe: Callable[[int, int], str],
    compute: Callable[[ReportProgress], Result],
) -> Result:
    """Return a stored result, or compute it with progress shown."""
    key = explanation_key(here.dataset, loaded, name)
    result: Result | None = explanation_store().get(key)
    if result is None:
        with charts.progress(opening, describe) as report:
            result = compute(report)
        explanation_store().put(key, result)
    return result


def importance_sentence(importance: GlobalImportance, lines: list[ImportanceLine]) -> str:
    """Return the most important feature and the size of the sample, as HTML."""
    sample = _(
        "Measured by leaving out {events} of {users}, one at a time.",
        events=count_events(len(importance.values), "event"),
        users=_users(len(set(importance.cases.tolist()))),
    )
    best = lines[0].feature if lines else ""
    if not lines or importance.importance(best) < LEAST_IMPORTANCE:
        return _("<b>No feature of an event</b> explains its influence on the list.") + " " + sample
    top = max((line for line in lines if line.feature == best), key=lambda line: line.mean)
    finding = _(
        "The most important feature of an event is <b>{feature}</b>: <b>{value}</b> raises the score of the recommended item by {mean} "
        "standard deviations on average.",
        feature=html.escape_html(_(best)),
        value=html.escape_html(_(top.name)),
        mean=format_fixed(top.mean, 2),
    )
    return finding + " " + sample


def importance_text(lines: list[ImportanceLine]) -> str:
    """Return the means as plain text."""
    parts = [
        _("{feature}, {value}: {mean}", feature=_(line.feature), value=_(line.name), mean=format_fixed(line.mean, 2, sign=True))
        for line in lines[:8]
    ]
    return "; ".join(parts)


def rules_html(surrogate: Surrogate) -> str:
    """Return the rules of the surrogate as a table, with its fidelity for held-out users, as HTML."""
    rows = "".join(_rule_row(rule) for rule in surrogate.rules if rule.coverage >= LEAST_SHARE)
    fidelity = _(
        "For {users} not used to fit the rules, the rules find <b>{found}</b> of the model’s top {k}; the most popular items find "
        "{popular}, random items {chance}. The closer to {k}, the better the rules describe the model.",
        users=_users(surrogate.held_out),
        found=format_fixed(surrogate.hits, 1),
        popular=format_fixed(surrogate.popularity_hits, 1),
        chance=format_fixed(surrogate.chance_hits, 1),
        k=TOP_K,
    )
    item, listed, share = _("Item with these properties"), _("In the top {k}", k=TOP_K), _("Share of all lists")
    columns = f'<th>{item}</th><th class="n">{listed}</th><th class="n">{share}</th>'
    head = html.list_head(_("Surrogate model: a few rules"), _("fitted to the lists of {users}", users=_users(surrogate.users)))
    return (
        f'{head}<p class="rs-quiet" style="margin-bottom:.4rem">{fidelity}</p>'
        f'<table class="rs-table"><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _rule_row(rule: Rule) -> str:
    conditions = "<br>".join(html.escape_html(describe_condition(each)) for each in rule.conditions) or _("any item")
    return (
        f'<tr><td>{conditions}</td><td class="n">{format_share(rule.precision)}</td><td class="n">{format_share(rule.coverage)}</td></tr>'
    )


def _users(count: int) -> str:
    return ngettext("{count} user", "{count} users", count)

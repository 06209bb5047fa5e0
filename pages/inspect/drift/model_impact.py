"""Impact of changes of interest on the cursor's model, over all users."""

import numpy as np
import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import charts, html, theme
from pages.ui.errors import escape_markdown
from recsys.core import TOP_K
from recsys.core.formatting import format_fixed, format_number, format_share
from recsys.core.translation import N_, _, ngettext
from recsys.drift.impact import AROUND, FEWEST, Impact, measure_impacts, sample_moments, summarize_impact
from recsys.figures.population import impact_scatter
from recsys.models import find_model_spec

# For each outcome of the comparison, its sentence.
NO_IMPACT = N_("The effect of a change on {model} cannot be distinguished from chance.")
LOSS = N_("<b>A change makes {model} worse.</b>")
GAIN = N_("<b>A change makes {model} better.</b>")


def draw(here: Cursor) -> None:
    """Draw the impact of changes on the model; on request, since it replays some hundred users."""
    reports = cache.changes_of_all(here.dataset)
    if reports is None or not here.trained:
        return
    loaded = cache.loaded(here.dataset, here.model, here.device)
    title, key = find_model_spec(loaded.card.model).title, f"cost_{here.dataset.fingerprint}_{loaded.fingerprint}"
    if key not in st.session_state:
        moments = sample_moments(here.dataset, reports)
        changed = sum(each.size > 0 for each in moments)
        if min(changed, len(moments) - changed) < FEWEST:
            st.caption(
                _(
                    "The impact of changes on {model} cannot be measured: this needs {needed} users with a change and as many without, with enough "
                    "events on either side; {changed} and {stable} were found.",
                    model=escape_markdown(title),
                    needed=FEWEST,
                    changed=changed,
                    stable=len(moments) - changed,
                )
            )
            return
        label = ngettext(
            "Measure the impact of changes on {model}: replay {count} user",
            "Measure the impact of changes on {model}: replay {count} users",
            len(moments),
            model=title,
        )
        if not st.button(escape_markdown(label), key="ask_cost"):
            return
        rows = []
        with charts.progress(_("Replaying …"), _describe_progress) as report:
            for row in measure_impacts(loaded.model, here.dataset, moments, cache.labels(here.dataset, loaded.card.protocol)):
                rows.append(row)
                report(len(rows), len(moments))
        st.session_state[key] = summarize_impact(rows)
        st.rerun()  # without the button
    impact: Impact = st.session_state[key]
    st.html(f'<p class="rs-quiet">{impact_html(impact, title)}</p>')
    alt = _("Size of each user’s change against the change of the model’s reciprocal rank.")
    charts.chart(impact_scatter(impact, theme.theme_palette()), key="cost", alt=alt)
    st.caption(
        _(
            "Each dot is a user: the mean reciprocal rank of the next items after the change minus that before it, over up to {around} events "
            "on either side. Users without a change are measured at similar positions of their timelines, since a model ranks the earlier "
            "part better. Lines: means with 95% intervals over users.",
            around=AROUND,
        )
    )


def _describe_progress(done: int, total: int) -> str:
    return _("Replaying, {done} of {total} users", done=format_number(done), total=format_number(total))


def impact_html(impact: Impact, model: str) -> str:
    """Return the impact with counts and intervals, and how much of it is in-sample, as HTML."""
    name = html.escape_html(model)
    changed = sum(row.moment.size > 0 for row in impact.rows)
    excess, low, high = (float(each) for each in impact.excess)
    sentences = [
        _(NO_IMPACT if low <= 0 <= high else LOSS if excess < 0 else GAIN, model=name),
        _(
            "The hit rate in the top {k} changes by {changed} points after the largest change of {n_changed} users, and by {stable} points "
            "at similar positions of {n_stable} users without a change.",
            k=TOP_K,
            changed=format_fixed(100 * float(impact.hits_changed[0]), 0, sign=True),
            stable=format_fixed(100 * float(impact.hits_stable[0]), 0, sign=True),
            n_changed=changed,
            n_stable=len(impact.rows) - changed,
        ),
        _(
            "The mean reciprocal rank changes by {changed} and by {stable}, a difference of {excess}.",
            changed=_interval(impact.changed),
            stable=_interval(impact.stable),
            excess=_interval(impact.excess),
        ),
        _relation(impact.relation),
    ]
    if impact.train_share > 0:
        sentences.append(
            _(
                "{share} of these events are training events of {model}: there the ranks show how well it fits, not how well it would have "
                "predicted, and the impact may be larger than shown.",
                share=format_share(impact.train_share),
                model=name,
            )
        )
    return " ".join(sentences)


def _relation(relation: np.ndarray) -> str:
    values = dict(zip(("correlation", "low", "high"), (format_fixed(float(each), 2, sign=True) for each in relation), strict=True))
    correlation, low, high = relation
    if low <= 0 <= high:
        return _("The size of the change makes no clear difference (rank correlation {correlation}, {low} to {high}).", **values)
    if correlation < 0:
        return _("The larger the change, the worse the model ranks afterwards (rank correlation {correlation}, {low} to {high}).", **values)
    return _("The larger the change, the better the model ranks afterwards (rank correlation {correlation}, {low} to {high}).", **values)


def _interval(values: np.ndarray) -> str:
    mean, low, high = (format_fixed(float(each), 3, sign=True) for each in values)
    return _("{mean} ({low} to {high})", mean=mean, low=low, high=high)

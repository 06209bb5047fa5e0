"""The part of the page on drift that says how drift and error go together, for the cursor's model."""

import re

import numpy as np
import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import charts, html, theme
from pages.ui.errors import escape_markdown
from recsys.drift.impact import AROUND, FEWEST, Impact, measure_impacts, sample_moments, summarize_impact
from recsys.figures.population import cost_dots
from recsys.models import MODELS


def draw(here: Cursor) -> None:
    """What changes of interest cost the model, over everybody; asked for, since it replays some hundred people."""
    reports = cache.changes_of_all(here.dataset)
    if reports is None or not here.trained:
        return
    loaded = cache.loaded(here.dataset, here.model, here.device)
    title, key = MODELS[loaded.card.model].title, f"cost_{here.dataset.fingerprint}_{loaded.fingerprint}"
    if key not in st.session_state:
        moments = sample_moments(here.dataset, reports)
        changed = sum(each.size > 0 for each in moments)
        if min(changed, len(moments) - changed) < FEWEST:
            st.caption(
                f"What changes cost {escape_markdown(title)} cannot be told: {changed} people with one and {len(moments) - changed} without are too few."
            )
            return
        if not st.button(escape_markdown(f"What changes cost {title}: replay {len(moments)} people"), key="ask_cost"):
            return
        rows = []
        with charts.progress("Replaying", lambda done, total: f"{done} of {total} people") as report:
            for row in measure_impacts(loaded.model, here.dataset, moments, cache.labels(here.dataset, loaded.card.protocol)):
                rows.append(row)
                report(len(rows), len(moments))
        st.session_state[key] = summarize_impact(rows)
        st.rerun()  # without the button
    found: Impact = st.session_state[key]
    st.html(f'<p class="rs-quiet">{told(found, title)}</p>')
    charts.chart(cost_dots(found, theme.theme_palette()), key="cost", alt="Size of change against change in rank.")
    st.caption(
        f"Each dot is a person: how much better or worse the model ranks their next events after the change than before it, up to {AROUND} "
        "events on either side. People without a change are looked at around like parts of their lives, since a model knows the earlier "
        "part better. Lines: means, with the range that holds 95 % when other people are drawn."
    )


def told(found: Impact, model: str) -> str:
    """HTML: what it shows, with counts and intervals, and whether the model foresaw or remembered."""
    name = html.escape_html(model)
    changed = sum(row.moment.size > 0 for row in found.rows)
    excess, low, high = found.excess
    hits, steady = found.hits_changed[0], found.hits_stable[0]
    if low <= 0 <= high:
        what = f"A change costs {name} nothing that can be told from chance"
    else:
        what = f"<b>A change {'costs' if excess < 0 else 'helps'} {name}</b>"
    rate, left, right = found.relation
    more = "cost neither more nor less, as far as can be told" if left <= 0 <= right else "cost more" if rate < 0 else "cost less"
    words = (
        f"{what}. After the largest change of {changed} people the next event is in its ten {_more_or_less(hits)}; at like times of "
        f"{len(found.rows) - changed} people without one, {_more_or_less(steady)}. The mean of 1 / rank moves by "
        f"{_points(found.changed)} and by {_points(found.stable)}, a difference of {excess:+.3f} ({low:+.3f} to {high:+.3f}). "
        f"Larger changes {more} (rank correlation {rate:+.2f}, {left:+.2f} to {right:+.2f})."
    )
    if found.learnt > 0:
        words += (
            f" {name} learnt from {found.learnt:.0%} of these events: there it shows how well it fits a life around a change, "
            "not how well it would have foreseen one, and the change may cost more than shown."
        )
    return re.sub(r"(?<![\w])-(?=\d)", "−", words)


def _more_or_less(points: float) -> str:
    rounded = round(100 * points)
    return f"{abs(rounded)} in 100 times {'more' if rounded > 0 else 'less'} often than before" if rounded else "as often as before"


def _points(values: np.ndarray) -> str:
    mean, low, high = values
    return f"{mean:+.3f} ({low:+.3f} to {high:+.3f})"

"""Leaderboard: the metrics of every model trained on the cursor's dataset."""

import streamlit as st

from pages import cache
from pages.evaluate.leaderboard import ablations, evaluation_button, labels, predictions, rows, scatter, tables
from pages.shell import cursor
from pages.ui import html, metrics
from pages.ui.errors import escape_markdown
from recsys.core.moments import describe_order
from recsys.core.split import SPLIT_NAMES
from recsys.core.translation import _
from recsys.leaderboard import group_comparable_rows

here = cursor.current_cursor()
dataset = here.dataset
trained = cache.checkpoints(dataset)


def choose(label: str, options: dict[str, str], key: str, first: str) -> str:
    def title(name: str) -> str:
        return _(options[name])

    return st.segmented_control(label, options, default=first, required=True, key=key, format_func=title, width="content") or first


def draw() -> None:
    with st.container(horizontal=True, gap="medium"):
        metric = choose(_("Sort by"), metrics.METRICS, "board_metric", metrics.DEFAULT_METRIC)
        part = choose(_("Subset"), labels.SLICES, "board_part", labels.ALL)
        which = choose(_("Split"), {name: metrics.SPLITS[name] for name in SPLIT_NAMES[1:]}, "board_split", "validation")
    shown = rows.load_rows(here, trained, which)
    if part != labels.ALL and shown.lines:
        html.lead(tables.slice_sentence(shown.lines, part))
    lines = rows.select_slice(shown.lines, part)
    for (protocol, split), group in group_comparable_rows(lines, metric).items():
        group = [line for line in group if part == labels.ALL or line.metrics]
        if group:
            html.lead(tables.protocol_sentence(dataset, protocol, split, group))
            st.html(tables.table_html(group, here.model))
            html.lead(tables.compare_best_two(group, shown.evaluations, metric, part))
            if tables.fitted_sentence(group):
                st.caption(escape_markdown(tables.fitted_sentence(group)))
    evaluation_button.draw_button(here, which, shown)
    scatter.draw_scatter([line for line in lines if line.metrics], here.model)
    ablations.draw_ablations(shown, metric, part)
    if part == labels.ALL:
        predictions.draw_predictions(lines)


st.title(_("Leaderboard"))
html.lead(tables.lead_sentence(dataset))
if describe_order(dataset):
    st.caption(describe_order(dataset))
if trained:
    draw()
else:
    st.info(_("No model is trained on this dataset yet. Train one on the Checkpoints page; a counting model takes seconds."))
rows.draw_absent_models(dataset, trained)

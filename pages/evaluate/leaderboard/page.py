"""Every trained model of the cursor's dataset against the others."""

import streamlit as st

from pages import cache
from pages.evaluate.leaderboard import rows, tables
from pages.shell import cursor
from pages.ui import charts, html, theme
from pages.ui.errors import escape_markdown
from recsys.core.split import SPLIT_NAMES
from recsys.figures.leaderboard import trade_off
from recsys.leaderboard import ABLATIONS, LeaderboardRow, comparable_groups, measure_ablation

here = cursor.current_cursor()
dataset = here.dataset
st.title("Leaderboard")
html.lead(
    f"Every model trained on <b>{html.escape_html(dataset.title)}</b>, judged on events it did not learn from, ranked among all {len(dataset.item_ids):,} items."
)
trained = cache.checkpoints(dataset)


def picked(label: str, options: dict[str, str], key: str, first: str) -> str:
    chosen = st.segmented_control(label, options, default=first, required=True, key=key, format_func=options.__getitem__, width="content")
    return chosen or first


def draw() -> None:
    with st.container(horizontal=True, gap="medium"):
        metric = picked("Order by", rows.METRICS, "board_metric", rows.FIRST)
        part = picked("Cases", rows.PARTS, "board_part", rows.ALL)
        which = picked("Events", {name: rows.SPLITS[name] for name in SPLIT_NAMES[1:]}, "board_split", "validation")
    shown = rows.load_rows(here, trained, which)
    if part != rows.ALL and shown.lines:
        html.lead(tables.part_sentence(shown.lines, part))
    lines = rows.only(shown.lines, part)
    for (protocol, split), table in comparable_groups(lines, metric).items():
        table = [line for line in table if part == rows.ALL or line.metrics]
        if table:
            html.lead(tables.protocol_sentence(dataset, protocol, split))
            st.html(tables.table_html(table, here.model))
            html.lead(tables.comparison(table, shown.judged, metric, part))
            if tables.flattered(table):
                st.caption(escape_markdown(tables.flattered(table)))
    rows.draw_evaluate(here, trained, which, shown)
    draw_scatter([line for line in lines if line.metrics])
    draw_ideas(shown, metric, part)
    if part == rows.ALL:
        draw_foretold(lines)
    draw_absent()


def draw_scatter(lines: list[LeaderboardRow]) -> None:
    protocols = {(line.protocol, line.split) for line in lines}
    axes = rows.axes(lines)
    if len(lines) < 2 or len(axes) < 2:
        return
    st.subheader("Any two figures")
    first, second, third = st.columns(3)
    x = first.selectbox("Across", axes, index=list(axes).index("parameters"), key="board_x", format_func=axes.__getitem__)
    y = second.selectbox("Upwards", axes, index=0, key="board_y", format_func=axes.__getitem__)
    if len(protocols) > 1:
        names = {f"{protocol}, {split}": (protocol, split) for protocol, split in sorted(protocols)}
        only = names[third.selectbox("Protocol", names, key="board_protocol")]
        lines = [line for line in lines if (line.protocol, line.split) == only]
    marks = rows.marks(lines, x, y, here.model)
    figure = trade_off(marks, axes[x], axes[y], x in rows.LOGARITHMIC, y in rows.LOGARITHMIC, theme.theme_palette())
    charts.chart(figure, key="trade_off", alt=f"{axes[y]} against {axes[x]} of {len(marks)} models.")


def draw_ideas(shown: rows.LeaderboardRows, metric: str, part: str) -> None:
    slice = None if part == rows.ALL else part
    found = {idea: measure_ablation(idea, shown.judged, metric, slice) for idea in ABLATIONS}
    effects = [tables.idea_html(idea, steps, metric) for idea, steps in found.items() if steps]
    if effects:
        st.subheader("What each idea is worth")
        html.lead("The same events under both models, so the intervals are of the difference itself.")
        st.html(tables.side_by_side(effects))


def draw_foretold(lines: list[LeaderboardRow]) -> None:
    foretold = [table for table in (tables.foretold_html(lines, name) for name in tables.FORETOLD) if table]
    if foretold:
        st.subheader("What else they foretell")
        st.html(tables.side_by_side(foretold))


def draw_absent() -> None:
    untrained, impossible = rows.absent(dataset, trained)
    if rows.stale(dataset, trained):
        st.caption(escape_markdown(rows.stale(dataset, trained)))
    if untrained:
        command = "" if dataset.name in cache.uploads() else f", all of them by `python -m recsys leaderboard {dataset.name}`"
        st.caption(f"Not trained yet: {escape_markdown(', '.join(untrained))}. Train them on the page Checkpoints{command}.")
    if impossible:
        st.caption(f"No place on this board: {escape_markdown('; '.join(f'{title}, {why}' for title, why in impossible.items()))}.")


if trained:
    draw()
else:
    st.info("No model is trained on this data yet. Train one on the page Evaluate, Checkpoints: counted models take seconds.")
    draw_absent()

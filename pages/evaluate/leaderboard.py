"""Every trained model of the cursor's dataset against the others."""

import streamlit as st

from pages import board, cursor, loaders, look, standings
from pages.boundary import plain
from recsys.figures.leaderboard import trade_off
from recsys.leaderboard import IDEAS, Standing, groups, worth
from recsys.split import SPLIT_NAMES

here = cursor.now()
dataset = here.dataset
st.title("Leaderboard")
look.lead(
    f"Every model trained on <b>{look.safe(dataset.title)}</b>, judged on events it did not learn from, ranked among all {len(dataset.item_ids):,} items."
)
trained = loaders.checkpoints(dataset)


def picked(label: str, options: dict[str, str], key: str, first: str) -> str:
    chosen = st.segmented_control(label, options, default=first, required=True, key=key, format_func=options.__getitem__, width="content")
    return chosen or first


def draw() -> None:
    with st.container(horizontal=True, gap="medium"):
        metric = picked("Order by", board.METRICS, "board_metric", board.FIRST)
        part = picked("Cases", board.PARTS, "board_part", board.ALL)
        which = picked("Events", {name: board.SPLITS[name] for name in SPLIT_NAMES[1:]}, "board_split", "validation")
    shown = board.board(here, trained, which)
    if part != board.ALL and shown.lines:
        look.lead(standings.part_sentence(shown.lines, part))
    lines = board.only(shown.lines, part)
    for (protocol, split), table in groups(lines, metric).items():
        table = [line for line in table if part == board.ALL or line.metrics]
        if table:
            look.lead(standings.protocol_sentence(dataset, protocol, split))
            st.html(standings.table_html(table, here.model))
            look.lead(standings.comparison(table, shown.judged, metric, part))
            if standings.flattered(table):
                st.caption(plain(standings.flattered(table)))
    board.draw_evaluate(here, trained, which, shown)
    draw_scatter([line for line in lines if line.metrics])
    draw_ideas(shown, metric, part)
    if part == board.ALL:
        draw_foretold(lines)
    draw_absent()


def draw_scatter(lines: list[Standing]) -> None:
    protocols = {(line.protocol, line.split) for line in lines}
    axes = board.axes(lines)
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
    marks = board.marks(lines, x, y, here.model)
    figure = trade_off(marks, axes[x], axes[y], x in board.LOGARITHMIC, y in board.LOGARITHMIC, look.colours())
    look.chart(figure, key="trade_off", alt=f"{axes[y]} against {axes[x]} of {len(marks)} models.")


def draw_ideas(shown: board.Board, metric: str, part: str) -> None:
    slice = None if part == board.ALL else part
    found = {idea: worth(idea, shown.judged, metric, slice) for idea in IDEAS}
    tables = [standings.idea_html(idea, steps, metric) for idea, steps in found.items() if steps]
    if tables:
        st.subheader("What each idea is worth")
        look.lead("The same events under both models, so the intervals are of the difference itself.")
        st.html(standings.side_by_side(tables))


def draw_foretold(lines: list[Standing]) -> None:
    tables = [table for table in (standings.foretold_html(lines, name) for name in standings.FORETOLD) if table]
    if tables:
        st.subheader("What else they foretell")
        st.html(standings.side_by_side(tables))


def draw_absent() -> None:
    untrained, impossible = board.absent(dataset, trained)
    if board.stale(dataset, trained):
        st.caption(plain(board.stale(dataset, trained)))
    if untrained:
        command = "" if dataset.name in loaders.uploads() else f", all of them by `python -m recsys leaderboard {dataset.name}`"
        st.caption(f"Not trained yet: {plain(', '.join(untrained))}. Train them on the page Checkpoints{command}.")
    if impossible:
        st.caption(f"No place on this board: {plain('; '.join(f'{title}, {why}' for title, why in impossible.items()))}.")


if trained:
    draw()
else:
    st.info("No model is trained on this data yet. Train one on the page Evaluate, Checkpoints: counted models take seconds.")
    draw_absent()

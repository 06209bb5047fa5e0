"""Every trained model of the cursor's dataset against the others."""

import streamlit as st

from pages import board, cursor, loaders, look
from pages.boundary import plain
from recsys.figures.leaderboard import trade_off
from recsys.leaderboard import groups
from recsys.split import SPLIT_NAMES

here = cursor.now()
dataset = here.dataset
st.title("Leaderboard")
look.lead(
    f"Every model trained on <b>{look.safe(dataset.title)}</b>, judged on events it did not learn from, ranked among all {len(dataset.item_ids):,} items."
)
trained = loaders.checkpoints(dataset)


def draw_table() -> None:
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    metric = left.segmented_control(
        "Order by", board.METRICS, default=board.FIRST, required=True, key="board_metric", format_func=board.METRICS.__getitem__
    )
    metric = metric or board.FIRST
    which = right.segmented_control(
        "Events", SPLIT_NAMES[1:], default="validation", required=True, key="board_split", format_func=board.SPLITS.__getitem__
    )
    lines = board.lines(here, trained, which or "validation")
    for (protocol, split), table in groups(lines, metric).items():
        look.lead(board.protocol_sentence(dataset, protocol, split, table))
        st.html(board.table_html(table, metric, here.model))
        told = board.comparison(here, table, metric)
        if told:
            look.lead(told)
    if board.stale(dataset, trained):
        st.caption(plain(board.stale(dataset, trained)))
    board.draw_evaluate(here, trained, which or "validation")
    draw_scatter(lines)


def draw_scatter(lines: list[board.Standing]) -> None:
    protocols = {(line.protocol, line.split) for line in lines}
    axes = board.axes(lines)
    if len(lines) < 2 or len(axes) < 2:
        return
    first, second, third = st.columns(3)
    x = first.selectbox("Across", axes, index=list(axes).index("parameters"), key="board_x", format_func=axes.__getitem__)
    y = second.selectbox("Upwards", axes, index=0, key="board_y", format_func=axes.__getitem__)
    if len(protocols) > 1:
        names = {f"{protocol}, {split}": (protocol, split) for protocol, split in sorted(protocols)}
        only = names[third.selectbox("Protocol", names, key="board_protocol")]
        lines = [line for line in lines if (line.protocol, line.split) == only]
    marks = board.marks(lines, x, y, here.model)
    figure = trade_off(marks, axes[x], axes[y], x in board.LOGARITHMIC, y in board.LOGARITHMIC, look.colours())
    st.plotly_chart(figure, key="trade_off", theme=None, config=look.CHART, alt=f"{axes[y]} against {axes[x]} of {len(marks)} models.")


if trained:
    draw_table()
else:
    st.info("No model is trained on this data yet. Train one on the page Evaluate, Checkpoints: counted models take seconds.")

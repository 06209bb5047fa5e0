"""Every dataset there is: ready, known but not prepared, and this session's own."""

import os

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages import cache
from pages.shell import cursor
from pages.shell.cursor import Cursor
from pages.ui import formatting
from pages.ui.errors import escape_markdown, guarded, notice
from recsys.core.errors import DataError
from recsys.datasets import DATASETS, list_datasets, prepare
from recsys.datasets.prepared import DatasetCard
from recsys.datasets.spec import raw_home


def draw(here: Cursor) -> None:
    for name, data in cache.uploads().items():
        text, button = _line()
        text.markdown(f"**{escape_markdown(data.title)}** · your upload, seen by nobody else and gone when you close this window")
        with button:
            _open_button(name, here)
    for card in sorted(list_datasets(), key=lambda card: not card.prepared):
        text, button = _line()
        if card.prepared:
            text.markdown(f"**{escape_markdown(card.title)}** · {_counts(card)}")
            with button:
                _open_button(card.name, here)
        else:
            _unprepared(card, text, button)


def _line() -> tuple[DeltaGenerator, DeltaGenerator]:
    with st.container(border=True):
        text, button = st.columns([6, 1], vertical_alignment="center")
    return text, button


def _counts(card: DatasetCard) -> str:
    return f"{card.users or 0:,} people, {card.items or 0:,} items, {formatting.plural(card.interactions or 0, card.noun)}"


def _open_button(name: str, here: Cursor) -> None:
    if name == here.dataset.name:
        st.caption("open now", width="content")
    else:
        st.button("Open", width="stretch", key=f"open_{name}", on_click=_open, args=(name,))


def _open(name: str) -> None:
    cursor.move_cursor(dataset=name)
    st.session_state["dataset_part"] = "What it is"


def _unprepared(card: DatasetCard, text: DeltaGenerator, button: DeltaGenerator) -> None:
    """A known dataset: a button where its raw files are found, else what to do, and what its owner asks."""
    spec = DATASETS[card.name]
    try:
        spec.find(card.name, None)
    except DataError:
        places = escape_markdown(os.environ.get("RECSYS_DATA") or raw_home())
        todo = f"put its files ({escape_markdown(', '.join(spec.files))}) in {places}/{escape_markdown(card.name)}"
        todo = f"run `python -m recsys fetch {card.name}`, or {todo}" if spec.downloads else todo
        text.markdown(
            f"**{escape_markdown(card.title)}** · {escape_markdown(spec.summary)} Not here yet: {todo}.  \n:small[{escape_markdown(spec.terms)}]"
        )
        return
    text.markdown(
        f"**{escape_markdown(card.title)}** · {escape_markdown(spec.summary)} Its raw files are here.  \n:small[{escape_markdown(spec.terms)}]"
    )
    button.button("Prepare", width="stretch", key=f"prepare_{card.name}", on_click=_prepare, args=(card.name,))


@guarded
def _prepare(name: str) -> None:
    with st.spinner(f"Reading and cleaning {DATASETS[name].title} …"):
        card = prepare(name)
    notice(f"{card.title} is ready: {_counts(card)}.")
    _open(name)

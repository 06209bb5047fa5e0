"""The list of all datasets: prepared, known but not prepared, and this session's uploads."""

import os

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages import cache
from pages.explore.dataset import overview
from pages.shell import cursor
from pages.shell.account import check_action, is_allowed_here
from pages.shell.cursor import Cursor
from pages.ui.errors import escape_markdown, guarded, notice
from recsys.core.errors import DataError
from recsys.core.nouns import count_events
from recsys.core.translation import _
from recsys.datasets import DATASETS, list_datasets, prepare_dataset
from recsys.datasets.prepared import DatasetCard
from recsys.datasets.spec import raw_home


def draw(here: Cursor) -> None:
    """Draw a box for every dataset, those that can be opened first."""
    for name, data in cache.uploads().items():
        text, button = _draw_box()
        text.markdown(
            _(
                "**{title}** · your upload: only you can see it, and it is deleted when you close this browser tab",
                title=escape_markdown(data.title),
            )
        )
        with button:
            _draw_open_button(name, here)
    for card in sorted(list_datasets(), key=lambda card: not card.prepared):
        text, button = _draw_box()
        if card.prepared:
            text.markdown(f"**{escape_markdown(card.title)}** · {_describe_size(card)}")
            with button:
                _draw_open_button(card.name, here)
        else:
            _draw_unprepared(card, text, button)


def _draw_box() -> tuple[DeltaGenerator, DeltaGenerator]:
    with st.container(border=True):
        text, button = st.columns([6, 1], vertical_alignment="center")
    return text, button


def _describe_size(card: DatasetCard) -> str:
    return overview.describe_size(card.users or 0, card.items or 0, count_events(card.interactions or 0, card.noun))


def _draw_open_button(name: str, here: Cursor) -> None:
    if name == here.dataset.name:
        st.caption(_("currently open"), width="content")
    else:
        st.button(_("Open"), width="stretch", key=f"open_{name}", on_click=_open_dataset, args=(name,))


def _open_dataset(name: str) -> None:
    cursor.move_cursor(dataset=name)
    st.session_state["dataset_part"] = overview.PART


def _draw_unprepared(card: DatasetCard, text: DeltaGenerator, button: DeltaGenerator) -> None:
    """Draw a known dataset with its terms: a button to prepare it where its raw files are found, else how to get them."""
    spec = DATASETS[card.name]
    head = f"**{escape_markdown(card.title)}** · {escape_markdown(_(spec.summary))}"
    terms = f":small[{escape_markdown(_(spec.terms))}]"
    try:
        spec.find_folder(card.name, None)
    except DataError:
        text.markdown(f"{head} {_explain_download(card.name)}  \n{terms}")
        return
    text.markdown(f"{head} {_('Its raw files have been found; it can be prepared.')}  \n{terms}")
    if is_allowed_here("prepare"):
        button.button(_("Prepare"), width="stretch", key=f"prepare_{card.name}", on_click=_prepare_dataset, args=(card.name,))


def _explain_download(name: str) -> str:
    spec = DATASETS[name]
    folder = f"{escape_markdown(os.environ.get('RECSYS_DATA') or raw_home())}/{escape_markdown(name)}"
    files = escape_markdown(", ".join(spec.files))
    if not spec.downloads:
        return _("Not available yet: put its files ({files}) in {folder}.", files=files, folder=folder)
    return _(
        "Not available yet: run `{command}`, or put its files ({files}) in {folder}.",
        command=f"python -m recsys fetch {name}",
        files=files,
        folder=folder,
    )


@guarded
def _prepare_dataset(name: str) -> None:
    check_action("prepare", name)
    with st.spinner(_("Reading and cleaning {dataset} …", dataset=DATASETS[name].title)):
        card = prepare_dataset(name)
    notice(_("{dataset} is ready: {size}.", dataset=card.title, size=_describe_size(card)))
    _open_dataset(name)

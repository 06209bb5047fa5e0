"""The parts of the page of items: spaces to look at, the item looked at, its neighbours, and the search by words."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages import cache
from pages.shell import cursor
from pages.shell.cursor import Cursor
from pages.ui import checkpoint_titles, html, item_card, item_picker, theme
from pages.ui.errors import escape_markdown
from pages.ui.text_vectors import has_item_texts, offer_encoding
from recsys.core import Dataset
from recsys.core.errors import DataError
from recsys.models import MODELS

if TYPE_CHECKING:
    from recsys.analysis.embeddings import Plane

NEAR = 10
FOUND = 12
MODEL, TEXT = "the model", "the words"


@dataclass(frozen=True, eq=False)
class ItemSpace:
    """Vectors (n_items, D) of a dataset's items; `key` names them for caches, `title` for people."""

    key: str
    title: str
    vectors: np.ndarray

    @property
    def plane(self) -> "Plane":
        return cache.plane(self.key, self.vectors)

    def near(self, item: int) -> tuple[np.ndarray, np.ndarray]:
        """The neighbours of one item and their cosines; none for an item without a vector."""
        from recsys.analysis.embeddings import nearest_neighbours

        if not np.abs(self.vectors[item]).any():
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        return nearest_neighbours(self.vectors, self.vectors[item], NEAR, without=item)


def spaces(here: Cursor) -> dict[str, ItemSpace]:
    """The spaces there are: that of the cursor's model, if it has vectors, and that of the words, if there are any."""
    found: dict[str, ItemSpace] = {}
    trained = checkpoint_titles.matching_checkpoints(here)
    if here.model in trained:
        vectors = cache.model_space(here.dataset, here.model, here.device)
        if vectors is not None:
            key = f"{here.dataset.fingerprint} {here.model} {trained[here.model].card.seal}"
            found[MODEL] = ItemSpace(key, checkpoint_titles.checkpoint_titles(trained)[here.model], vectors)
    if has_item_texts(here.dataset):
        try:
            if offer_encoding(here.dataset):
                found[TEXT] = ItemSpace(f"{here.dataset.fingerprint} texts", "Texts", cache.texts_as_vectors(here.dataset))
        except DataError as error:
            st.info(escape_markdown(error))
    return found


def offer_models(here: Cursor) -> None:
    """What to do when the cursor's model has no vectors of items: those that have them, or how to train one."""
    trained = checkpoint_titles.matching_checkpoints(here)
    able = [name for name, each in trained.items() if hasattr(MODELS[each.card.model].load(), "item_vectors")]
    title = checkpoint_titles.checkpoint_titles(trained).get(here.model, MODELS[here.model].title if here.model in MODELS else here.model)
    told = f"“{escape_markdown(title)}” has no vectors of items, so it has no map of its own."
    if not able:
        st.caption(f"{told} Train a transformer or an LSTM on the page Checkpoints to see one.")
        return
    st.caption(f"{told} These have:")
    with st.container(horizontal=True, gap="small"):
        for name in able[:4]:
            st.button(
                escape_markdown(checkpoint_titles.checkpoint_titles(trained)[name]),
                key=f"map_{name}",
                on_click=cursor.move_cursor,
                kwargs={"model": name},
            )


def chosen(dataset: Dataset) -> int:
    """Position of the item looked at: by the field, by a click on the map, or by a search in words; the busiest at first."""
    key = _key(dataset)
    offered = item_picker.offered(dataset, f"item_search_{dataset.name}")
    now = st.session_state.get(key)
    options = offered if now in offered or now is None else [now, *offered]
    if not options:
        st.caption("No title holds that. This is the busiest item.")
        return int(dataset.vocabulary.encode([cache.items_by_popularity(dataset)[0]])[0]) - 1
    item = st.selectbox("Item", options, key=key, format_func=lambda each: item_picker.by_title(dataset, each), persist_state="session")
    return int(dataset.vocabulary.encode([item])[0]) - 1


def to_clicked(dataset: Dataset, chart: str) -> None:
    """A click on a dot makes it the item looked at."""
    points = st.session_state[chart].selection.points
    if points and points[0].get("customdata") is not None:
        value = points[0]["customdata"]
        look_at(dataset, str(dataset.item_ids[int(value[0] if isinstance(value, list) else value)]))


def look_at(dataset: Dataset, item: str) -> None:
    st.session_state[_key(dataset)] = item


def _key(dataset: Dataset) -> str:
    return f"item_{dataset.name}"


def search(dataset: Dataset, space: ItemSpace) -> None:
    """Items by what is written about them, nearest first; one click looks at one."""
    words = st.text_input("Or describe it", key="item_words", placeholder="somewhere to dance late", max_chars=400, persist_state="session")
    if not words or not words.strip():
        st.caption("Read by all-MiniLM-L6-v2, a sentence encoder made for English. It finds what is described alike, whatever the words.")
        return
    from recsys.analysis.embeddings import nearest_neighbours

    positions, _ = nearest_neighbours(space.vectors, cache.words_as_vector(words.strip()), FOUND)
    items = [str(dataset.item_ids[at]) for at in positions]
    key = f"item_found_{dataset.name}"
    st.pills("Nearest to these words", items, key=key, format_func=lambda item: item_picker.by_title(dataset, item),
             on_change=_found, args=(dataset, key))  # fmt: skip


def _found(dataset: Dataset, key: str) -> None:
    if st.session_state[key]:
        look_at(dataset, st.session_state[key])


def tints(dataset: Dataset) -> list[str]:
    """The colour of each item's category."""
    colours = theme.theme_palette()
    tint_of = cache.category_tints(dataset, colours)
    if "category" not in dataset.items:
        return [colours.quiet] * len(dataset.items)
    return [tint_of.get(kind, colours.other) if isinstance(kind, str) else colours.other for kind in dataset.items["category"]]


def legend_html(dataset: Dataset, most: int = 9) -> str:
    """The commonest categories and their colours."""
    order = cache.category_order(dataset)
    tint_of = cache.category_tints(dataset, theme.theme_palette())
    words = [f"<span>{html.dot(tint_of[name])}{html.escape_html(name)}</span>" for name in order[:most]]
    rest = f"<span>and {len(order) - most} more kinds</span>" if len(order) > most else ""
    return f'<div class="rs-keys">{"".join(words)}{rest}</div>' if order else ""


def neighbours_html(dataset: Dataset, found: dict[str, ItemSpace], item: int) -> str:
    """A column a space, what stands in both marked."""
    near = {name: space.near(item) for name, space in found.items()}
    both = set.intersection(*(set(positions.tolist()) for positions, _ in near.values())) if len(near) > 1 else set()
    names = {MODEL: ("Near in the model", "taken in like histories"), TEXT: ("Near in the words", "described alike")}
    columns = "".join(_column(dataset, *names[name], positions, cosines, both) for name, (positions, cosines) in near.items())
    return f'<div class="rs-columns">{columns}</div>'


def _column(dataset: Dataset, title: str, told: str, positions: np.ndarray, cosines: np.ndarray, both: set[int]) -> str:
    tint_of = cache.category_tints(dataset, theme.theme_palette())
    rows = "".join(
        html.row_html(
            str(place), dataset.title_of(str(dataset.item_ids[at])), item_card.about_item(dataset, str(dataset.item_ids[at]), tint_of), None,
            "hit" if at in both else "", note=f"{cosine:.2f}",
        )
        for place, (at, cosine) in enumerate(zip(positions.tolist(), cosines.tolist(), strict=True), start=1)
    )  # fmt: skip
    empty = '<p class="rs-quiet">Nothing is known of this item here.</p>'
    head = f'<div class="rs-column-head"><b>{html.escape_html(title)}</b><span>{html.escape_html(told)} · cosine</span></div>'
    body = f'<ol class="rs-list">{rows}</ol>' if rows else empty
    return f"<div>{head}{body}</div>"


def shared_words(dataset: Dataset, found: dict[str, ItemSpace], item: int) -> str:
    """HTML: what the item is, and how far the model and the words agree on what is near it."""
    name = str(dataset.item_ids[item])
    about = item_card.about_item(dataset, name, cache.category_tints(dataset, theme.theme_palette()))
    told = f"<b>{html.escape_html(dataset.title_of(name))}</b>{' · ' + about if about else ''}"
    if len(found) < 2:
        return told
    sets = [set(space.near(item)[0].tolist()) for space in found.values()]
    return f"{told} · {len(sets[0] & sets[1])} of its {NEAR} neighbours are the same in the model and in the words"

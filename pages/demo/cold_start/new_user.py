"""A new person from scratch: what is known of them, and what every trained model makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import html, item_card, item_picker, theme
from pages.ui.errors import escape_markdown
from recsys.core import Dataset, FallsBack, History, Request, recommend
from recsys.core.errors import DataError
from recsys.models import MODELS, WORDS

if TYPE_CHECKING:
    from recsys.training.checkpoints import Found

LISTED = 6
PROFILE = 5  # items nearest to a sentence that stand for it
PINNED = ""


@dataclass(frozen=True)
class NewUser:
    """Items picked in the order of picking, a sentence, and the items nearest to it with their cosines."""

    picked: tuple[str, ...]
    words: str
    near: tuple[str, ...] = ()
    cosines: tuple[float, ...] = ()


def encoders(dataset: Dataset, found: Mapping[str, "Found"]) -> list[str]:
    """The encoder that comes along, and those that models of this data were trained with; none where nothing is written."""
    if not set(WORDS) & set(dataset.has):
        return []
    return list(dict.fromkeys([PINNED, *(str(each.card.config.get("encoder", "")) for each in found.values())]))


def ask(here: Cursor, found: Mapping[str, "Found"]) -> NewUser:
    """The widgets: items by title, and a sentence where the data has words."""
    dataset = here.dataset
    offered = item_picker.offered(dataset, f"newcomer_search_{dataset.name}")
    key = f"newcomer_{dataset.name}"
    kept = [item for item in st.session_state.get(key, []) if item not in set(offered)]
    picked = st.multiselect(
        "They already took", [*kept, *offered], key=key, format_func=lambda item: item_picker.by_title(dataset, item),
        placeholder="search by title", persist_state="session",
    )  # fmt: skip
    known = encoders(dataset, found)
    if not known:
        st.caption("Nothing is written about the items of this data, so a sentence finds nothing. Pick items.")
        return NewUser(tuple(picked), "")
    words = st.text_input(
        "In their own words",
        key="newcomer_words",
        placeholder="quiet places to read and good coffee",
        max_chars=400,
        persist_state="session",
    )
    encoder = known[0]
    if len(known) > 1:
        encoder = st.selectbox(
            "Read by", known, key=f"newcomer_encoder_{dataset.name}", format_func=lambda name: escape_markdown(_called(name))
        )
    return _read(dataset, tuple(picked), (words or "").strip(), encoder)


def _called(encoder: str) -> str:
    return encoder or "all-MiniLM-L6-v2, made for English"


def _read(dataset: Dataset, picked: tuple[str, ...], words: str, encoder: str) -> NewUser:
    """What the encoder finds; a line in place of it where there is no encoder."""
    if not words:
        st.caption(
            f"A sentence is read by {escape_markdown(_called(encoder))}. It becomes the {PROFILE} items whose texts are nearest to it."
        )
        return NewUser(picked, "")
    try:
        vectors, towards = cache.texts_as_vectors(dataset, encoder), cache.words_as_vector(words, encoder)
    except DataError as error:
        st.info(escape_markdown(error))
        return NewUser(picked, "")
    from recsys.analysis.embeddings import nearest_neighbours

    positions, cosines = nearest_neighbours(vectors, towards, PROFILE)
    other = "" if encoder or words.isascii() else " It was made for English: in other languages it mostly guesses."
    st.caption(f"Read by {escape_markdown(_called(encoder))}.{other}")
    near = tuple(str(dataset.item_ids[at]) for at in positions)
    return NewUser(picked, words, near, tuple(float(each) for each in cosines))


def request(dataset: Dataset, items: Sequence[str]) -> Request:
    """A history of these items at unknown times, asked at the end of the data."""
    history = History(np.array(list(items), dtype=object))
    times, offsets = dataset.times, dataset.utc_offsets
    if times is None or not np.isfinite(times).any():
        return Request(history)
    last = int(np.nanargmax(times))
    offset = None if offsets is None or not np.isfinite(offsets[last]) else float(offsets[last])
    return Request(history, time=float(times[last]), utc_offset=offset)


@dataclass(frozen=True)
class Answer:
    """What one model makes of a newcomer. `told` says in words what it knew, `reason` why the list is not its own, where it is not."""

    title: str
    told: str
    items: tuple[str, ...]
    reason: str | None


def reads(found: "Found") -> bool:
    """Whether a model knows what is written about the items."""
    return "words" in MODELS[found.card.model].needs


def answer(here: Cursor, title: str, found: "Found", newcomer: NewUser, everyone: bool) -> Answer:
    """The list of one model. A sentence is for models that read words, unless everyone is given its items."""
    told = everyone or reads(found)
    items = [*(newcomer.near[::-1] if told else ()), *newcomer.picked]
    model: Any = cache.loaded(here.dataset, found.name, here.device).model
    asked = request(here.dataset, items)
    best = recommend(model, asked, LISTED, here.dataset.repeats)
    reason = model.fallback(asked) if isinstance(model, FallsBack) else None
    parts = [f"{len(newcomer.near)} items like the sentence"] * bool(told and newcomer.near)
    parts += [f"{len(newcomer.picked)} picked"] * bool(newcomer.picked)
    blind = "knows nothing: it does not read sentences" if newcomer.near else ""
    return Answer(title, f"knows {' and '.join(parts)}" if parts else blind, tuple(each.item_id for each in best), reason)


def _nearest_html(dataset: Dataset, newcomer: NewUser) -> str:
    """The items nearest to the sentence, by words alone."""
    tints = cache.category_tints(dataset, theme.theme_palette())
    rows = "".join(
        html.row_html(str(at + 1), dataset.title_of(item), item_card.about_item(dataset, item, tints), None, note=f"{cosine:.2f}")
        for at, (item, cosine) in enumerate(zip(newcomer.near, newcomer.cosines, strict=True))
    )
    return _column("Nearest to the words", "no model: texts alone, and how alike (cosine)", rows)


def answers_html(dataset: Dataset, newcomer: NewUser, answers: Sequence[Answer]) -> str:
    """A column an answer; models that answer the very same share one. Those that fall back for one reason stand under it together."""
    alike: dict[str | None, dict[tuple[str, tuple[str, ...]], list[str]]] = {None: {}} if newcomer.near else {}
    for each in answers:
        alike.setdefault(each.reason, {}).setdefault((each.told, each.items), []).append(each.title)
    sections = {
        reason: "".join(_answer_html(dataset, ", ".join(titles), told, items) for (told, items), titles in lists.items())
        for reason, lists in alike.items()
    }
    if newcomer.near:
        sections[None] = _nearest_html(dataset, newcomer) + str(sections[None])
    return "".join(_section(reason, columns) for reason, columns in sections.items() if columns)


def _section(reason: str | None, columns: str) -> str:
    label = f'<span class="rs-label">Not personal lists: {html.escape_html(reason)}</span>' if reason else ""
    return f'<section class="rs-answers">{label}<div class="rs-columns">{columns}</div></section>'


def _answer_html(dataset: Dataset, title: str, told: str, items: Sequence[str]) -> str:
    tints = cache.category_tints(dataset, theme.theme_palette())
    rows = "".join(
        html.row_html(str(at + 1), dataset.title_of(item), item_card.about_item(dataset, item, tints), None)
        for at, item in enumerate(items)
    )
    return _column(title, told, rows)


def _column(title: str, told: str, rows: str) -> str:
    head = f'<div class="rs-column-head"><b title="{html.escape_html(title)}">{html.escape_html(title)}</b><span>{html.escape_html(told)}</span></div>'
    return f'<div>{head}<ol class="rs-list">{rows}</ol></div>'

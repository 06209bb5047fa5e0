"""What pages load: the only st.cache_* of the app, keyed by names and fingerprints.

Streamlit computes one missing entry at a time under a lock of that entry, so a crowd on a cold page loads a model once.
Everything here is shared by all sessions and never changed; uploads alone belong to one session, in its session state.
Heavy imports happen inside, so that the first page shows at once.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from recsys.census import Census
from recsys.core import Dataset
from recsys.errors import NotTrainedError
from recsys.figures.maps import MapView, Outline
from recsys.figures.maps import map_view as map_view_of
from recsys.figures.palette import Palette, category_colours
from recsys.figures.way import ground_html
from recsys.interest import Interest
from recsys.models import MODELS

if TYPE_CHECKING:
    from recsys.anatomy import Part
    from recsys.checkpoints import Card, Found, Loaded
    from recsys.datasets import DatasetCard
    from recsys.evaluation.ratings import Expected
    from recsys.graph import Graph
    from recsys.leaderboard import Kept
    from recsys.replay import Attention, Replay
    from recsys.spaces import Plane
    from recsys.stories import Told


def dataset_titles() -> dict[str, str]:
    """Name and title of every dataset this session can open: the shipped one first, then prepared ones and its own uploads."""
    return {card.name: card.title for card in dataset_cards() if card.prepared} | {name: each.title for name, each in uploads().items()}


def dataset_cards() -> list["DatasetCard"]:
    """Every dataset this program knows of: the demo first, then what is prepared, then what could be."""
    from recsys.datasets import list_datasets

    return sorted(list_datasets(), key=lambda card: (card.name != "demo-city", not card.prepared))


def stories(name: str) -> list["Told"]:
    """The stories kept beside a dataset whose models are all there; reading them imports no model."""
    from recsys.datasets import prepared_folder
    from recsys.datasets.prepared import read_card
    from recsys.stories import read_stories

    folder = prepared_folder(name)
    if folder is None:
        return []
    return read_stories(folder, read_card(folder).fingerprint or "")


def uploads() -> dict[str, Dataset]:
    """Datasets uploaded in this session, by name. Nobody else sees them."""
    return st.session_state.setdefault("uploads", {})


def dataset(name: str) -> Dataset:
    """A dataset by name; an upload of this session goes before a prepared one."""
    if name in uploads():
        return uploads()[name]
    from recsys.datasets import list_datasets

    fingerprint = next((card.fingerprint or "" for card in list_datasets() if card.name == name), "")
    return _dataset(name, fingerprint)


@st.cache_resource(max_entries=4, show_spinner="Opening the data …")
def _dataset(name: str, fingerprint: str) -> Dataset:
    from recsys.datasets import open_dataset

    return open_dataset(name)


def busiest(dataset: Dataset, count: int) -> list[str]:
    """The people with most events, ties in the order of the data."""
    return _busiest(dataset.name, dataset.fingerprint, count, dataset)


@st.cache_resource(max_entries=16, show_spinner=False)
def _busiest(name: str, fingerprint: str, count: int, _dataset: Dataset) -> list[str]:
    return [str(each) for each in _dataset.user_ids[np.argsort(-np.diff(_dataset.user_starts), kind="stable")[:count]]]


def has_user(dataset: Dataset, user: str) -> bool:
    return user in people(dataset)


def user_after(dataset: Dataset, user: str) -> str:
    """The next person in the order of the data, the first after the last."""
    ids = people(dataset)
    return str(ids[(ids.get_loc(user) + 1) % len(ids)])


def search_users(dataset: Dataset, part: str, count: int) -> list[str]:
    """Ids that hold this text, whatever its case; those that start with it first."""
    ids = people(dataset)
    folded = part.strip().casefold()
    inside = [str(each) for each in ids[ids.str.casefold().str.contains(folded, regex=False)]] if folded else []
    return sorted(inside, key=lambda each: not each.casefold().startswith(folded))[:count]


def people(dataset: Dataset) -> pd.Index:
    """All user ids, with a look-up."""
    return _people(dataset.name, dataset.fingerprint, dataset)


@st.cache_resource(max_entries=4, show_spinner=False)
def _people(name: str, fingerprint: str, _dataset: Dataset) -> pd.Index:
    return pd.Index(_dataset.user_ids)


def private_checkpoints(dataset: Dataset) -> Path | None:
    """Where this session keeps models trained on its own upload, gone with the session; None for data that everybody sees."""
    return workspace() / "checkpoints" / dataset.name if dataset.name in uploads() else None


def workspace() -> Path:
    """A folder of this session alone, removed when the session ends."""
    return Path(st.session_state.setdefault("workspace", TemporaryDirectory(prefix="recscope-")).name)


def checkpoints(dataset: Dataset) -> dict[str, "Found"]:
    """The trained models of a dataset, one's own before the shipped ones of the same name, best validation NDCG first."""
    from recsys.checkpoints import list_checkpoints

    def quality(found: "Found") -> float:
        return -float(found.card.validation.get("ndcg@10") or 0)

    own = private_checkpoints(dataset)
    all_found = list_checkpoints(dataset.name) if own is None else _in_folder(own)
    return {found.name: found for found in sorted(all_found, key=quality) if found.card.model in MODELS}


def _in_folder(folder: Path) -> list["Found"]:
    from recsys.checkpoints import Found, read_card

    cards = sorted(folder.glob("[!.]*/card.json"))
    return [Found(card.parent.name, card.parent, read_card(card.parent), shipped=False) for card in cards]


def loaded(dataset: Dataset, checkpoint: str, device: str) -> "Loaded":
    """A trained model, ready to score; NotTrainedError says how to train one that has no checkpoint."""
    found = checkpoints(dataset).get(checkpoint)
    if found is None:
        command = "" if dataset.name in uploads() else f", or run: python -m recsys train {checkpoint} {dataset.name}"
        raise NotTrainedError(f"'{checkpoint}' is not trained on {dataset.title} yet; train it on the page Evaluate, Checkpoints{command}")
    from recsys.checkpoints import check_match

    check_match(found.card, dataset)
    return _loaded(str(found.folder), _stamp(found.folder), device)


@st.cache_resource(max_entries=32, show_spinner="Loading the model …")  # as many as one dataset has: a page may ask all of them
def _loaded(folder: str, stamp: str, device: str) -> "Loaded":
    from recsys.checkpoints import load

    return load(Path(folder), device=device)


def _stamp(folder: Path) -> str:
    """Tells a rewritten checkpoint from the one loaded before, without reading its weights."""
    files = sorted(each for each in folder.iterdir() if each.is_file())
    return " ".join(f"{each.name}:{each.stat().st_mtime_ns}:{each.stat().st_size}" for each in files)


def labels(dataset: Dataset, protocol: str) -> np.ndarray:
    """(n_interactions,) train, validation or test for every event under a checkpoint's protocol."""
    return _labels(dataset.name, dataset.fingerprint, protocol, dataset)


@st.cache_resource(max_entries=8, show_spinner=False)
def _labels(name: str, fingerprint: str, protocol: str, _dataset: Dataset) -> np.ndarray:
    from recsys.split import split

    return split(_dataset, protocol).labels


def replay(dataset: Dataset, checkpoint: str, user: str, device: str) -> "Replay":
    """Every step of one person under one model, computed once; moving the cursor only redraws."""
    found = loaded(dataset, checkpoint, device)
    return _replay(dataset.name, dataset.fingerprint, found.fingerprint, device, user, dataset, found)


@st.cache_resource(max_entries=64, show_spinner="Replaying this timeline …")
def _replay(name: str, fingerprint: str, checkpoint: str, device: str, user: str, _dataset: Dataset, _found: Any) -> "Replay":
    from recsys.replay import replay

    split_labels = labels(_dataset, _found.card.protocol)[_dataset.rows(user)]
    return replay(_found.model, _dataset.history(user), _dataset.repeats, labels=split_labels)


def attention(dataset: Dataset, checkpoint: str, user: str, step: int, device: str) -> "Attention":
    """Where a model that traces looks at one step."""
    found = loaded(dataset, checkpoint, device)
    return _attention(dataset.name, dataset.fingerprint, found.fingerprint, device, user, step, dataset, found)


@st.cache_resource(max_entries=64, show_spinner=False)
def _attention(
    name: str, fingerprint: str, checkpoint: str, device: str, user: str, step: int, _dataset: Dataset, _found: Any
) -> "Attention":
    from recsys.replay import attention

    return attention(_found.model, _dataset.history(user), step)


def category_order(dataset: Dataset) -> list[str]:
    """The dataset's categories in the order that gives them their colours."""
    return _category_order(dataset.name, dataset.fingerprint, dataset)


@st.cache_resource(max_entries=16, show_spinner=False)
def _category_order(name: str, fingerprint: str, _dataset: Dataset) -> list[str]:
    from recsys.figures.palette import category_order

    if "category" not in _dataset.items:
        return []
    return category_order(_dataset.items["category"], np.bincount(_dataset.item_codes - 1, minlength=len(_dataset.items)))


def category_tints(dataset: Dataset, colours: Palette) -> dict[str, str]:
    return category_colours(category_order(dataset), colours)


def interest(dataset: Dataset, user: str) -> Interest | None:
    """Long-term and recent interest at every step of one person."""
    return _interest(dataset.name, dataset.fingerprint, user, dataset)


@st.cache_resource(max_entries=64, show_spinner=False)
def _interest(name: str, fingerprint: str, user: str, _dataset: Dataset) -> Interest | None:
    from recsys.interest import interest

    return interest(_dataset, user, category_order(_dataset))


def map_view(dataset: Dataset, user: str) -> MapView | None:
    """The part of the map where one person goes; None for data without places."""
    return _map_view(dataset.name, dataset.fingerprint, user, dataset)


@st.cache_resource(max_entries=64, show_spinner=False)
def _map_view(name: str, fingerprint: str, user: str, _dataset: Dataset) -> MapView | None:
    places = _dataset.places
    if places is None or _dataset.item_places is None:
        return None
    districts = _dataset.items["district"].tolist() if "district" in _dataset.items else None
    return map_view_of(_dataset.item_places, places[_dataset.rows(user)], districts, _outline(name))


def map_ground(dataset: Dataset, user: str, colours: Palette) -> str:
    """The city under one person's way, as HTML; empty for data without places."""
    return _map_ground(dataset.name, dataset.fingerprint, user, colours.background, dataset, colours)


@st.cache_resource(max_entries=64, show_spinner=False)
def _map_ground(name: str, fingerprint: str, user: str, background: str, _dataset: Dataset, _colours: Palette) -> str:
    view = map_view(_dataset, user)
    return "" if view is None else ground_html(view, _colours)


def _outline(name: str) -> Outline | None:
    """The shapes that lie beside a dataset, where it has any."""
    from recsys.datasets import prepared_folder

    folder = prepared_folder(name)
    if folder is None or not (folder / "outline.json").is_file():
        return None
    shapes = json.loads((folder / "outline.json").read_text(encoding="utf-8"))
    return Outline(coast=np.array(shapes["coast"]), river=np.array(shapes["river"]))


def item_places(dataset: Dataset, items: list[str]) -> np.ndarray:
    """(n, 2) latitude and longitude of items, NaN where unknown."""
    codes = dataset.vocabulary.encode(items)
    return (
        np.where((codes > 0)[:, None], dataset.item_places[codes - 1], np.nan)
        if dataset.item_places is not None
        else np.full((len(items), 2), np.nan)
    )


def areas(dataset: Dataset) -> dict[str, tuple[float, float]]:
    """Districts, or for data that names none its busiest places, and a point in each; empty for data without places."""
    return _areas(dataset.name, dataset.fingerprint, dataset)


@st.cache_resource(max_entries=8, show_spinner=False)
def _areas(name: str, fingerprint: str, _dataset: Dataset) -> dict[str, tuple[float, float]]:
    if _dataset.item_places is None:
        return {}
    table = _dataset.items[["latitude", "longitude"]].dropna()
    if "district" in _dataset.items:
        table = table.groupby(_dataset.items["district"].reindex(table.index)).median()
        return {str(area): (float(row[0]), float(row[1])) for area, row in zip(table.index, table.to_numpy(), strict=True)}
    counts = np.bincount(_dataset.item_codes - 1, minlength=len(_dataset.items))
    busiest = table.loc[table.index.isin(_dataset.items.index[np.argsort(-counts, kind="stable")[:40]])]
    return {
        _dataset.title_of(str(item)): (float(row[0]), float(row[1])) for item, row in zip(busiest.index, busiest.to_numpy(), strict=True)
    }


def person_name(dataset: Dataset, user: str) -> str:
    """What to call a person: by name where the data has one, else by id."""
    users = dataset.users
    if users is not None and "name" in users and user in users.index and isinstance(users.at[user, "name"], str):
        return str(users.at[user, "name"])
    return f"Person {user}"


def census(dataset: Dataset) -> Census:
    """What the data is, in numbers."""
    return _census(dataset.name, dataset.fingerprint, dataset)


@st.cache_resource(max_entries=16, show_spinner="Counting …")
def _census(name: str, fingerprint: str, _dataset: Dataset) -> Census:
    from recsys.census import census

    return census(_dataset)


def whole_map(dataset: Dataset) -> tuple[MapView, np.ndarray, list[str]] | None:
    """The map of all places, with the events and the title of each; None for data whose items have no places."""
    return _whole_map(dataset.name, dataset.fingerprint, dataset)


@st.cache_resource(max_entries=4, show_spinner=False)
def _whole_map(name: str, fingerprint: str, _dataset: Dataset) -> tuple[MapView, np.ndarray, list[str]] | None:
    places = _dataset.item_places
    if places is None or not np.isfinite(places).all(axis=1).any():
        return None
    known = np.isfinite(places).all(axis=1)
    districts = _dataset.items["district"].tolist() if "district" in _dataset.items else None
    counts = np.bincount(_dataset.item_codes, minlength=len(known) + 1)[1:]
    titles = [_dataset.title_of(str(item)) for item in _dataset.item_ids[known]]
    return map_view_of(places, places[known], districts, _outline(name), margin=0.12), counts[known], titles


def texts_as_vectors(dataset: Dataset, encoder: str = "") -> np.ndarray:
    """(n_items, D) unit vectors of what is written about the items, by the pinned encoder or another; zeros where nothing is."""
    return _texts_as_vectors(dataset.name, dataset.fingerprint, encoder, dataset)


@st.cache_resource(max_entries=4, show_spinner="Reading what is written about the items …")
def _texts_as_vectors(name: str, fingerprint: str, encoder: str, _dataset: Dataset) -> np.ndarray:
    from recsys.text import TextEncoder, item_vectors

    return item_vectors(_dataset, TextEncoder(encoder or None))


@st.cache_data(max_entries=256, show_spinner="Reading your words …")
def words_as_vector(words: str, encoder: str = "") -> np.ndarray:
    """(D,) the unit vector of a text; zeros for one without words."""
    from recsys.text import TextEncoder

    return TextEncoder(encoder or None).encode([words])[0]


def model_space(dataset: Dataset, checkpoint: str, device: str) -> np.ndarray | None:
    """(n_items, D) the vectors a model has learnt of the items, in the order of the dataset; None for a model that has none."""
    found = loaded(dataset, checkpoint, device)
    return _model_space(dataset.name, dataset.fingerprint, found.fingerprint, device, found)


@st.cache_resource(max_entries=8, show_spinner=False)
def _model_space(name: str, fingerprint: str, checkpoint: str, device: str, _found: Any) -> np.ndarray | None:
    from recsys.spaces import model_vectors

    return model_vectors(_found.model)


def plane(key: str, vectors: np.ndarray) -> "Plane":
    """The flat picture of vectors that this key names."""
    return _plane(key, vectors)


@st.cache_resource(max_entries=8, show_spinner=False)
def _plane(key: str, _vectors: np.ndarray) -> "Plane":
    from recsys.spaces import plane

    return plane(_vectors)


def graph(dataset: Dataset, protocol: str) -> "Graph":
    """What the training events of a protocol connect."""
    return _graph(dataset.name, dataset.fingerprint, protocol, dataset)


@st.cache_resource(max_entries=4, show_spinner=False)
def _graph(name: str, fingerprint: str, protocol: str, _dataset: Dataset) -> "Graph":
    from recsys.graph import Graph
    from recsys.split import split

    return Graph(_dataset, split(_dataset, protocol))


def favourites(dataset: Dataset) -> list[str]:
    """Every item id, the one with most events first."""
    return _favourites(dataset.name, dataset.fingerprint, dataset)


@st.cache_resource(max_entries=4, show_spinner=False)
def _favourites(name: str, fingerprint: str, _dataset: Dataset) -> list[str]:
    counts = np.bincount(_dataset.item_codes - 1, minlength=len(_dataset.items))
    return [str(each) for each in _dataset.item_ids[np.argsort(-counts, kind="stable")]]


def anatomy(dataset: Dataset, checkpoint: str, device: str) -> "Part":
    """How a trained model is built."""
    found = loaded(dataset, checkpoint, device)
    return _anatomy(dataset.name, found.fingerprint, device, found)


@st.cache_resource(max_entries=32, show_spinner=False)
def _anatomy(name: str, checkpoint: str, device: str, _found: Any) -> "Part":
    from recsys.anatomy import anatomy

    return anatomy(_found.model)


def expected_ratings(dataset: Dataset, checkpoint: str, device: str) -> "Expected | None":
    """Ratings that a model expects of validation events beside those given; None where the model or the data has none."""
    from recsys.core import PredictsRatings

    found = loaded(dataset, checkpoint, device)
    if dataset.ratings is None or not isinstance(found.model, PredictsRatings):
        return None
    return _expected_ratings(dataset.name, dataset.fingerprint, found.fingerprint, device, dataset, found)


@st.cache_resource(max_entries=16, show_spinner="Asking for ratings …")
def _expected_ratings(name: str, fingerprint: str, checkpoint: str, device: str, _dataset: Dataset, _found: Any) -> "Expected | None":
    from recsys.evaluation.ratings import expected_beside_given
    from recsys.split import split

    found = expected_beside_given(_found.model, _dataset, split(_dataset, _found.card.protocol))
    return found if len(found.given) else None


def kept(dataset: Dataset, card: "Card", which: str) -> "Kept | None":
    """What was measured of a checkpoint at any time, on this disk; None if it never was."""
    from recsys.leaderboard import kept_stamp

    stamp = kept_stamp(card, dataset, which)
    return _kept(dataset.name, dataset.fingerprint, card.seal, which, stamp, dataset, card) if stamp else None


@st.cache_resource(max_entries=256, show_spinner=False)
def _kept(name: str, fingerprint: str, seal: str, which: str, stamp: str, _dataset: Dataset, _card: "Card") -> "Kept | None":
    from recsys.leaderboard import find_kept
    from recsys.split import split

    return find_kept(_card, _dataset, split(_dataset, _card.protocol), which)


def evaluation(dataset: Dataset, checkpoint: str, which: str, device: str) -> "Kept":
    """A checkpoint judged on a split, with the milliseconds one request takes; on disk too, unless the data is one session's own."""
    found = loaded(dataset, checkpoint, device)
    there = kept(dataset, found.card, which)
    return there or _evaluation(dataset.name, dataset.fingerprint, found.fingerprint, which, device, dataset, found)


@st.cache_resource(max_entries=64, show_spinner=False)
def _evaluation(name: str, fingerprint: str, checkpoint: str, which: str, device: str, _dataset: Dataset, _found: Any) -> "Kept":
    from recsys.leaderboard import keep, measure
    from recsys.split import split

    measured = measure(_found.model, _dataset, split(_dataset, _found.card.protocol), which)
    if name not in uploads():
        keep(_found.card, _dataset, measured)
    return measured

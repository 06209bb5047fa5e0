"""Kinds of items and areas of the map, in which the events of a dataset are counted. Built once per dataset, shared by all users."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.cluster.vq import kmeans2
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

from recsys.core import Dataset

AREAS = 40
CLUSTERS = 12
AROUND = "around "  # before the title of the item that an area is named after: the events need not be at that item
NOTHING = 1e-12


class ClusterName(str):
    """The name of a cluster of items, "things like A and B"; `titles` are the items that it is named after."""

    titles: tuple[str, ...]

    def __new__(cls, titles: Iterable[str]) -> "ClusterName":
        titles = tuple(titles)
        name = super().__new__(cls, f"things like {' and '.join(titles)}")
        name.titles = titles
        return name

    def __getnewargs__(self) -> tuple[tuple[str, ...]]:  # type: ignore[override]
        return (self.titles,)


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """Names of the kinds of items and of the areas of a dataset.

    `kinds` (n_items,) index into `kind_names`, −1 where unknown; `clustered` says that they are not categories of the data but
    clusters of items that the same users interact with, each name a ClusterName. `area_points` (A, 3) unit vectors of `area_names`, both empty for data without places.
    """

    kinds: np.ndarray
    kind_names: tuple[str, ...]
    clustered: bool
    area_points: np.ndarray
    area_names: tuple[str, ...]

    def areas_of(self, places: np.ndarray) -> np.ndarray:
        """Return (n,) the nearest area of each place (n, 2), −1 where the place is unknown."""
        known = np.isfinite(places).all(axis=1)
        areas = np.full(len(places), -1)
        if len(self.area_points) and known.any():
            areas[known] = np.argmax(on_sphere(places[known]) @ self.area_points.T, axis=1)
        return areas


def build_feature_space(dataset: Dataset) -> FeatureSpace:
    """Build kinds from the categories of the data, or else clusters of items; areas from its districts, or else around frequent places."""
    counts = np.bincount(dataset.item_codes - 1, minlength=len(dataset.items))
    kinds, names, clustered = _categories(dataset) if "category" in dataset.items else _clusters(dataset, counts)
    points, areas = _areas(dataset)
    return FeatureSpace(kinds, names, clustered, points, areas)


def on_sphere(places: np.ndarray) -> np.ndarray:
    """Return (n, 3) unit vectors of degrees (n, 2), so that distances hold across the date line and at the poles."""
    latitude, longitude = np.radians(np.asarray(places, dtype=np.float64)).T
    return np.column_stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)])


def _categories(dataset: Dataset) -> tuple[np.ndarray, tuple[str, ...], bool]:
    labels = dataset.items["category"].to_numpy(dtype=object)
    names = sorted({label for label in labels if isinstance(label, str)})
    code = {name: at for at, name in enumerate(names)}
    return np.array([code[label] if isinstance(label, str) else -1 for label in labels], dtype=np.int64), tuple(names), False


def _clusters(dataset: Dataset, counts: np.ndarray) -> tuple[np.ndarray, tuple[str, ...], bool]:
    """Return clusters of items that the same users interact with (k-means on the leading singular vectors), named after the most frequent two."""
    users = np.repeat(np.arange(len(dataset.user_ids)), np.diff(dataset.user_starts))
    shape = (len(dataset.user_ids), len(dataset.items))
    if min(shape) <= CLUSTERS + 1:
        return np.full(shape[1], -1), (), True
    taken = csr_matrix((np.ones(len(users)), (users, dataset.item_codes - 1)), shape=shape)
    taken.data = np.log1p(taken.data)
    taken = taken.multiply(1 / np.sqrt(np.maximum(counts, 1))[None, :]).tocsr()
    rng = np.random.default_rng(0)
    _, sizes, vectors = svds(taken, k=CLUSTERS, rng=rng)
    vectors = (sizes[:, None] * vectors).T
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + NOTHING
    labels = kmeans2(vectors, CLUSTERS, minit="++", rng=rng)[1]
    used, labels = np.unique(labels, return_inverse=True)
    return labels.astype(np.int64), tuple(_cluster_name(dataset, np.flatnonzero(labels == at), counts) for at in range(len(used))), True


def _cluster_name(dataset: Dataset, items: np.ndarray, counts: np.ndarray) -> ClusterName:
    best = items[np.argsort(-counts[items], kind="stable")[:2]]
    return ClusterName(dataset.title_of(str(dataset.item_ids[item])) for item in best)


def _areas(dataset: Dataset) -> tuple[np.ndarray, tuple[str, ...]]:
    places = dataset.item_places
    known = np.zeros(0, dtype=bool) if places is None else np.isfinite(places).all(axis=1)
    if places is None or not known.any():
        return np.empty((0, 3)), ()
    points = on_sphere(places[known])
    if "district" in dataset.items:
        names = dataset.items["district"].to_numpy(dtype=object)[known]
        found = sorted({name for name in names if isinstance(name, str)})
        return np.vstack([_middle(points[names == name]) for name in found]), tuple(found)
    return _around_known_places(dataset, np.flatnonzero(known), points)


def _around_known_places(dataset: Dataset, items: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return areas named after the item in them that most users have visited; the most frequent one may be one user's home."""
    users = np.repeat(np.arange(len(dataset.user_ids)), np.diff(dataset.user_starts))
    pairs = np.unique(np.column_stack([dataset.item_codes - 1, users]), axis=0)
    counts = np.bincount(pairs[:, 0], minlength=len(dataset.items))
    distinct = len(np.unique(np.round(points, 7), axis=0))
    if distinct <= AREAS:
        _, labels = np.unique(np.round(points, 7), axis=0, return_inverse=True)
    else:
        labels = kmeans2(points, AREAS, minit="++", rng=np.random.default_rng(0))[1]
    used, labels = np.unique(labels, return_inverse=True)
    names: list[str] = []
    for at in range(len(used)):
        inside = items[labels == at]
        order = inside[np.argsort(-counts[inside], kind="stable")]
        titles = [dataset.title_of(str(dataset.item_ids[item])) for item in order]
        names.append(AROUND + next((title for title in titles if AROUND + title not in names), f"{titles[0]} ({at})"))
    return np.vstack([_middle(points[labels == at]) for at in range(len(used))]), tuple(names)


def _middle(points: np.ndarray) -> np.ndarray:
    total = points.mean(axis=0)
    return np.asarray(total / max(float(np.linalg.norm(total)), NOTHING))

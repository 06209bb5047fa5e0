"""What a dataset offers to count: kinds of items, areas of its map. Made once a dataset, shared by all its people."""

from dataclasses import dataclass

import numpy as np
from scipy.cluster.vq import kmeans2
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

from recsys.core import Dataset

AREAS = 40
CLUSTERS = 12
AROUND = "around "  # before the name of a place that an area is called after: nobody need have been at the place itself
NOTHING = 1e-12


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """Names for what people do and where.

    `kinds` (n_items,) index into `kind_names`, −1 where unknown; `clustered` says that they are no categories of the data but
    groups of items that the same people take. `area_points` (A, 3) unit vectors of `area_names`, both empty for data without places.
    """

    kinds: np.ndarray
    kind_names: tuple[str, ...]
    clustered: bool
    area_points: np.ndarray
    area_names: tuple[str, ...]

    def areas_of(self, places: np.ndarray) -> np.ndarray:
        """(n,) the nearest area of each place (n, 2), −1 where the place is not known."""
        known = np.isfinite(places).all(axis=1)
        areas = np.full(len(places), -1)
        if len(self.area_points) and known.any():
            areas[known] = np.argmax(on_sphere(places[known]) @ self.area_points.T, axis=1)
        return areas


def build_feature_space(dataset: Dataset) -> FeatureSpace:
    """Categories where the data has them, else clusters of items; districts where it names them, else areas around busy places."""
    counts = np.bincount(dataset.item_codes - 1, minlength=len(dataset.items))
    kinds, names, clustered = _categories(dataset) if "category" in dataset.items else _clusters(dataset, counts)
    points, areas = _areas(dataset)
    return FeatureSpace(kinds, names, clustered, points, areas)


def on_sphere(places: np.ndarray) -> np.ndarray:
    """(n, 3) unit vectors of degrees (n, 2): near is near across the date line and at the poles too."""
    latitude, longitude = np.radians(np.asarray(places, dtype=np.float64)).T
    return np.column_stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)])


def _categories(dataset: Dataset) -> tuple[np.ndarray, tuple[str, ...], bool]:
    labels = dataset.items["category"].to_numpy(dtype=object)
    names = sorted({label for label in labels if isinstance(label, str)})
    code = {name: at for at, name in enumerate(names)}
    return np.array([code[label] if isinstance(label, str) else -1 for label in labels], dtype=np.int64), tuple(names), False


def _clusters(dataset: Dataset, counts: np.ndarray) -> tuple[np.ndarray, tuple[str, ...], bool]:
    """Groups of items that the same people take (k-means on the leading singular vectors), named by their busiest two."""
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
    return labels.astype(np.int64), tuple(_typical(dataset, np.flatnonzero(labels == at), counts) for at in range(len(used))), True


def _typical(dataset: Dataset, items: np.ndarray, counts: np.ndarray) -> str:
    best = items[np.argsort(-counts[items], kind="stable")[:2]]
    return "things like " + " and ".join(dataset.title_of(str(dataset.item_ids[item])) for item in best)


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
    """Areas named after the place in them that most people know: the busiest may be somebody's home."""
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

"""Maps: one user's part of the city, the whole city, and areas to choose from."""

import numpy as np

from pages.cache.decorator import cached
from recsys.core import Dataset
from recsys.datasets.outline import read_outline
from recsys.figures.maps import MapView, fit_map_view, fit_user_view, list_districts
from recsys.figures.palette import Palette
from recsys.figures.route_map import base_map_html


@cached(64)
def map_view(dataset: Dataset, user: str) -> MapView | None:
    """Return the part of the map with one user's events; None for data without places."""
    return fit_user_view(dataset, user, read_outline(dataset.name))


@cached(64)
def map_ground(dataset: Dataset, user: str, colours: Palette) -> str:
    """Return the background map of one user's route as HTML; empty for data without places."""
    view = map_view(dataset, user)
    return "" if view is None else base_map_html(view, colours)


@cached(4)
def whole_map(dataset: Dataset) -> tuple[MapView, np.ndarray, list[str]] | None:
    """Return the map of all places with the number of events and the title of each; None for items without places."""
    places = dataset.item_places
    if places is None or not np.isfinite(places).all(axis=1).any():
        return None
    known = np.isfinite(places).all(axis=1)
    counts = np.bincount(dataset.item_codes, minlength=len(known) + 1)[1:]
    titles = [dataset.title_of(str(item)) for item in dataset.item_ids[known]]
    view = fit_map_view(places, places[known], list_districts(dataset), read_outline(dataset.name), margin=0.12)
    return view, counts[known], titles


@cached(8)
def areas(dataset: Dataset) -> dict[str, tuple[float, float]]:
    """Return a point in each district, or the most popular places where no districts are known; empty without places."""
    if dataset.item_places is None:
        return {}
    table = dataset.items[["latitude", "longitude"]].dropna()
    if "district" in dataset.items:
        table = table.groupby(dataset.items["district"].reindex(table.index)).median()
        names = [str(area) for area in table.index]
    else:
        counts = np.bincount(dataset.item_codes - 1, minlength=len(dataset.items))
        table = table.loc[table.index.isin(dataset.items.index[np.argsort(-counts, kind="stable")[:40]])]
        names = [dataset.title_of(str(item)) for item in table.index]
    return {name: (float(row[0]), float(row[1])) for name, row in zip(names, table.to_numpy(), strict=True)}

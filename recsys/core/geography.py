"""Great-circle distances on the surface of the earth, and shapes on it."""

from dataclasses import dataclass

import numpy as np

EARTH = 6371.0  # radius in kilometres


@dataclass(frozen=True, eq=False)
class Outline:
    """Shapes that come with a dataset, (n, 2) latitude and longitude: the coast, closed, and a river."""

    coast: np.ndarray
    river: np.ndarray


def kilometres(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the distances (n, m) between degrees of latitude and longitude (n, 2) and (m, 2), by the haversine formula."""
    return kilometres_apart(places[:, None], others[None])


def kilometres_apart(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the distances (…,) between pairs of degrees (…, 2), exact to the metre for points close together."""
    here, there = np.radians(places), np.radians(others)
    north = np.sin((here[..., 0] - there[..., 0]) / 2) ** 2
    east = np.sin((here[..., 1] - there[..., 1]) / 2) ** 2
    return np.asarray(2 * EARTH * np.arcsin(np.sqrt(np.clip(north + np.cos(here[..., 0]) * np.cos(there[..., 0]) * east, 0, 1))))

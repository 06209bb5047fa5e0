"""Distances on the ground."""

import numpy as np

EARTH = 6371.0  # kilometres


def kilometres(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Great-circle distances (n, m) between degrees of latitude and longitude (n, 2) and (m, 2), by the haversine formula."""
    here, there = np.radians(places), np.radians(others)
    north = np.sin((here[:, None, 0] - there[None, :, 0]) / 2) ** 2
    east = np.sin((here[:, None, 1] - there[None, :, 1]) / 2) ** 2
    return 2 * EARTH * np.arcsin(np.sqrt(np.clip(north + np.cos(here[:, None, 0]) * np.cos(there[None, :, 0]) * east, 0, 1)))

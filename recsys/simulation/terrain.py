"""The map of the simulated city: an invented island, its river and its districts.

The island of Vellamar lies around 43.55 N, 8.75 E. In reality there is open sea at these coordinates, so that nothing
on the map can be mistaken for a real address. Plans are in kilometres east and north of the centre.
"""

from typing import NamedTuple

import numpy as np

CENTRE = (43.55, 8.75)  # latitude, longitude
KM_PER_DEGREE = 111.195


class District(NamedTuple):
    """A district of the city: its position, its extent, and its shares of places, homes and jobs."""

    name: str
    east: float
    north: float
    spread: float  # kilometres, standard deviation
    places: float
    homes: float
    jobs: float
    hint: str  # phrase for descriptions


DISTRICTS = (
    District("Old Harbour", 0.2, -2.7, 0.42, 0.17, 0.08, 0.10, "a few steps from the fishing boats"),
    District("Cathedral Hill", -1.2, -0.6, 0.42, 0.13, 0.08, 0.14, "below the cathedral steps"),
    District("Mill Quarter", 1.5, 0.2, 0.45, 0.13, 0.12, 0.14, "beside the old mill race"),
    District("University Quarter", -3.0, 1.3, 0.42, 0.12, 0.12, 0.14, "among the lecture halls"),
    District("Northgate", 0.5, 3.4, 0.45, 0.12, 0.15, 0.12, "just inside the northern gate"),
    District("Station Row", 3.4, 2.6, 0.40, 0.09, 0.10, 0.16, "across from the railway arches"),
    District("East Docks", 4.4, -1.6, 0.48, 0.09, 0.10, 0.14, "between the brick warehouses"),
    District("Orchard Park", -5.2, 3.0, 0.50, 0.08, 0.15, 0.03, "on a street lined with apple trees"),
    District("Sandy Bay", -5.6, -1.7, 0.48, 0.07, 0.10, 0.03, "within earshot of the surf"),
)
DISTRICT_NAMES = tuple(each.name for each in DISTRICTS)
DISTRICT_CENTRES = np.array([(each.east, each.north) for each in DISTRICTS])
RESORT = DISTRICT_NAMES.index("Sandy Bay")

# The coast, clockwise from the north; the bay in the south is the harbour.
COAST = np.array(
    [
        (0.2, 5.4),
        (1.8, 5.2),
        (3.4, 4.9),
        (4.9, 4.1),
        (6.0, 2.9),
        (6.6, 1.3),
        (6.5, -0.4),
        (6.2, -2.0),
        (5.3, -3.2),
        (4.0, -3.6),
        (2.8, -3.5),
        (1.9, -3.9),
        (1.2, -4.3),
        (0.9, -3.8),
        (0.5, -3.6),
        (0.0, -3.7),
        (-0.4, -4.2),
        (-1.3, -4.1),
        (-2.2, -3.4),
        (-3.2, -2.9),
        (-4.3, -3.2),
        (-5.6, -3.4),
        (-6.7, -2.9),
        (-7.2, -1.8),
        (-6.9, -0.5),
        (-6.3, 0.6),
        (-6.8, 1.7),
        (-7.1, 3.0),
        (-6.5, 4.2),
        (-5.2, 4.9),
        (-3.6, 4.8),
        (-1.8, 5.1),
    ]
)
RIVER = np.array([(2.2, 5.0), (1.9, 3.7), (2.3, 2.5), (2.2, 1.4), (1.1, 0.7), (0.5, -0.3), (0.8, -1.4), (0.9, -2.4), (0.7, -3.6)])


def to_degrees(plan: np.ndarray) -> np.ndarray:
    """Return latitude and longitude (n, 2) of points (n, 2) in kilometres east and north; accurate within 15 km."""
    latitude = CENTRE[0] + plan[:, 1] / KM_PER_DEGREE
    longitude = CENTRE[1] + plan[:, 0] / (KM_PER_DEGREE * np.cos(np.radians(CENTRE[0])))
    return np.column_stack([latitude, longitude])


def is_on_land(plan: np.ndarray) -> np.ndarray:
    """Return (n,) whether points (n, 2) lie inside the coast: a ray to the east then crosses it an odd number of times."""
    start, end = COAST, np.roll(COAST, -1, axis=0)
    east, north = plan[:, :1], plan[:, 1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = start[:, 0] + (north - start[:, 1]) * (end[:, 0] - start[:, 0]) / (end[:, 1] - start[:, 1])
    crossed = ((start[:, 1] > north) != (end[:, 1] > north)) & (east < crossing)
    return crossed.sum(axis=1) % 2 == 1


def scatter(rng: np.random.Generator, districts: np.ndarray) -> np.ndarray:
    """Draw a point on land (n, 2) for each district index (n,), denser towards the centre of the district."""
    spread = np.array([each.spread for each in DISTRICTS])[districts, None]
    points = DISTRICT_CENTRES[districts] + rng.normal(size=(len(districts), 2)) * spread
    # A point in the water is moved to half its distance from the centre of its district, which is on land.
    for _ in range(4):
        wet = ~is_on_land(points)
        points[wet] = (points[wet] + DISTRICT_CENTRES[districts[wet]]) / 2
    return points


def make_outline() -> dict[str, object]:
    """Return the coast, the river and the districts' names and centres, in degrees, for drawing the map without tiles."""

    def line(plan: np.ndarray) -> list[list[float]]:
        return [[round(float(latitude), 5), round(float(longitude), 5)] for latitude, longitude in to_degrees(plan)]

    middles = line(DISTRICT_CENTRES)
    return {
        "city": "Vellamar",
        "note": "A fictional island; in the real world there is open water at these coordinates.",
        "coast": line(_smooth(COAST, closed=True)),
        "river": line(_smooth(RIVER, closed=False)),
        "districts": [{"name": name, "latitude": at[0], "longitude": at[1]} for name, at in zip(DISTRICT_NAMES, middles, strict=True)],
    }


def _smooth(points: np.ndarray, closed: bool) -> np.ndarray:
    """Smooth a line by cutting its corners twice (Chaikin), so that a coast of thirty points looks drawn by hand."""
    for _ in range(2):
        following = np.roll(points, -1, axis=0) if closed else points[1:]
        here = points if closed else points[:-1]
        cut = np.stack([0.75 * here + 0.25 * following, 0.25 * here + 0.75 * following], axis=1).reshape(-1, 2)
        points = cut if closed else np.vstack([points[:1], cut, points[-1:]])
    return np.vstack([points, points[:1]]) if closed else points

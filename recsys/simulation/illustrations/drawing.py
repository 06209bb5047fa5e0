"""Pictures of places: a scene of the category before the outline of the district, in a few variants."""

from collections.abc import Mapping
from functools import lru_cache
from random import Random
from zlib import crc32

import pandas as pd

from recsys.simulation.categories import CATEGORIES

_VARIANTS = 6  # of each category in each district; more places share them
_AT_NIGHT = {"nightlife": 0.85, "food": 0.3, "culture": 0.2}
"""The share of pictures in the evening by group of categories; of other groups all are by day."""


def draw_illustrations(places: pd.DataFrame) -> Mapping[str, bytes]:
    """Return the picture of each place as WebP, by its id, from the columns category and district.

    The same places have the same pictures, up to what versions of the WebP encoder do differently.
    """
    columns = (places[name] for name in ("category", "district"))
    return {str(each): _draw(*where, crc32(str(each).encode()) % _VARIANTS) for each, *where in zip(places.index, *columns, strict=True)}


@lru_cache(4096)
def _draw(category: str, district: str, variant: int) -> bytes:
    from recsys.item_images.thumbnails import encode_thumbnail
    from recsys.simulation.illustrations import culture, food_and_drink, sport_and_work
    from recsys.simulation.illustrations.skylines import draw_surroundings

    rng = Random(f"{category} in {district}, {variant}")
    group = next(each.group for each in CATEGORIES if each.name == category)
    canvas, air = draw_surroundings(district, rng.random() < _AT_NIGHT.get(group, 0.0), rng)
    (food_and_drink.SCENES | culture.SCENES | sport_and_work.SCENES)[category](canvas, air, rng)
    return encode_thumbnail(canvas.finish(is_mirrored=rng.random() < 0.5))

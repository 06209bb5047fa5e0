"""Illustrations of places: one scene for each category, told apart by district and place, the same for the same place, and small."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from recsys.datasets import open_dataset
from recsys.datasets.prepared import read_prepared
from recsys.item_images import SIDE, is_thumbnail
from recsys.simulation.categories import CATEGORY_NAMES
from recsys.simulation.city import simulate_city
from recsys.simulation.illustrations import draw_illustrations
from recsys.simulation.terrain import DISTRICT_NAMES
from recsys.storage.paths import ASSETS


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"), dtype=int)


def places(categories: list[str], districts: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"category": categories, "district": districts}, index=[f"v{number}" for number in range(len(categories))])


def test_every_category_has_a_scene_and_every_district_an_outline() -> None:
    table = places(list(CATEGORY_NAMES), [DISTRICT_NAMES[number % 9] for number in range(len(CATEGORY_NAMES))])
    drawn = draw_illustrations(table)
    assert list(drawn) == list(table.index) and len(set(drawn.values())) == len(table)
    for data in drawn.values():
        assert is_thumbnail(data) and pixels(data).shape == (SIDE, SIDE, 3)
        assert len(np.unique(pixels(data).reshape(-1, 3) // 32, axis=0)) > 5, "more than an empty square"


def test_district_and_place_are_told_apart() -> None:
    by_district = draw_illustrations(places(["espresso bar"] * 9, list(DISTRICT_NAMES)))
    assert len(set(by_district.values())) == 9
    of_one = draw_illustrations(places(["espresso bar"] * 30, ["Northgate"] * 30))
    assert 3 <= len(set(of_one.values())) <= 6, "places share a few pictures, so that a large city stays small"


def test_the_shipped_pictures_are_those_of_the_shipped_places() -> None:
    data = open_dataset("demo-city")
    drawn = draw_illustrations(data.items.iloc[::25])
    assert set(data.images) == set(data.items.index)
    for item, image in drawn.items():  # another version of the encoder may differ in the last bit
        assert np.abs(pixels(image) - pixels(data.images[item])).mean() < 4, item
    assert (ASSETS / "data" / "demo-city" / "images.parquet").stat().st_size < 2_000_000


def test_a_simulated_city_is_written_with_pictures(tmp_path: Path) -> None:
    city = simulate_city(seed=3, people=3, places=32, days=28, out=tmp_path / "city")
    written = read_prepared(tmp_path / "city")
    assert set(written.images) == set(city.dataset.items.index) and written.fingerprint == city.dataset.fingerprint

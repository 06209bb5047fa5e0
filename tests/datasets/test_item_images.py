"""Pictures and links of items in an import: their columns are found, small copies of files travel with the data, and the rest is counted."""

import shutil
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from recsys.core import Dataset
from recsys.datasets import open_dataset, prepare_dataset, read_file
from recsys.datasets.importing import images as item_images
from recsys.datasets.importing import preparation
from recsys.datasets.importing.column_roles import guess_roles
from recsys.datasets.importing.options import Options
from recsys.datasets.prepared import read_prepared, write_prepared
from recsys.datasets.readers import ml_100k
from recsys.datasets.source import open_duckdb
from recsys.temporary_data import keep_dataset

COLOURS = {"tea": "#20a020", "pie": "#d02020", "cake": "#2020d0"}


def checks(data: Dataset) -> dict[str, tuple[int, str]]:
    return {check.text: (check.rows, check.action) for check in data.checks}


def colour_of(data: bytes) -> str:
    """Return the colour in the middle of a thumbnail as the item of COLOURS that it is nearest to."""
    image = Image.open(BytesIO(data))
    assert image.format == "WEBP"
    pixel = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return min(COLOURS, key=lambda item: sum(abs(a - int(COLOURS[item][at : at + 2], 16)) for a, at in zip(pixel, (1, 3, 5), strict=True)))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a folder with events.csv, items.csv and posters, of which one is not there and some are not what they seem."""
    folder = tmp_path / "shop"
    (folder / "posters").mkdir(parents=True)
    for item, colour in COLOURS.items():
        Image.new("RGB", (240, 320), colour).save(folder / "posters" / f"{item}.png")
    (folder / "posters" / "page.png").write_bytes(b"<html><script>alert(1)</script></html>")
    (tmp_path / "secret.png").write_bytes((folder / "posters" / "tea.png").read_bytes())
    (folder / "posters" / "link.png").symlink_to(tmp_path / "secret.png")
    posters = {
        "tea": "posters/tea.png", "pie": "posters\\pie.png", "cake": "./posters/cake.png", "page": "posters/page.png", "gone": "posters/gone.png",
        "up": "../secret.png", "link": "posters/link.png", "far": "https://example.org/far.png", "http": "http://example.org/far.png", "bare": None,
    }  # fmt: skip
    items = pd.DataFrame({"id": list(posters), "title": [f"The {item}" for item in posters], "poster": list(posters.values())})
    items["imdb_url"] = [f"https://example.org/{item}" for item in posters]
    items.to_csv(folder / "items.csv", index=False)
    # The first items have the most events.
    rows = [(f"u{user}", item, 1_700_000_000 + 60 * at) for at, item in enumerate(posters) for user in range(12 - at)]
    pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"]).to_csv(folder / "events.csv", index=False)
    return folder


COUNTED = {
    "pictures of items at an https address, shown only where the server allows it": (1, "kept"),
    "pictures of items that are not files in the folder of the data": (4, "kept"),
    "pictures of items that are damaged, too large, or not JPEG, PNG, WebP or GIF": (1, "kept"),
}


def assert_pictured(data: Dataset) -> None:
    assert {item: colour_of(image) for item, image in data.images.items()} == {item: item for item in COLOURS}


def test_a_prepared_folder_has_its_pictures_when_the_source_is_gone(shop: Path) -> None:
    prepare_dataset(shop / "events.csv", name="shop", items=str(shop / "items.csv"))
    shutil.rmtree(shop)
    data = open_dataset("shop")
    assert_pictured(data)
    assert COUNTED.items() <= checks(data).items()
    assert data.items.at["far", "image"] == "https://example.org/far.png" and data.items.at["tea", "url"] == "https://example.org/tea"


def test_pictures_may_be_named_in_the_events_themselves(shop: Path) -> None:
    events, items = pd.read_csv(shop / "events.csv"), pd.read_csv(shop / "items.csv")
    joined = (
        events.merge(items, left_on="item_id", right_on="id").drop(columns="id").rename(columns={"poster": "image_url", "imdb_url": "link"})
    )
    joined.to_csv(shop / "joined.csv", index=False)
    data = read_file(shop / "joined.csv")
    assert_pictured(data)
    assert COUNTED.items() <= checks(data).items() and data.items.at["pie", "url"] == "https://example.org/pie"
    assert not {"image", "url"} & set(data.interactions)


def test_without_pictures_nothing_is_written(shop: Path) -> None:
    prepare_dataset(shop / "events.csv", name="plain")
    folder = Path(preparation.home()) / "datasets" / "plain"
    assert not (folder / "images.parquet").exists() and not open_dataset("plain").images
    assert not any("pictures" in check for check in checks(open_dataset("plain")))


def test_pictures_go_with_every_copy(shop: Path, tmp_path: Path) -> None:
    options = Options(items=str(shop / "items.csv"))
    data = preparation.read_into_memory(shop / "events.csv", "upload", options)
    assert_pictured(data)
    preparation.save_import(data, "kept", shop / "events.csv", options)
    assert_pictured(open_dataset("kept"))
    prepare_dataset(Path(preparation.home()) / "datasets" / "kept", name="again")
    assert_pictured(open_dataset("again"))
    write_prepared(tmp_path / "out", data)
    assert_pictured(read_prepared(tmp_path / "out"))


def test_a_table_in_memory_has_its_pictures_in_the_working_directory(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    data = keep_dataset(pd.read_csv("events.csv"), pd.read_csv("items.csv").rename(columns={"id": "item_id", "poster": "image"}))
    assert_pictured(data)
    assert_pictured(open_dataset(data.name))


def test_a_shared_picture_is_read_and_kept_once(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = pd.read_csv(shop / "items.csv").assign(poster="posters/tea.png")
    items.to_csv(shop / "items.csv", index=False)
    read = []
    monkeypatch.setattr(item_images, "make_thumbnail", lambda path: read.append(path) or b"picture")
    data = read_file(shop / "events.csv", items=str(shop / "items.csv"))
    assert len(read) == 1 and set(data.images) == set(items["id"])


def test_beyond_the_bound_the_items_with_the_most_events_have_pictures(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_images, "MOST_IMAGES", 2)
    data = read_file(shop / "events.csv", items=str(shop / "items.csv"))
    assert set(data.images) == {"tea", "pie"}
    assert checks(data)["pictures of items beyond the 2 with the most events"] == (7, "kept")


def test_a_new_role_does_not_change_the_fingerprint_of_other_data(shop: Path) -> None:
    first = read_file(shop / "events.csv")
    assert read_file(shop / "events.csv", {"image": "", "url": ""}).fingerprint == first.fingerprint
    (shop / "pictured.csv").write_text(pd.read_csv(shop / "events.csv").assign(img="posters/tea.png").to_csv(index=False))
    assert read_file(shop / "pictured.csv").fingerprint != read_file(shop / "pictured.csv", {"image": ""}).fingerprint


NAMES = {
    "image": ["image", "image_url", "imageUrl", "poster", "poster_path", "thumbnail", "picture", "img", "cover", "Cover Image", "photo_url", "imUrl", "movie_poster"],
    "url": ["url", "link", "website", "imdb_url", "IMDb URL", "product_link", "homepage", "item_url"],
}  # fmt: skip


@pytest.mark.parametrize("role, name", [(role, name) for role, names in NAMES.items() for name in names])
def test_names_of_the_columns(role: str, name: str) -> None:
    items = [f"i{n % 7}" for n in range(40)]
    table = pd.DataFrame({"user_id": [f"u{n % 5}" for n in range(40)], "item_id": items}, dtype="str")
    values = {"image": [f"posters/{item}.jpg" for item in items], "url": [f"https://example.org/{item}" for item in items]}
    assert guess_roles(table.assign(**{name: values[role]})).mapping == {"user_id": "user_id", "item_id": "item_id", role: name}
    addresses = guess_roles(table.assign(**{name: values["url"]})).mapping
    assert addresses == {"user_id": "user_id", "item_id": "item_id", role: name}
    assert role not in guess_roles(table.assign(**{name: [f"{n % 3} and more" for n in range(40)]})).mapping, "the values decide too"
    assert role not in guess_roles(table.assign(**{name: [f"https://example.org/{n}.jpg" for n in range(40)]})).mapping, (
        "one for each event"
    )


def test_films_of_movielens_have_their_links(tmp_path: Path) -> None:
    (tmp_path / "u.data").write_text("1\t1\t5\t874965758\n1\t2\t3\t876893171\n2\t1\t4\t888550871\n")
    flags = "|".join("0" * 19)
    (tmp_path / "u.item").write_text(
        f"1|Toy Story (1995)|01-Jan-1995||http://us.imdb.com/M/title-exact?Toy%20Story%20(1995)|{flags}\n2|Unknown||||{flags}\n",
        encoding="latin-1",
    )
    with open_duckdb(tmp_path / "work") as con:
        items = ml_100k.read(con, tmp_path).items
        assert items is not None
        assert items.at["1", "url"] == "http://us.imdb.com/M/title-exact?Toy%20Story%20(1995)" and pd.isna(items.at["2", "url"])

"""Pictures of items on pages: squares in every list of a dataset that has any, addresses that are signed, and nothing from elsewhere unasked."""

import html as html_module
import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from pages import cache
from pages.image_route import find_image, image_route
from pages.ui import item_card, thumbnails
from recsys.core import Dataset
from recsys.datasets.prepared import write_prepared
from recsys.item_images import make_thumbnail
from recsys.storage import paths
from tests.pages.conftest import told

TINTS = {"bakery": "#882255", "park": "#117733"}


def thumbnail(colour: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (80, 60), colour).save(out, "PNG")
    return make_thumbnail(out)


@pytest.fixture
def pictured(tiny: Dataset) -> Dataset:
    """Return a dataset with pictures of two items, addresses of pictures of three others, and links."""
    items = tiny.items.assign(image=None, url=None)
    items["image"] = pd.Series(
        {"i04": "https://example.org/a.png?x=1&y=2", "i05": "http://example.org/b.png", "i06": "javascript:alert(1)"}
    ).reindex(items.index)
    items["url"] = pd.Series(
        {
            "i00": "https://www.example.org/a?b=1&c=<",
            "i01": "https://www.example.org/a?b=1&c=2",
            "i02": "javascript:alert(1)",
            "i04": "http://example.org/",
        }
    ).reindex(items.index)
    return replace(
        tiny, name="pictured", fingerprint="f00d", items=items, images={"i00": thumbnail("#d02020"), "i01": thumbnail("#20a020")}
    )


@pytest.fixture
def served(pictured: Dataset) -> TestClient:
    """Return a client of the route, with the dataset prepared."""
    write_prepared(paths.home() / "datasets" / "pictured", pictured)
    return TestClient(Starlette(routes=[image_route()]))


def address_in(square: str) -> str:
    found = re.search(r'<img src="([^"]*)"', square)
    return html_module.unescape(found[1]) if found else ""


def test_a_dataset_without_pictures_looks_as_before(tiny: Dataset) -> None:
    assert thumbnails.thumbnail_html(tiny, "i00", TINTS) == ""
    assert "rs-thumb" not in item_card.card_html(1, tiny, "i00", 50, TINTS) + item_card.row_html("1", tiny, "i00", TINTS)


def test_items_without_a_picture_have_colour_and_initial(pictured: Dataset) -> None:
    square = thumbnails.thumbnail_html(pictured, "i02", TINTS)
    assert square == '<span class="rs-thumb" aria-hidden="true" style="--rs-tint:#117733">P</span>'
    assert ">I</span>" in thumbnails.thumbnail_html(pictured, "i03", TINTS), "of the id, where neither category nor title is known"
    hostile = replace(pictured, items=pictured.items.assign(category="<script>"))
    assert ">&lt;</span>" in thumbnails.thumbnail_html(hostile, "i02", TINTS)


def test_the_picture_is_at_the_address_on_the_page(pictured: Dataset, served: TestClient) -> None:
    square = thumbnails.thumbnail_html(pictured, "i01", TINTS)
    assert ">J<img " in square and 'loading="lazy"' in square and 'alt=""' in square
    answer = served.get(f"/{address_in(square)}")
    assert answer.status_code == 200 and answer.content == pictured.images["i01"]
    headers = answer.headers
    assert headers["content-type"] == "image/webp" and headers["x-content-type-options"] == "nosniff"
    assert (
        "immutable" in headers["cache-control"]
        and "private" in headers["cache-control"]
        and "sandbox" in headers["content-security-policy"]
    )


def test_other_addresses_have_nothing(pictured: Dataset, served: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (address_in(thumbnails.thumbnail_html(pictured, item, TINTS)) for item in ("i00", "i01"))
    folder, name = first.rsplit("/", 1)
    others = [
        f"{folder}/{name.replace('0-', '1-', 1)}", f"{folder}/{second.rsplit('/', 1)[1].replace('1-', '0-', 1)}", first.replace("f00d", "beef"),
        first.replace("/pictured/", "/tiny/"), f"{folder}/0-{'0' * 32}.webp", f"{folder}/0.webp", f"{folder}/..%2f..%2fcard.json", f"{folder}/", "images/",
        first.replace(".webp", ".png"), f"{folder}/٠-{name[2:]}",
    ]  # fmt: skip
    opened: list[str] = []
    monkeypatch.setattr(cache, "shared_dataset", opened.append)
    assert {served.get(f"/{each}").status_code for each in others} == {404}
    assert not opened, "without a signature nothing is opened"
    assert served.post(f"/{first}").status_code == 405


def test_a_dataset_that_is_gone_or_has_changed_has_none(pictured: Dataset, served: TestClient) -> None:
    address = address_in(thumbnails.thumbnail_html(pictured, "i01", TINTS))
    write_prepared(paths.home() / "datasets" / "pictured", replace(pictured, fingerprint="beef"))
    assert served.get(f"/{address}").status_code == 404
    gone = address_in(thumbnails.thumbnail_html(replace(pictured, name="gone"), "i01", TINTS))
    assert served.get(f"/{gone}").status_code == 404


@pytest.mark.parametrize("data", [b"<script>alert(1)</script>", b"RIFF\0\0\0\0WEBP<script>", b""])
def test_a_prepared_folder_of_somebody_else_cannot_serve_a_page(pictured: Dataset, data: bytes) -> None:
    write_prepared(paths.home() / "datasets" / "pictured", replace(pictured, images={"i01": data}))
    number = int(np.flatnonzero(pictured.item_ids == "i01")[0])
    assert find_image("pictured", "f00d", f"{number}-{thumbnails.sign_image('pictured', 'f00d', number)}.webp") is None


def test_an_upload_has_its_pictures_in_the_page(pictured: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "uploads", lambda: {"pictured": pictured})
    assert address_in(thumbnails.thumbnail_html(pictured, "i01", TINTS)).startswith("data:image/webp;base64,")


def test_pictures_from_elsewhere_are_loaded_only_where_the_server_allows_it(pictured: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def addresses() -> dict[str, str]:
        return {item: address_in(thumbnails.thumbnail_html(pictured, item, TINTS)) for item in ("i04", "i05", "i06", "i07")}

    only_remote = replace(pictured, images={})
    for setting in ("", "0", "true"):
        monkeypatch.setenv(thumbnails.VARIABLE, setting)
        assert not any(addresses().values()) and not thumbnails.thumbnail_html(only_remote, "i04", TINTS)
    monkeypatch.setenv(thumbnails.VARIABLE, "1")
    assert addresses() == {"i04": "https://example.org/a.png?x=1&y=2", "i05": "", "i06": "", "i07": ""}
    assert "https://example.org" in thumbnails.thumbnail_html(only_remote, "i04", TINTS)
    assert thumbnails.thumbnail_html(only_remote, "i07", TINTS), "others of this dataset have a square"
    assert not thumbnails.thumbnail_html(replace(only_remote, name="bare", items=pictured.items.drop(columns="image")), "i04", TINTS)


def test_links_lead_to_pages_only(pictured: Dataset) -> None:
    link = item_card.link_html(pictured, "i01")
    assert 'href="https://www.example.org/a?b=1&amp;c=2"' in link and ">example.org</a>" in link
    assert 'target="_blank"' in link and 'rel="noopener noreferrer"' in link
    assert [item_card.link_html(pictured, item) for item in ("i00", "i02", "i03")] == ["", "", ""]
    assert link in item_card.card_html(1, pictured, "i01", None, TINTS)


@pytest.mark.parametrize(
    "page", ["demo/recommend", "demo/compare", "explore/timeline", "explore/dataset", "demo/cold_start"]
)  # fmt: skip
def test_the_lists_of_pages_have_pictures(
    page: str, pictured: Dataset, visit: Callable[..., AppTest], keep: Callable[..., Dataset]
) -> None:
    keep(pictured)
    app = visit(f"{page}/page.py", dataset="pictured", model="markov", step="2")
    assert not app.exception
    if page == "demo/cold_start":
        app.multiselect[0].set_value(["i05"]).run()
    squares = re.findall(r'<span class="rs-thumb".*?</span>', told(app))
    assert len(squares) > 4 and 0 < sum("<img " in each for each in squares) < len(squares)
    assert all(address_in(each).startswith("images/pictured/f00d/") for each in squares if "<img " in each)

"""Names of pictures: only files in the folder of the data are found, and only http and https addresses are links."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recsys.item_images import find_image_file, is_image_name, is_secure_address, is_web_address


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of some data, with files in it and around it, and links to both."""
    outer = tmp_path_factory.mktemp("outer")
    data = outer / "data"
    (data / "posters").mkdir(parents=True)
    for path in (outer / "secret.png", data / "a.png", data / "posters" / "b.jpg", data / "Ünïcode 1.webp"):
        path.write_bytes(b"content")
    (outer / "data-2").mkdir()
    (outer / "data-2" / "c.png").write_bytes(b"beside")
    for link, target in {"out.png": "../secret.png", "in.png": "a.png", "up": "..", "loop": "loop", "passwd": "/etc/passwd"}.items():
        (data / link).symlink_to(target)
    os.mkfifo(data / "pipe.png")
    return data


@pytest.mark.parametrize(
    "name",
    [
        "a.png",
        "posters/b.jpg",
        "posters\\b.jpg",
        " a.png ",
        "./a.png",
        "posters//b.jpg",
        "Ünïcode 1.webp",
        "in.png",
        "up/data/a.png",
        "a.png/",
    ],
)
def test_files_in_the_folder_are_found(name: str, folder: Path) -> None:
    found = find_image_file(folder, name)
    assert found is not None and found.read_bytes() == b"content"


REFUSED = [
    "", ".", "/", "..", "../secret.png", "posters/../../secret.png", "posters/../a.png", "..\\secret.png", "out.png", "up/secret.png",
    "loop", "passwd", "/etc/passwd", "//etc/passwd", "\\\\server\\share.png", "C:\\a.png", "c:a.png", "file:a.png", "file:///etc/passwd", "http://x/a.png",
    "https://x/a.png", "data:image/png;base64,aaaa", "posters", "pipe.png", "missing.png", "a.png\0", "a" * 5000, "~/a.png", "../data-2/c.png",
]  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_refused(name: str, folder: Path) -> None:
    assert find_image_file(folder, name) is None


PART = st.sampled_from(
    ["..", ".", "a.png", "posters", "b.jpg", "up", "out.png", "data", "/", "\\", "//", "~", "file:", "", "secret.png", "etc"]
)


@given(parts=st.lists(PART, max_size=6), between=st.sampled_from(["/", "\\", ""]), noise=st.text(max_size=3))
@example(parts=["posters", "..", "..", "secret.png"], between="/", noise="")
def test_no_name_leads_out_of_the_folder(parts: list[str], between: str, noise: str, folder: Path) -> None:
    found = find_image_file(folder, between.join(parts) + noise)
    if found is not None:
        inside = {os.path.realpath(f"{root}/{each}") for root, _folders, files in os.walk(folder) for each in files}
        assert str(found) in inside and os.path.realpath(folder) in (str(each) for each in found.parents)


def test_a_folder_that_is_gone_has_no_files(tmp_path: Path) -> None:
    assert find_image_file(tmp_path / "gone", "a.png") is None


@pytest.mark.parametrize(
    "address", ["https://example.org/a.jpg", "http://us.imdb.com/M/title-exact?Toy%20Story%20(1995)", "https://example.org:8443/ü?q=1#top"]
)
def test_addresses(address: str) -> None:
    assert is_web_address(address) and is_image_name(address)
    assert is_secure_address(address) == address.startswith("https:")


@pytest.mark.parametrize(
    "address",
    [
        "", "example.org", "javascript:alert(1)", "JavaScript:alert(1)", " https://x/", "https://x/ y", 'https://x/"onload="', "https://x/<b>", "https://",
        "https:///path", "ftp://x/", "file:///etc/passwd", "data:text/html,x", "https://user:word@bank.org/", "https://x\n/", "https://x:99999/", "https://[x/",
        "https://x\\@y/", "vbscript:x", "//x/y", "https://x/" + "a" * 3000, None, float("nan"), 7,
    ],
)  # fmt: skip
def test_what_is_not_an_address(address: object) -> None:
    assert not is_web_address(address) and not is_secure_address(address)


@given(st.text(max_size=60) | st.text(max_size=40).map("https://".__add__) | st.text(max_size=40).map("javascript:".__add__))
def test_an_address_is_one_for_urllib_too(text: str) -> None:
    if is_web_address(text):
        parts = urlsplit(text)
        assert parts.scheme in ("http", "https") and parts.hostname and not set(text) & set("\"'<> \n\t\\") - {"'"}

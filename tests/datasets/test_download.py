"""Downloading from a real server on this machine: whole, resumed, damaged, broken off, and not there at all."""

import hashlib
import io
import socket
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from recsys.core.errors import DataError, UnknownNameError
from recsys.datasets import DATASETS, prepare_dataset
from recsys.datasets.download import describe_terms, download_dataset
from recsys.datasets.spec import DatasetSpec, Download, raw_home
from tests.datasets import miniatures


class Server(ThreadingHTTPServer):
    """Serves `files`; breaks off after `break_after` bytes where that is set; `ranges` is what was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.ranges: list[str | None] = []
        self.break_after: int | None = None
        self.knows_ranges = True

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        content = self.server.files.get(self.path.lstrip("/"))
        if content is None:
            self.send_error(404)
            return
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.knows_ranges else 0
        if start and start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : self.server.break_after])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    """A zip as the owner of ml-100k packs it: everything in a folder, and more than is needed."""
    miniatures.ml_100k(tmp_path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for path in sorted(tmp_path.iterdir()):
            packed.write(path, f"ml-100k/{path.name}")
        packed.writestr("ml-100k/u1.base", "not needed")
    return buffer.getvalue()


def published(server: Server, archive: bytes, monkeypatch: pytest.MonkeyPatch, checksum: str | None = None) -> DatasetSpec:
    server.files["ml-100k.zip"] = archive
    spec = replace(DATASETS["ml-100k"], downloads=(Download(server.url("ml-100k.zip"), checksum),))
    monkeypatch.setitem(DATASETS, "ml-100k", spec)
    return spec


def md5(content: bytes) -> str:
    return f"md5:{hashlib.md5(content).hexdigest()}"


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_fetched_data_can_be_prepared(server: Server, archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published(server, archive, monkeypatch, md5(archive))
    said: list[str] = []
    folder = download_dataset("ml-100k", tmp_path / "root", said.append)
    assert said[0] == describe_terms("ml-100k") and "GroupLens" in said[0]
    assert said[-1].endswith("100%")
    assert files(tmp_path / "root") == {"ml-100k/u.data", "ml-100k/u.item", "ml-100k/u.user"}
    assert prepare_dataset("ml-100k", root=folder).fingerprint == prepare_dataset("ml-100k", root=tmp_path / "root").fingerprint


def test_by_default_it_lands_where_prepare_looks(server: Server, archive: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECSYS_DATA", raising=False)
    published(server, archive, monkeypatch)
    assert download_dataset("ml-100k") == raw_home() / "ml-100k"
    assert prepare_dataset("ml-100k").users == 12


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_download_that_breaks_off_goes_on(
    knows_ranges: bool, server: Server, archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(server, archive, monkeypatch, md5(archive))
    server.break_after, server.knows_ranges = 500, knows_ranges
    with pytest.raises(
        DataError,
        match=f"could not be fetched .the connection broke after 500 of .*try again.*{tmp_path / 'root' / 'ml-100k'}",
    ) as caught:
        download_dataset("ml-100k", tmp_path / "root")
    assert "\n" not in str(caught.value)
    assert files(tmp_path / "root") == {".ml-100k-ml-100k.zip.part"}
    server.break_after = None
    download_dataset("ml-100k", tmp_path / "root")
    assert server.ranges[-1] == "bytes=500-"
    assert files(tmp_path / "root") == {"ml-100k/u.data", "ml-100k/u.item", "ml-100k/u.user"}


@pytest.mark.parametrize("left", [b"x" * 100_000, b"not the beginning of this file"])
def test_a_part_of_something_else_does_no_harm(
    left: bytes, server: Server, archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(server, archive, monkeypatch, md5(archive))
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / ".ml-100k-ml-100k.zip.part").write_bytes(left)
    try:
        download_dataset("ml-100k", tmp_path / "root")
    except DataError:
        download_dataset("ml-100k", tmp_path / "root")
    assert "ml-100k/u.data" in files(tmp_path / "root")


def test_a_wrong_checksum_is_thrown_away(server: Server, archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published(server, archive, monkeypatch, "md5:" + "0" * 32)
    with pytest.raises(DataError, match=r"not the owner's 0{32}; it was deleted"):
        download_dataset("ml-100k", tmp_path / "root")
    assert files(tmp_path / "root") == set()


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_checksum_that_stands_beside_the_file(
    kind: str, server: Server, archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(server, archive, monkeypatch, server.url("sum"))
    server.files["sum"] = f"MD5 (ml-100k.zip) = {hashlib.new(kind, archive).hexdigest()}\n".encode()
    download_dataset("ml-100k", tmp_path / "root")
    server.files["sum"] = b"no sum here"
    with pytest.raises(DataError, match="does not contain a checksum"):
        download_dataset("ml-100k", tmp_path / "root")


@pytest.mark.parametrize(
    ("content", "says"), [(b"<html>moved</html>", "is not a readable zip"), (None, "answers 404"), (b"empty", "does not contain u.data")]
)
def test_what_is_not_the_data_is_refused(
    content: bytes | None, says: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = io.BytesIO()
    zipfile.ZipFile(buffer, "w").close()
    published(server, buffer.getvalue() if content == b"empty" else content or b"", monkeypatch)
    if content is None:
        server.files.clear()
    with pytest.raises(DataError, match=says):
        download_dataset("ml-100k", tmp_path / "root")
    assert not (tmp_path / "root" / "ml-100k").exists()


def test_without_a_network_it_says_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/ml-100k.zip"
    monkeypatch.setitem(DATASETS, "ml-100k", replace(DATASETS["ml-100k"], downloads=(Download(url),)))
    with pytest.raises(DataError, match=f"could not be fetched .*u.data, u.item .*{tmp_path / 'root' / 'ml-100k'}") as caught:
        download_dataset("ml-100k", tmp_path / "root")
    assert "\n" not in str(caught.value)
    assert files(tmp_path / "root") == set()


def test_data_without_a_download_says_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"no public download; get users_interactions.* put it in {tmp_path / 'deskdrop'}"):
        download_dataset("deskdrop", tmp_path)
    with pytest.raises(DataError, match="ships with Recscope"):
        download_dataset("demo-city", tmp_path)
    with pytest.raises(UnknownNameError, match="did you mean ml-1m"):
        download_dataset("ml-1n", tmp_path)

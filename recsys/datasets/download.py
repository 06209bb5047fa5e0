"""Downloading what an owner publishes: terms first, then progress, resume and checksum. Standard library only."""

import hashlib
import http
import http.client
import re
import shutil
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from recsys.core.errors import DataError, unknown
from recsys.datasets import DATASETS
from recsys.datasets.spec import DatasetSpec, Download, raw_home
from recsys.storage.files import folder_at_once

_CHUNK = 1 << 18
_TIMEOUT = 30
_QUIET = 5_000_000


def terms(name: str) -> str:
    """What the owner of a data set asks, to be shown before anything is downloaded."""
    spec = _spec(name)
    return f"{spec.title}: {spec.terms}"


def download_dataset(name: str, root: Path | None = None, progress: Callable[[str], None] | None = None) -> Path:
    """Download a data set's raw files into `root`/NAME (by default where `prepare` looks for them), and say where that is.

    `progress` is told the owner's terms and then, line by line, how far the download is. One that breaks off leaves a
    hidden `.part` file in `root`, and the next try goes on from there; anything else is written whole or not at all.
    Errors are DataErrors that name the folder to put the files in by hand.
    """
    spec, place = _spec(name), Path(root) if root else raw_home()
    target, say = place / name, progress or (lambda line: None)
    if not spec.downloads:
        raise DataError(f"'{name}' has no public download; {_by_hand(spec, target)}")
    say(terms(name))
    got: list[Path] = []
    try:
        place.mkdir(parents=True, exist_ok=True)
        for each in spec.downloads:
            got.append(_download(each, place / f".{name}-{_file_name(each.url)}", _by_hand(spec, target), say))
        with folder_at_once(target) as work:
            for path, download in zip(got, spec.downloads, strict=True):
                _place(path, _file_name(download.url), spec, work)
            if not spec.here(work):
                raise DataError(f"the download of '{name}' does not hold {', '.join(spec.files)}; {_by_hand(spec, target)}")
    except OSError as error:
        raise DataError(f"cannot write to {place}: {error.strerror or error}; name another folder with --root") from error
    for path in got:
        path.unlink(missing_ok=True)
    return target


def _by_hand(spec: DatasetSpec, target: Path) -> str:
    if spec.module is None:
        return "it ships with the program"
    return f"get {', '.join(spec.files)} from the owner and put it in {target}"


def _spec(name: str) -> DatasetSpec:
    if name not in DATASETS:
        raise unknown("dataset", name, DATASETS)
    return DATASETS[name]


def _file_name(url: str) -> str:
    return PurePosixPath(url.split("?")[0]).name


def _download(download: Download, target: Path, by_hand: str, say: Callable[[str], None]) -> Path:
    """The whole file with the right checksum; `target`.part holds what there is until then."""
    part = target.with_name(target.name + ".part")
    name = _file_name(download.url)
    with _network(download.url, by_hand):
        wanted = _checksum(download)
        try:
            _stream(download.url, part, name, say)
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
            # The part is as long as the file, or longer: it is whole already, or not the beginning of this one.
            if wanted is None or _digest(part, wanted[0]) != wanted[1]:
                part.unlink()
                _stream(download.url, part, name, say)
    if wanted and (found := _digest(part, wanted[0])) != wanted[1]:
        part.unlink()
        raise DataError(
            f"{name} from {download.url} has the {wanted[0]} {found} and not the owner's {wanted[1]}; it was thrown away, fetch it again"
        )
    part.replace(target)
    return target


def _stream(url: str, part: Path, name: str, say: Callable[[str], None]) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
        resumed = bool(have) and answer.status == http.HTTPStatus.PARTIAL_CONTENT
        done = have if resumed else 0
        length = answer.headers.get("Content-Length")
        total = done + int(length) if length else None
        if resumed:
            say(f"{name}: going on from {done:,} bytes")
        told = done
        with part.open("ab" if resumed else "wb") as file:
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                if done - told >= (total / 20 if total else _QUIET) or done == total:
                    say(f"{name}: {done:,} of {total:,} bytes, {done / total:.0%}" if total else f"{name}: {done:,} bytes")
                    told = done
    if total is not None and done < total:
        raise ConnectionError(f"it broke off after {done:,} of {total:,} bytes")


def _checksum(download: Download) -> tuple[str, str] | None:
    """Kind and value; where the owner keeps it in a file beside the download, that file is read first."""
    if download.checksum is None:
        return None
    if "://" not in download.checksum:
        kind, value = download.checksum.split(":", 1)
        return kind, value
    with urllib.request.urlopen(download.checksum, timeout=_TIMEOUT) as answer:
        text = answer.read(1 << 16).decode("ascii", errors="replace")
    found = re.search(r"\b[0-9a-fA-F]{64}\b|\b[0-9a-fA-F]{32}\b", text)
    if found is None:
        raise DataError(f"{download.checksum} holds no checksum; fetch again later")
    return ("sha256" if len(found.group()) == 64 else "md5"), found.group().lower()


def _digest(path: Path, kind: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


@contextmanager
def _network(url: str, by_hand: str) -> Iterator[None]:
    try:
        yield
    except urllib.error.HTTPError as error:
        raise DataError(f"{url} answers {error.code} {error.reason}; {by_hand}") from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise DataError(f"{url} could not be fetched ({reason}); fetch again to go on, or {by_hand}") from error


def _place(path: Path, name: str, spec: DatasetSpec, folder: Path) -> None:
    """The file itself, or from a zip those of its files that are needed, without the archive's folders."""
    wanted = {each for alternatives in spec.files for each in alternatives.split(" | ")} | {*spec.optional, "README", "README.txt"}
    if not name.endswith(".zip") or name in wanted:
        shutil.copyfile(path, folder / name)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                file = PurePosixPath(member.filename).name
                if file in wanted:
                    with archive.open(member) as packed, (folder / file).open("wb") as unpacked:
                        shutil.copyfileobj(packed, unpacked, _CHUNK)
    except (zipfile.BadZipFile, EOFError) as error:
        path.unlink(missing_ok=True)
        raise DataError(f"{name} is no zip that can be read ({error}); it was thrown away, fetch it again") from error

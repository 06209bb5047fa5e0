"""Downloads of raw files from the owners of datasets, with resume and checksum, and of files at an address. Standard library only."""

import hashlib
import http
import http.client
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from recsys.core.errors import DataError, unknown
from recsys.core.formatting import format_number, format_share, join_words
from recsys.core.translation import _
from recsys.datasets.registry import DATASETS
from recsys.datasets.spec import DatasetSpec, Download, raw_home
from recsys.datasets.zip_errors import ZIP_ERRORS, is_damage
from recsys.storage.atomic_files import write_folder_atomically

_CHUNK = 1 << 18
_TIMEOUT = 30
_BYTES_BETWEEN_REPORTS = 5_000_000
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_SAFE = "/:?#[]@!$&'()*+,;=%~"


def describe_terms(name: str) -> str:
    """Return the owner's terms of a dataset, to be shown before anything is downloaded."""
    spec = _find_spec(name)
    return f"{spec.title}: {_(spec.terms)}"


def download_dataset(name: str, root: Path | None = None, progress: Callable[[str], None] | None = None) -> Path:
    """Download the raw files of a dataset into `root`/NAME, by default where `prepare_dataset` finds them, and return that folder.

    `progress` receives the owner's terms and then lines of progress. An interrupted download leaves a hidden `.part` file in `root`,
    and the next one continues from it; everything else is written whole or not at all. Errors are DataErrors that name the folder to
    put the files into by hand.
    """
    spec, place = _find_spec(name), Path(root) if root else raw_home()
    target, report = place / name, progress or (lambda line: None)
    if not spec.downloads:
        raise DataError(_("'{name}' has no public download; {advice}", name=name, advice=_manual_advice(spec, target)))
    report(describe_terms(name))
    downloaded: list[Path] = []
    try:
        place.mkdir(parents=True, exist_ok=True)
        for each in spec.downloads:
            downloaded.append(_download(each, place / f".{name}-{_file_name(each.url)}", _manual_advice(spec, target), report))
        with write_folder_atomically(target) as work:
            for path, download in zip(downloaded, spec.downloads, strict=True):
                _place(path, _file_name(download.url), spec, work)
            if not spec.files_in(work):
                raise DataError(
                    _(
                        "the download of '{name}' does not contain {files}; {advice}",
                        name=name,
                        files=join_words(spec.files),
                        advice=_manual_advice(spec, target),
                    )
                )
    except OSError as error:
        message = _("cannot write to {folder}: {reason}; name another folder with --root", folder=place, reason=error.strerror or error)
        raise DataError(message) from error
    for path in downloaded:
        path.unlink(missing_ok=True)
    return target


def is_address(source: str | Path) -> bool:
    """Return whether a source is an address such as https://example.org/events.csv rather than a path."""
    return isinstance(source, str) and _ADDRESS.match(source) is not None


@contextmanager
def open_source(source: str | Path, progress: Callable[[str], None] | None = None) -> Iterator[Path]:
    """Yield the path of a file; a file at an http or https address is downloaded into a temporary folder, which is removed afterwards.

    `progress` receives lines of progress of the download.
    """
    if not is_address(source):
        yield Path(source)
        return
    with TemporaryDirectory() as folder:
        yield _download_file(str(source), Path(folder), progress or (lambda line: None))


def _download_file(url: str, folder: Path, report: Callable[[str], None]) -> Path:
    if url.partition("://")[0].lower() not in ("http", "https"):
        raise DataError(_("{url} is not an http or https address; download the file yourself and give its path", url=url))
    name = _file_name(urllib.parse.unquote(url.partition("#")[0]))
    target = folder / (re.sub(r"[^\w.\-]+", "-", name).strip("-.")[-100:] or "download")
    try:
        with _network_errors(url, _("open the address in a browser, save the file and give its path")):
            _stream(urllib.parse.quote(url.partition("#")[0], safe=_SAFE), target, target.name, report)
    except OSError as error:
        raise DataError(
            _("{url} cannot be written to {folder}: {reason}", url=url, folder=folder, reason=error.strerror or error)
        ) from error
    return target


def _manual_advice(spec: DatasetSpec, target: Path) -> str:
    if spec.module is None:
        return _("it ships with Recscope")
    return _("get {files} from the owner and put it in {folder}", files=", ".join(spec.files), folder=target)


def _find_spec(name: str) -> DatasetSpec:
    if name not in DATASETS:
        raise unknown("dataset", name, DATASETS)
    return DATASETS[name]


def _file_name(url: str) -> str:
    return PurePosixPath(url.split("?")[0]).name


def _download(download: Download, target: Path, advice: str, report: Callable[[str], None]) -> Path:
    """Download a file and check its checksum; an incomplete file is kept as `target`.part."""
    part = target.with_name(target.name + ".part")
    name = _file_name(download.url)
    with _network_errors(download.url, advice):
        expected = _read_checksum(download)
        try:
            _stream(download.url, part, name, report)
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
            # The partial file is at least as long as the file: it is complete already, or not a part of this one.
            if expected is None or _digest(part, expected[0]) != expected[1]:
                part.unlink()
                _stream(download.url, part, name, report)
    if expected and (digest := _digest(part, expected[0])) != expected[1]:
        part.unlink()
        raise DataError(
            _(
                "{file} from {url} has the {kind} checksum {digest} and not the owner's {expected}; it was deleted, fetch it again",
                file=name,
                url=download.url,
                kind=expected[0],
                digest=digest,
                expected=expected[1],
            )
        )
    part.replace(target)
    return target


def _stream(url: str, part: Path, name: str, report: Callable[[str], None]) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
        resumed = bool(have) and answer.status == http.HTTPStatus.PARTIAL_CONTENT
        done = have if resumed else 0
        length = answer.headers.get("Content-Length")
        total = done + int(length) if length else None
        if resumed:
            report(_("{file}: continuing after {done} bytes", file=name, done=format_number(done)))
        reported = done
        with part.open("ab" if resumed else "wb") as file:
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                if done - reported >= (total / 20 if total else _BYTES_BETWEEN_REPORTS) or done == total:
                    report(_progress_line(name, done, total))
                    reported = done
    if total is not None and done < total:
        raise ConnectionError(_("the connection broke after {done} of {total} bytes", done=format_number(done), total=format_number(total)))


def _progress_line(name: str, done: int, total: int | None) -> str:
    if not total:
        return _("{file}: {done} bytes", file=name, done=format_number(done))
    return _(
        "{file}: {done} of {total} bytes, {share}",
        file=name,
        done=format_number(done),
        total=format_number(total),
        share=format_share(done / total),
    )


def _read_checksum(download: Download) -> tuple[str, str] | None:
    """Return the kind and value of the checksum, read from the owner's file if it is published in one."""
    if download.checksum is None:
        return None
    if "://" not in download.checksum:
        kind, value = download.checksum.split(":", 1)
        return kind, value
    with urllib.request.urlopen(download.checksum, timeout=_TIMEOUT) as answer:
        text = answer.read(1 << 16).decode("ascii", errors="replace")
    found = re.search(r"\b[0-9a-fA-F]{64}\b|\b[0-9a-fA-F]{32}\b", text)
    if found is None:
        raise DataError(_("{url} does not contain a checksum; fetch again later", url=download.checksum))
    return ("sha256" if len(found.group()) == 64 else "md5"), found.group().lower()


def _digest(path: Path, kind: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


@contextmanager
def _network_errors(url: str, advice: str) -> Iterator[None]:
    """Turn the errors of the network into one-line DataErrors that end with `advice`."""
    try:
        yield
    except urllib.error.HTTPError as error:
        raise DataError(
            _("{url} answers {code} {reason}; {advice}", url=url, code=error.code, reason=error.reason, advice=advice)
        ) from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise DataError(
            _("{url} could not be fetched ({reason}); try again, or {advice}", url=url, reason=reason, advice=advice)
        ) from error


def _place(path: Path, name: str, spec: DatasetSpec, folder: Path) -> None:
    """Copy a file or, from a zip, the files that are needed, into a folder, without the folders of the archive."""
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
    except (*ZIP_ERRORS, OSError) as error:
        if isinstance(error, OSError) and not is_damage(error):
            raise
        path.unlink(missing_ok=True)
        raise DataError(_("{file} is not a readable zip ({reason}); it was deleted, fetch it again", file=name, reason=error)) from error

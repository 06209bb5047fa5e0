"""A zip of one file is that file, what gzip packed is what it was, and text in UTF-16 is text."""

import codecs
import gzip
import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from recsys.core.errors import DataError


def unpack_archive(path: Path, folder: Path) -> Path:
    """The file itself, or a copy in `folder`: the one data file of a zip or gzip, UTF-8 for UTF-16. Anything else is a DataError."""
    if path.exists() and not path.is_file():
        what = "a folder; name a file in it" if path.is_dir() else "no file but a pipe or device; save what it gives to a file first"
        raise DataError(f"{path} is {what}")
    return _as_utf8(_gunzipped(_unzipped(path, folder) if path.suffix.lower() == ".zip" else path, folder), folder)


def _as_utf8(path: Path, folder: Path) -> Path:
    """Spreadsheets save "Unicode text" as UTF-16, which it says in its first two bytes."""
    try:
        with path.open("rb") as file:
            if file.read(2) not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                return path
        target = folder / "utf-8" / path.name
        target.parent.mkdir(exist_ok=True)
        with path.open(encoding="utf-16", newline="") as text, target.open("w", encoding="utf-8", newline="") as file:
            shutil.copyfileobj(text, file, 1 << 20)
    except UnicodeError as error:
        raise DataError(f"{path.name} begins like UTF-16 but is not ({error}); save it as UTF-8") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; check the name and the folder") from error
    return target


def _unzipped(path: Path, folder: Path) -> Path:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [each for each in archive.infolist() if not each.is_dir() and not _is_clutter(each.filename)]
            if len(members) != 1:
                names = ", ".join(each.filename for each in members[:5]) or "nothing"
                raise DataError(f"{path.name} holds {len(members)} files ({names}) where one is expected; unzip it and name one of them")
            target = folder / PurePosixPath(members[0].filename).name
            with archive.open(members[0]) as packed, target.open("wb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist; check the name and the folder") from error
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise DataError(f"{path.name} is no zip that can be read ({error}); download or pack it again") from error
    except OSError as error:
        raise DataError(f"{path.name} cannot be unpacked: {error.strerror or error}; free some disk space or unzip it yourself") from error
    return target


def _gunzipped(path: Path, folder: Path) -> Path:
    """By its first bytes and not its name: browsers unpack some downloads and leave the name."""
    try:
        with path.open("rb") as file:
            if file.read(2) != b"\x1f\x8b":
                return path
        target = folder / "gzip" / (path.stem if path.suffix.lower() == ".gz" else path.name)
        target.parent.mkdir()
        with gzip.open(path) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} is a damaged gzip file ({error}); download or pack it again") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; check the name and the folder") from error
    return target


def _is_clutter(name: str) -> bool:
    """What archivers and owners put beside the data."""
    path = PurePosixPath(name)
    return name.startswith("__MACOSX/") or path.name.startswith(".") or path.stem.lower() in ("readme", "license", "thumbs")

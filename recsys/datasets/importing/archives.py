"""Unpacking of a zip of one file and of gzip, and conversion of UTF-16 to UTF-8."""

import codecs
import gzip
import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from recsys.core.errors import DataError
from recsys.core.translation import _


def unpack_archive(path: Path, folder: Path) -> Path:
    """Return the path itself or that of a copy in `folder`: the only data file of a zip or gzip, in UTF-8 instead of UTF-16.

    A folder, a pipe, or a zip of several files is a DataError.
    """
    if path.exists() and not path.is_file():
        if path.is_dir():
            raise DataError(_("{path} is a folder; name a file in it", path=path))
        raise DataError(_("{path} is a pipe or a device, not a file; save its content to a file first", path=path))
    return _as_utf8(_gunzipped(_unzipped(path, folder) if path.suffix.lower() == ".zip" else path, folder), folder)


def _as_utf8(path: Path, folder: Path) -> Path:
    """Convert UTF-16, recognized by its first two bytes, to UTF-8; spreadsheets call it "Unicode text"."""
    try:
        with path.open("rb") as file:
            if file.read(2) not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                return path
        target = folder / "utf-8" / path.name
        target.parent.mkdir(exist_ok=True)
        with path.open(encoding="utf-16", newline="") as text, target.open("w", encoding="utf-8", newline="") as file:
            shutil.copyfileobj(text, file, 1 << 20)
    except UnicodeError as error:
        raise DataError(_("{file} begins like UTF-16 but is not ({reason}); save it as UTF-8", file=path.name, reason=error)) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    return target


def _unzipped(path: Path, folder: Path) -> Path:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [each for each in archive.infolist() if not each.is_dir() and not _is_clutter(each.filename)]
            if len(members) != 1:
                names = ", ".join(each.filename for each in members[:5]) or "–"
                raise DataError(
                    _(
                        "{file} contains {count} files ({names}) where one is expected; unzip it and name one of them",
                        file=path.name,
                        count=len(members),
                        names=names,
                    )
                )
            target = folder / PurePosixPath(members[0].filename).name
            with archive.open(members[0]) as packed, target.open("wb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
    except FileNotFoundError as error:
        raise DataError(_("{path} does not exist; check the name and the folder", path=path)) from error
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise DataError(_("{file} is not a readable zip ({reason}); download or pack it again", file=path.name, reason=error)) from error
    except OSError as error:
        raise DataError(
            _(
                "{file} cannot be unpacked: {reason}; free some disk space or unzip it yourself",
                file=path.name,
                reason=error.strerror or error,
            )
        ) from error
    return target


def _gunzipped(path: Path, folder: Path) -> Path:
    """Unpack gzip, recognized by its first bytes and not by its name: browsers unpack some downloads and keep the name."""
    try:
        with path.open("rb") as file:
            if file.read(2) != b"\x1f\x8b":
                return path
        target = folder / "gzip" / (path.stem if path.suffix.lower() == ".gz" else path.name)
        target.parent.mkdir()
        with gzip.open(path) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(_("{file} is a damaged gzip file ({reason}); download or pack it again", file=path.name, reason=error)) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    return target


def _is_clutter(name: str) -> bool:
    """Return whether a member of an archive was added by an archiver or is a readme or license."""
    path = PurePosixPath(name)
    return name.startswith("__MACOSX/") or path.name.startswith(".") or path.stem.lower() in ("readme", "license", "thumbs")


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(_("{path} cannot be read: {reason}; check the name and the folder", path=path, reason=error.strerror or error))

"""Unpacking of a zip and of gzip."""

import gzip
import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

from recsys.core.errors import DataError, summarize_error
from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.datasets.build import natural_key
from recsys.datasets.source import unreadable_file
from recsys.datasets.zip_errors import ZIP_ERRORS, is_damage

_DOCUMENTS = {".pdf", ".html", ".htm", ".md", ".doc", ".docx", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".mp4", ".py", ".ipynb"}
# Text of events packs to a tenth; what packs to a two-hundredth and is large was made to fill the disk.
_LARGE, _MOST_TIMES = 1 << 30, 200
_MOST_FILES = 500


def unpack_archive(path: Path, folder: Path, member: str | None = None) -> list[Path]:
    """Return the path itself, or copies in `folder` of the data files of a zip or gzip, in natural order of their names.

    `member` names one file of a zip. A folder, a pipe, or a zip without data files is a DataError.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        name = path.name.encode("ascii", "replace").decode()
        raise DataError(_("the name of the file '{file}' is not UTF-8; rename it", file=name)) from error
    if path.exists() and not path.is_file():
        if path.is_dir():
            raise DataError(_("{path} is a folder; name a file in it", path=path))
        raise DataError(_("{path} is a pipe or a device, not a file; save its content to a file first", path=path))
    files = _unzip(path, folder, member) if path.suffix.lower() == ".zip" else [path]
    return [_gunzip(file, folder) for file in files]


def _unzip(path: Path, folder: Path, member: str | None) -> list[Path]:
    """Unpack the data files of a zip, or the one called `member`."""
    try:
        with zipfile.ZipFile(path) as archive:
            files = [each for each in archive.infolist() if each.filename and not each.is_dir() and not _is_clutter(each.filename)]
            chosen = [each for each in files if member is None or member in (each.filename, PurePosixPath(each.filename).name)]
            if not chosen:
                names = ", ".join(each.filename for each in files[:5]) or "–"
                if member is not None:
                    raise DataError(
                        _("{file} contains no file '{member}'; its files are {names}", file=path.name, member=member, names=names)
                    )
                raise DataError(_("{file} contains no data files; zip a table of events, such as a CSV file", file=path.name))
            if len(chosen) > _MOST_FILES:
                raise DataError(
                    _(
                        "{file} contains {count} files; join those with events to one table, or name one of them with --table",
                        file=path.name,
                        count=format_number(len(chosen)),
                    )
                )
            for each in chosen:
                _refuse_bomb(each.filename, each.file_size, each.compress_size)
            chosen.sort(key=lambda each: natural_key(PurePosixPath(each.filename).stem))
            # Each in a folder of its own, as two members may have the same name in different folders.
            return [_extract(archive, each, Path(mkdtemp(dir=folder))) for each in chosen]
    except FileNotFoundError as error:
        raise DataError(_("{path} does not exist; check the name and the folder", path=path)) from error
    except ZIP_ERRORS as error:
        raise _unreadable_zip(path, error) from error
    except OSError as error:
        if is_damage(error):
            raise _unreadable_zip(path, error) from error
        raise DataError(
            _(
                "{file} cannot be unpacked: {reason}; free some disk space or unzip it yourself",
                file=path.name,
                reason=error.strerror or error,
            )
        ) from error


def _unreadable_zip(path: Path, error: Exception) -> DataError:
    return DataError(_("{file} is not a readable zip ({reason}); download or pack it again", file=path.name, reason=summarize_error(error)))


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> Path:
    target = folder / PurePosixPath(member.filename).name
    with archive.open(member) as packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file, 1 << 20)
    return target


def _gunzip(path: Path, folder: Path) -> Path:
    """Unpack gzip, recognized by its first bytes and not by its name: browsers unpack some downloads and keep the name."""
    try:
        with path.open("rb") as file:
            if file.read(2) != b"\x1f\x8b":
                return path
        target = Path(mkdtemp(dir=folder)) / (path.stem if path.suffix.lower() == ".gz" else path.name)
        size = path.stat().st_size
        with gzip.open(path) as packed, target.open("wb") as file:
            while chunk := packed.read(1 << 20):
                file.write(chunk)
                _refuse_bomb(path.name, file.tell(), size)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(_("{file} is a damaged gzip file ({reason}); download or pack it again", file=path.name, reason=error)) from error
    except OSError as error:
        raise unreadable_file(path, error) from error
    return target


def _refuse_bomb(name: str, unpacked: int, packed: int) -> None:
    if unpacked > _LARGE and unpacked > _MOST_TIMES * packed:
        raise DataError(
            _(
                "{file} unpacks to {times} times its size or more, as no table of events does; unpack it yourself if you trust it",
                file=name,
                times=format_number(_MOST_TIMES),
            )
        )


def _is_clutter(name: str) -> bool:
    """Return whether a member of an archive was added by an archiver or is a readme, a license or a document."""
    path = PurePosixPath(name)
    is_note = path.stem.lower().startswith(("readme", "license", "licence", "thumbs", "terms"))
    return name.startswith("__MACOSX/") or path.name.startswith(".") or is_note or path.suffix.lower() in _DOCUMENTS

"""A zip of one file is that file."""

import shutil
import zipfile
from pathlib import Path, PurePosixPath

from recsys.errors import DataError


def unpacked(path: Path, folder: Path) -> Path:
    """The file itself, or for a zip the one data file in it, written to `folder`. Anything else is a DataError."""
    if path.suffix.lower() != ".zip":
        return path
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


def _is_clutter(name: str) -> bool:
    """What archivers and owners put beside the data."""
    path = PurePosixPath(name)
    return name.startswith("__MACOSX/") or path.name.startswith(".") or path.stem.lower() in ("readme", "license", "thumbs")

"""Values of the columns `image` and `url`: which file beside the data, or which address, each may mean."""

import re
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".gif"}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")  # an address, or the drive of Windows
_UNWRITABLE = re.compile(r"[\x00-\x20\x7f-\x9f\\\"<>^`{|}]")  # what no address contains as it is
_LONGEST = 2_000


def find_image_file(folder: Path, name: str) -> Path | None:
    """Return the file of a relative path in a folder; None where there is none, or where it is outside the folder.

    Absolute paths, paths with "..", addresses, links that lead out of the folder, devices and pipes are all refused.
    """
    path = PurePosixPath(name.strip().replace("\\", "/"))
    if _SCHEME.match(str(path)) or path.is_absolute() or ".." in path.parts or not path.name:
        return None
    try:
        root, file = folder.resolve(strict=True), (folder / path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):  # not there, too long, a NUL, a loop of links
        return None
    return file if file.is_relative_to(root) and file.is_file() else None


def is_image_name(value: str) -> bool:
    """Return whether a value looks like the picture of an item: an address, or the name of a file of pictures."""
    return is_web_address(value) or PurePosixPath(value.strip().replace("\\", "/")).suffix.lower() in _ENDINGS


def is_web_address(value: object) -> bool:
    """Return whether a value is an http or https address that a link may lead to."""
    if not isinstance(value, str) or len(value) > _LONGEST or _UNWRITABLE.search(value):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None and (parts.port or 1) > 0
    except ValueError:  # a port that is not a number, brackets that do not close
        return False


def is_secure_address(value: object) -> bool:
    """Return whether a value is an https address."""
    return is_web_address(value) and str(value).startswith("https:")

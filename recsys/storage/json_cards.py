"""Cards: small JSON files with one object, read as a dataclass whose types are checked at once."""

import json
import math
import stat
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

T = TypeVar("T")

MOST_BYTES = 1 << 24
"""Size of the largest card that is read; a card of ten thousand epochs has one megabyte."""
MOST_BITS = 63


def read_json(path: Path, most_bytes: int = MOST_BYTES) -> Any:
    """Return the content of a JSON file. Whatever is wrong with it is an OSError or a ValueError with a reason of one line.

    Refused are also pipes and devices, whose reading may never end, numbers beyond 64 bits, NaN and infinity, and text that is not Unicode.
    """
    size = check_file(path)
    if size > most_bytes:
        raise ValueError(f"{path.name} has {size} bytes, and at most {most_bytes} are read")
    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text, parse_float=_finite, parse_int=_bounded, parse_constant=_finite)
        if "\\u" in text:
            json.dumps(values, ensure_ascii=False).encode()  # half of a surrogate pair cannot be shown
    except RecursionError as error:
        raise ValueError(f"{path.name} is nested too deeply") from error
    except UnicodeError as error:
        raise ValueError(f"{path.name} is not text in UTF-8") from error
    return values


def as_card(values: Any, kind: type[T]) -> T:
    """Return values as a dataclass, without keys that it does not have; one missing or of another type is a ValueError that names it."""
    from pydantic import ValidationError

    try:
        card: T = _adapter(cast("Any", kind)).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from error
    return card


def check_file(path: Path) -> int:
    """Return the size of a regular file; a folder, a pipe, a socket or a device in its place is a ValueError, without opening it."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"{path.name} is not a file")
    return found.st_size


@cache
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is not a finite number")
    return value


def _bounded(text: str) -> int:
    value = int(text) if len(text) <= 20 else 1 << MOST_BITS
    if value.bit_length() > MOST_BITS:
        raise ValueError(f"{text[:40]} has more than 64 bits")
    return value

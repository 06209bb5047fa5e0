"""Lines of Python dictionaries, as older dumps of reviews have them: {'user': u'A1', 'stars': 5.0}."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.translation import _

PYTHON = re.compile(r"\{\s*u?'")
_PIECE = 1 << 12


def is_python(path: Path) -> bool:
    """Return whether a file has lines of Python dictionaries, as old dumps have; a list of them is a DataError."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        head = file.read(_PIECE).lstrip()
    if head.startswith("[") and PYTHON.match(head[1:].lstrip()):
        raise DataError(_("{file} is a list as Python prints it, not JSON; write it with json.dump", file=path.name))
    return bool(PYTHON.match(head))


def read_python_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the dictionary of each line; another line is a DataError."""
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            record = parse_literal(line)
            if record is None:
                raise DataError(
                    _(
                        "{file}: line {line} is not a Python dictionary such as {example}; correct it or export the file as JSON",
                        file=path.name,
                        line=format_number(number),
                        example="{'user': 'u1'}",
                    )
                )
            yield record


def parse_literal(line: str) -> dict[str, Any] | None:
    """Return the dictionary that a line is, None for any other line. Nothing is executed."""
    try:
        value = ast.literal_eval(line.strip())
        json.dumps(value, allow_nan=False)  # no bytes, sets or complex numbers
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return value if type(value) is dict and all(type(key) is str for key in value) else None

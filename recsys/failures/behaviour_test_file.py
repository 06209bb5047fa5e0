"""Files of behaviour tests in TOML. Whatever is wrong with one is a DataError that names the line and shows an example."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from recsys.core.errors import DataError, nearest_names
from recsys.core.translation import _
from recsys.failures.behaviour_tests import BehaviourTest, BehaviourTests
from recsys.storage.json_cards import check_file

MOST_BYTES = 1_000_000
TEST_TABLE = re.compile(r"""\s*\[\[\s*(["']?)test\1\s*\]\]""")
KINDS: dict[str, Any] = {kind: each for each in get_args(BehaviourTest) for kind in get_args(each.model_fields["kind"].annotation)}
EXAMPLE = KINDS["metric"].example


def read_tests(path: Path) -> BehaviourTests:
    """Return the tests of a file."""
    try:
        if check_file(path) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES} bytes")
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except FileNotFoundError as error:
        raise DataError(_("{path} does not exist; check the name and the folder", path=path)) from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            _(
                "{file} is not a file of tests in TOML: {reason}; an example of a test, a line for each: [[test]], {example}",
                file=path,
                reason=error,
                example=EXAMPLE,
            )
        ) from error
    try:
        return BehaviourTests.model_validate(values)
    except ValidationError as error:
        # A key that does not exist is often the reason why another one is missing.
        first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        kind = first["loc"][2] if len(first["loc"]) > 2 else None
        raise DataError(
            _(
                "{place}: {problem}; an example, a line for each: [[test]], {example}",
                place=_find_place(path, text, first["loc"]),
                problem=_describe_problem(first),
                example=KINDS[str(kind)].example if kind in KINDS else EXAMPLE,
            )
        ) from error


def _describe_problem(error: Mapping[str, Any]) -> str:
    """Return what is wrong with a value, a key or a kind."""
    key, value = error["loc"][:4][-1], error["input"]
    match error["type"]:
        case "missing" if key == "test":
            return _("there is no [[test]]")
        case "missing":
            return _("'{key}' is missing", key=key)
        case "extra_forbidden":
            model = KINDS[error["loc"][2]] if len(error["loc"]) > 2 else BehaviourTests
            return _("'{key}' is not a key here; known: {keys}", key=key, keys=_list_nearest(key, model.model_fields))
        case "union_tag_not_found":
            return _("'{key}' is missing", key="kind")
        case "union_tag_invalid":
            return _("there is no kind of test '{kind}'; known: {kinds}", kind=value["kind"], kinds=_list_nearest(value["kind"], KINDS))
        case "value_error":
            return str(error["ctx"]["error"])
    return _("{key} is {value}, which cannot be used: {reason}", key=key, value=value, reason=error["msg"])


def _list_nearest(name: str, known: Iterable[str]) -> str:
    return ", ".join(nearest_names(name, list(known)) or known)


def _find_place(path: Path, text: str, place: tuple[int | str, ...]) -> str:
    """Return the file, and the line of the key, of its table, or none where it has no line of its own."""
    lines = text.splitlines()
    start, end = 0, len(lines)
    if len(place) > 1:
        tables = [number for number, line in enumerate(lines) if TEST_TABLE.match(line)]
        if not tables:
            return path.name
        start, end = [*tables, len(lines)][int(place[1]) : int(place[1]) + 2]
    key = place[3] if len(place) > 3 else place[0] if len(place) == 1 else "kind"
    own = [number for number in range(start, end) if re.match(rf"\s*[\"']?{re.escape(str(key))}[\"']?\s*=", lines[number])]
    if not own and len(place) == 1:
        return path.name
    return _("{file}, line {line}", file=path.name, line=(own or [start])[0] + 1)

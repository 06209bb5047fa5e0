"""The recipe of an import as TOML: the file, its hash and every choice, so that the import can be repeated on another file."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from recsys.core.errors import DataError, nearest_names
from recsys.core.formatting import join_words
from recsys.core.translation import _
from recsys.datasets.importing.options import Options
from recsys.datasets.source import KEYS, Source, reading_errors
from recsys.storage.paths import check_name

FILE_NAME = "recipe.toml"
"""The recipe's name in a prepared folder, beside card.json."""

HEAD = """\
# How Recscope imported this dataset.
# Repeat it:                   python -m recsys prepare recipe.toml
# Do the same to another file: python -m recsys prepare FILE --recipe recipe.toml

"""


@dataclass(frozen=True)
class Recipe:
    """One import. `source` is an address, or a path: absolute, or relative to the recipe or to the current folder; `sha256` is of that file."""

    name: str
    title: str
    source: str
    sha256: str
    options: Options


def make_recipe(name: str, title: str, path: Path, options: Options, source: str | None = None) -> Recipe:
    """Return the recipe of a file; `source` is what it says in place of the file's path, such as the name of an upload."""
    with reading_errors(path), path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Recipe(name, title, source or str(path.resolve()), digest, options)


def complete_mapping(options: Options, source: Source) -> tuple[tuple[str, str], ...]:
    """Return the mapping of an import with every key: what was given, else the column that the key was read from, empty for none.

    With it, a file with further columns is read in the same way.
    """
    given = dict(options.mapping)
    if not set(source.columns) <= set(KEYS):  # read by a layout of its own, which has no columns to map
        return options.mapping
    return tuple((key, given.get(key, source.columns.get(key, ""))) for key in KEYS)


def format_recipe(recipe: Recipe) -> str:
    """Return a recipe as TOML. Pairs become a table; options without a value are left out."""
    import tomli_w

    values = {key: value for key, value in asdict(recipe).items() if key != "options"}
    options = {key: _to_toml(value) for key, value in asdict(recipe.options).items() if value not in (None, ())}
    return HEAD + tomli_w.dumps({**values, "options": options})


def read_recipe(path: Path) -> Recipe:
    """Read a recipe; a damaged one, an unknown key or an impossible value is a DataError of one line."""
    try:
        with reading_errors(path):
            values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise DataError(
            _("{file} is not a recipe in TOML: {reason}; correct it or prepare the file again", file=path, reason=error)
        ) from error
    options = values.pop("options", {})
    if not isinstance(options, dict):
        raise DataError(_("{file}: options is not a table; write it as [options] with a line for each option", file=path))
    texts = _check_values(path, values, {each.name: str for each in fields(Recipe) if each.name != "options"})
    for key in ("name", "title", "source", "sha256"):
        if not texts.get(key):
            raise DataError(_("{file} has no {key}; copy the line from another recipe or prepare the file again", file=path, key=key))
    check_name("dataset", texts["name"])
    return Recipe(**texts, options=Options(**_check_values(path, options, get_type_hints(Options))))


def find_source(recipe: Recipe, path: Path) -> Path:
    """Return the file that a recipe at `path` names; one that does not exist is a DataError."""
    source = Path(recipe.source).expanduser()
    for candidate in (path.parent / source, source):
        if candidate.is_file():
            return candidate
    raise DataError(
        _(
            "{file}: its source '{source}' is neither beside it nor in the current folder; name another file with: "
            "python -m recsys prepare FILE --recipe {file}",
            file=path,
            source=recipe.source,
        )
    )


def _to_toml(value: Any) -> Any:
    is_pairs = isinstance(value, tuple) and all(isinstance(each, tuple) and len(each) == 2 for each in value)
    return dict(value) if is_pairs else value


def _check_values(path: Path, values: Mapping[str, Any], kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of these kinds; an unknown key or a value of another kind is a DataError."""
    from pydantic import TypeAdapter, ValidationError

    checked = {}
    for key, value in values.items():
        if key not in kinds:
            near = nearest_names(key, list(kinds)) or list(kinds)
            raise DataError(
                _("{file}: '{key}' is not a key of a recipe; did you mean {keys}?", file=path, key=key, keys=join_words(near, "or"))
            )
        try:
            checked[key] = TypeAdapter(kinds[key]).validate_python(tuple(value.items()) if isinstance(value, dict) else value)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise DataError(
                _("{file}: {key} is {value}, which cannot be used: {reason}", file=path, key=key, value=value, reason=reason)
            ) from error
    return checked

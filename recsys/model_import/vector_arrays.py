"""Arrays of vectors, biases and ids by the part of a model that they hold, from NumPy, safetensors and Parquet files."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recsys.core.errors import DataError, summarize_error
from recsys.core.formatting import format_number
from recsys.core.translation import _
from recsys.datasets.importing.column_names import find_meaning
from recsys.model_import.id_lists import read_id_list
from recsys.model_import.matching import to_ids
from recsys.model_import.options import ImportOptions

SUFFIXES = (".npy", ".npz", ".safetensors", ".parquet", ".pq")
LARGE, MOST_TIMES = 1 << 30, 200
"""Size in bytes, and times the size of its file, from which on an unpacked archive was made to fill the memory."""
_ID_SUFFIXES = (".txt", ".json", ".npy", ".csv", ".tsv", ".parquet")
_BARE = ("item", "items", "user", "users")
_VECTOR_WORDS = [
    "vectors",
    "vector",
    "embeddings",
    "embedding",
    "embeddingweight",
    "embeddingsweight",
    "emb",
    "embs",
    "embweight",
    "factors",
    "repr",
]
_PARTS = {
    **{f"{kind}{word}": f"{kind.rstrip('s')}_vectors" for kind in _BARE for word in ("", *_VECTOR_WORDS)},
    **{f"{kind}{word}": f"{kind}_biases" for kind in ("item", "user") for word in ("biases", "bias", "biasweight")},
    **{f"{kind}{word}": f"{kind}_ids" for kind in ("item", "user") for word in ("ids", "id", "sids", "tokens", "idmap", "labels")},
}
"""Names of arrays and files, in lower case without other signs, and the part of the model that they hold."""
_USER_WORDS, _ITEM_WORDS = {"user", "users", "query", "queries"}, {"item", "items", "candidate", "candidates"}
"""Names of the two towers of a network."""
_GENERAL = (*_VECTOR_WORDS, "arr0")
"""Names of arrays that hold the vectors of items where no array is named after items."""


@dataclass(frozen=True)
class VectorParts:
    """Arrays by part: item_vectors, item_biases, item_ids and the same of users; `id_files` are the names of files with ids by kind.

    `names` are all arrays that the files have, as they call them.
    """

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    id_files: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def find_part(name: str) -> str | None:
    """Return the part of a model that an array or file holds by its name, None where the name does not tell."""
    return _PARTS.get(_simplify(name))


def read_parts(path: Path, options: ImportOptions) -> VectorParts:
    """Return the arrays of a file or folder by part, and the ids given in the options or found in a file beside it."""
    files = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
    found = VectorParts()
    for file in files:
        suffix = file.suffix.lower()
        if suffix == ".npy" and find_part(file.stem) not in ("item_ids", "user_ids"):
            if len(files) == 1 or find_part(file.stem):
                array = _load_array(file)
                # a file alone holds the items, whatever its name
                _add(found, file.stem if find_part(file.stem) else "item_vectors", array)
        elif suffix in (".npz", ".safetensors"):
            _add_arrays(found, file)
        elif suffix in (".parquet", ".pq") and find_vector_column(file):
            _add_parquet(found, file)
    beside = files if path.is_dir() else sorted(path.parent.iterdir())
    for kind, given in (("item", options.items), ("user", options.users)):
        part = f"{kind}_ids"
        lists = [
            each
            for each in beside
            if find_part(each.stem) == part and each.suffix.lower() in _ID_SUFFIXES and each != path and each.is_file()
        ]
        if given is not None:
            found.arrays[part], found.id_files[kind] = read_id_list(given), given.name
        elif part in found.arrays:
            found.arrays[part] = to_ids(found.arrays[part])
        elif len(lists) == 1:
            found.arrays[part], found.id_files[kind] = read_id_list(lists[0]), lists[0].name
    return found


def _simplify(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _add(found: VectorParts, name: str, array: np.ndarray) -> None:
    """Add an array by the part that its name and shape tell; others are only named."""
    part, plain = find_part(name), _simplify(name)
    if part and plain in _BARE and array.ndim == 1:
        part = f"{plain.rstrip('s')}_ids"
    if part is None and plain in _GENERAL and array.ndim == 2:
        found.arrays.setdefault("item_vectors", array)
    elif part is not None:
        found.arrays[part] = array


def _load_array(file: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(file, allow_pickle=False))
    except Exception as error:  # a damaged file has errors of several libraries
        raise _unreadable(file, error) from error


def _refuse_bomb(file: Path, opened: np.lib.npyio.NpzFile) -> None:
    """Raise a DataError for an archive made to fill the memory."""
    members = opened.zip.infolist() if opened.zip is not None else []
    unpacked, packed = sum(each.file_size for each in members), file.stat().st_size
    if unpacked > LARGE and unpacked > MOST_TIMES * packed:
        raise DataError(
            _(
                "{file} unpacks to {times} times its size or more, as no vectors do; save it again, or without compression",
                file=file.name,
                times=format_number(MOST_TIMES),
            )
        )


def _add_arrays(found: VectorParts, file: Path) -> None:
    """Add the arrays of an .npz or safetensors file whose names tell what they hold; others are not even read."""
    from safetensors.numpy import safe_open

    def is_used(name: str) -> bool:
        return find_part(name) is not None or _simplify(name) in _GENERAL

    try:
        if file.suffix.lower() == ".safetensors":
            with safe_open(file, "numpy") as opened:
                names = list(opened.keys())
                arrays = {name: opened.get_tensor(name) for name in names if is_used(name)}
        else:
            with np.load(file, allow_pickle=False) as opened:
                _refuse_bomb(file, opened)
                names = list(opened.files)
                arrays = {name: opened[name] for name in names if is_used(name)}
    except DataError:
        raise
    except Exception as error:  # a damaged file has errors of several libraries
        raise _unreadable(file, error) from error
    found.names.extend(names)
    for name in sorted(names, key=lambda each: _simplify(each) in _GENERAL):
        if name in arrays:
            _add(found, name, arrays[name])


def _unreadable(file: Path, error: Exception) -> DataError:
    reason = summarize_error(error)
    if "allow_pickle" in reason or "pickle" in reason.lower():
        return DataError(
            _("{file} holds Python objects, which are never loaded here; save plain arrays of numbers and text", file=file.name)
        )
    return DataError(_("{file} cannot be read as arrays: {reason}; save it again", file=file.name, reason=reason[:200]))


def find_vector_column(file: Path) -> str:
    """Return the name of the one column of a Parquet file that holds lists of numbers; empty where there is none."""
    try:
        schema = pq.read_schema(file)
    except (OSError, pa.ArrowException):
        return ""
    names = [
        field.name
        for field in schema
        if pa.types.is_list(field.type) or pa.types.is_large_list(field.type) or pa.types.is_fixed_size_list(field.type)
        if pa.types.is_floating(field.type.value_type)
    ]
    return names[0] if len(names) == 1 else ""


def _find_kind(*names: str) -> str:
    """Return whether vectors are of users or items, by the first name that tells: of the file, the column of ids or that of vectors."""
    for name in names:
        words = set(re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()))
        meaning = find_meaning(name) or find_meaning(name.removesuffix("s"))
        for kind, own in (("user", _USER_WORDS), ("item", _ITEM_WORDS)):
            if words & own or (meaning is not None and meaning.kind == kind and meaning.level >= 2):
                return kind
    return "item"


def _add_parquet(found: VectorParts, file: Path) -> None:
    """Add the vectors of a Parquet file and their ids, from the first column of text or whole numbers."""
    try:
        table = pq.read_table(file)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(file, error) from error
    vectors = find_vector_column(file)
    ids = [name for name in table.column_names if name != vectors and not pa.types.is_floating(table.schema.field(name).type)]
    if not ids:
        raise DataError(_("{file} has no column of ids beside '{column}'; add one", file=file.name, column=vectors))
    column = table[vectors].combine_chunks()
    lengths = set(column.value_lengths().to_pylist())
    if len(lengths) != 1 or None in lengths:
        raise DataError(_("the vectors in {file} have different lengths; give every row the same", file=file.name))
    kind = _find_kind(file.stem, ids[0], vectors)
    if f"{kind}_vectors" in found.arrays:
        raise DataError(
            _(
                "{file} and another file seem to hold vectors of the same kind, {kind}; name them item_vectors.parquet and user_vectors.parquet",
                file=file.name,
                kind=kind,
            )
        )
    found.names.extend(table.column_names)
    found.arrays[f"{kind}_ids"] = table[ids[0]].to_numpy()
    found.arrays[f"{kind}_vectors"] = column.flatten().to_numpy(zero_copy_only=False).reshape(len(table), -1)

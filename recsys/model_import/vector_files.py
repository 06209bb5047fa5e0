"""Vectors of items and users in NumPy, safetensors or Parquet files, alone or in a folder: matrix factorization, two towers, embeddings."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recsys.core import Check, Dataset
from recsys.core.errors import DataError, QuestionError
from recsys.core.formatting import format_number, join_words
from recsys.core.translation import N_, _
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.matching import check_overlap, match_items, read_id_list, to_ids
from recsys.model_import.options import ImportOptions
from recsys.models.base.count_based import hash_user_id
from recsys.models.imported.vector_model import SIMILARITIES, USER_RULES, VectorConfig, VectorModel

_SUFFIXES = (".npy", ".npz", ".safetensors", ".parquet", ".pq")
_ID_SUFFIXES = (".txt", ".json", ".npy", ".csv", ".parquet")
_VECTOR_WORDS = (
    "vectors",
    "vector",
    "embeddings",
    "embedding",
    "embeddingweight",
    "embeddingsweight",
    "factors",
    "emb",
    "embs",
    "repr",
    "",
)
_PARTS = {
    **{f"{kind}{word}": f"{kind}_vectors" for kind in ("item", "user") for word in _VECTOR_WORDS},
    **{f"{kind}s{word}": f"{kind}_vectors" for kind in ("item", "user") for word in _VECTOR_WORDS},
    **{f"{kind}{word}": f"{kind}_biases" for kind in ("item", "user") for word in ("biases", "bias", "biasweight")},
    **{f"{kind}{word}": f"{kind}_ids" for kind in ("item", "user") for word in ("ids", "id", "sids", "tokens", "idmap", "labels")},
    **dict.fromkeys(("vectors", "embeddings", "factors", "embeddingsnpy", "arr0"), "item_vectors"),
}
"""Names of arrays and files, in lower case without other signs, and the part of the model that they hold."""


def recognizes(path: Path) -> bool:
    """Return whether a file holds arrays, or a folder has one named after vectors of items."""
    if path.is_dir():
        return any(_part_of(each.stem) == "item_vectors" and each.suffix.lower() in _SUFFIXES for each in path.iterdir())
    if path.suffix.lower() in (".parquet", ".pq"):
        return bool(find_vector_column(path))
    return path.suffix.lower() in _SUFFIXES


def read(path: Path, dataset: Dataset, options: ImportOptions) -> list[ImportedModel]:
    """Read one model of vectors.

    Raises:
        QuestionError: the ids of the rows, or the similarity, are not in the files.
        DataError: the arrays cannot be read or do not fit each other or the dataset.
    """
    parts = _read_parts(path, options)
    if "item_vectors" not in parts:
        raise DataError(
            _(
                "{file} has no array of item vectors; it has {names}; name it item_vectors",
                file=path.name,
                names=join_words(sorted(parts)) or "–",
            )
        )
    items, item_ids, notes = _split_rows(path.name, "item", parts, "--items")
    found = match_items(item_ids, dataset, options.least_overlap)
    arrays = {"columns": found.columns, "item_vectors": items}
    if "item_biases" in parts:
        arrays["item_biases"] = _check_biases(path.name, parts["item_biases"], len(items))
    notes += found.matches
    rule = _choose(options.user_rule, USER_RULES, "stored" if "user_vectors" in parts else "mean", "--user-rule")
    if rule == "stored":
        notes += _add_users(path.name, parts, dataset, options, arrays)
    similarity = _choose(options.similarity, SIMILARITIES, "", "--similarity") or _find_similarity(path.name, parts, arrays)
    notes.append(Check(N_("numbers in a vector"), items.shape[1], "kept"))
    config = VectorConfig(similarity, rule)
    source = {"format": "vectors", "file": path.name, "similarity": similarity, "user_rule": rule}
    return [ImportedModel("vectors", VectorModel(dataset.item_ids, config, arrays), path.stem, tuple(notes), source)]


def _part_of(name: str) -> str | None:
    return _PARTS.get(re.sub(r"[^a-z0-9]", "", name.lower()))


def _read_parts(path: Path, options: ImportOptions) -> dict[str, np.ndarray]:
    """Return the arrays of a model by the part that they hold: those of the file or folder, and the ids given or beside it."""
    files = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
    parts: dict[str, np.ndarray] = {}
    for file in files:
        suffix = file.suffix.lower()
        if suffix == ".npy" and _part_of(file.stem) not in ("item_ids", "user_ids"):
            # a file alone holds the items, whatever its name
            part = _part_of(file.stem) or ("item_vectors" if len(files) == 1 else None)
            if part is not None:
                parts[part] = _load_array(file)
        elif suffix in (".npz", ".safetensors"):
            parts |= {part: value for name, value in _load_arrays(file).items() if (part := _part_of(name))}
        elif suffix in (".parquet", ".pq") and find_vector_column(file):
            kind = "user" if "user" in file.stem.lower() else "item"
            parts[f"{kind}_ids"], parts[f"{kind}_vectors"] = _read_parquet(file)
    beside = files if path.is_dir() else sorted(path.parent.iterdir())
    for kind, given in (("item", options.items), ("user", options.users)):
        lists = [each for each in beside if _part_of(each.stem) == f"{kind}_ids" and each.suffix.lower() in _ID_SUFFIXES and each != path]
        if given is not None:
            parts[f"{kind}_ids"] = read_id_list(given)
        elif f"{kind}_ids" in parts:
            parts[f"{kind}_ids"] = to_ids(parts[f"{kind}_ids"])
        elif len(lists) == 1:
            parts[f"{kind}_ids"] = read_id_list(lists[0])
    return parts


def _load_array(file: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(file, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise _unreadable(file, error) from error


def _load_arrays(file: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        if file.suffix.lower() == ".safetensors":
            return dict(load_file(file))
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files if _part_of(name)}
    except (OSError, ValueError, EOFError, KeyError, TypeError, SafetensorError) as error:
        raise _unreadable(file, error) from error
    except Exception as error:  # a damaged zip has errors of several libraries
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> DataError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
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


def _read_parquet(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids, from the first column of text or whole numbers, and the vectors of a Parquet file."""
    table = pq.read_table(file)
    vectors = find_vector_column(file)
    ids = [name for name in table.column_names if name != vectors and not pa.types.is_floating(table.schema.field(name).type)]
    if not ids:
        raise DataError(_("{file} has no column of ids beside '{column}'; add one", file=file.name, column=vectors))
    column = table[vectors].combine_chunks()
    lengths = set(column.value_lengths().to_pylist())
    if len(lengths) != 1 or None in lengths:
        raise DataError(_("the vectors in {file} have different lengths; give every row the same", file=file.name))
    return table[ids[0]].to_numpy(), column.flatten().to_numpy(zero_copy_only=False).reshape(len(table), -1)


def _split_rows(file: str, kind: str, parts: Mapping[str, np.ndarray], option: str) -> tuple[np.ndarray, np.ndarray, list[Check]]:
    """Return the vectors (n, D) float32 and ids (n,) of the items or users; a first row of zeros without an id is padding."""
    vectors = parts[f"{kind}_vectors"]
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu" or not vectors.size:
        raise DataError(
            _(
                "the vectors of {kind}s in {file} have the shape {shape}; give one row of numbers for each {kind}",
                kind=_(kind),
                file=file,
                shape=" × ".join(map(str, vectors.shape)),
            )
        )
    vectors = vectors.astype(np.float32)
    if not np.isfinite(vectors).all():
        raise DataError(_("vectors in {file} hold values that are not numbers; export the model again", file=file))
    if f"{kind}_ids" not in parts:
        raise QuestionError(
            _(
                "{file} has {count} vectors of {kind}s and does not say which {kind} each one is of; give their ids in a file, one a line",
                file=file,
                count=format_number(len(vectors)),
                kind=_(kind),
            ),
            option=option,
        )
    ids, notes = parts[f"{kind}_ids"], []
    if len(ids) == len(vectors) - 1 and not vectors[0].any():
        vectors, notes = vectors[1:], [Check(N_("first row of zeros, taken as padding"), 1, "dropped")]
    if len(ids) != len(vectors):
        raise DataError(
            _(
                "{file} has {vectors} vectors of {kind}s, but there are {ids} ids; give one id for each vector",
                file=file,
                vectors=format_number(len(vectors)),
                kind=_(kind),
                ids=format_number(len(ids)),
            )
        )
    return vectors, ids, notes


def _check_biases(file: str, biases: np.ndarray, count: int) -> np.ndarray:
    flat = biases.reshape(-1).astype(np.float32) if biases.dtype.kind in "fiu" else np.empty(0, dtype=np.float32)
    if len(flat) == count + 1 and flat[0] == 0:
        flat = flat[1:]  # that of the padding
    if len(flat) != count or not np.isfinite(flat).all():
        raise DataError(
            _(
                "{file} has {biases} biases for {count} items; give one number for each item",
                file=file,
                biases=format_number(len(flat)),
                count=format_number(count),
            )
        )
    return flat


def _add_users(
    file: str, parts: Mapping[str, np.ndarray], dataset: Dataset, options: ImportOptions, arrays: dict[str, np.ndarray]
) -> list[Check]:
    """Add the vectors of the users that the dataset has to the arrays, and return lines of the report."""
    if "user_vectors" not in parts:
        raise DataError(_("{file} has no vectors of users to be stored; choose the mean or the last item of the history", file=file))
    vectors, ids, notes = _split_rows(file, "user", parts, "--users")
    if vectors.shape[1] != arrays["item_vectors"].shape[1]:
        raise DataError(
            _(
                "{file}: vectors of users have {users} numbers and vectors of items {items}; they must have equally many",
                file=file,
                users=vectors.shape[1],
                items=arrays["item_vectors"].shape[1],
            )
        )
    is_known = np.isin(ids.astype(str), dataset.user_ids.astype(str))
    check_overlap(N_("users"), ids, is_known, dataset, dataset.user_ids, options.least_overlap)
    arrays["user_hashes"] = np.array([hash_user_id(each) for each in ids[is_known]], dtype=np.uint64)
    arrays["user_vectors"] = vectors[is_known]
    if len(np.unique(arrays["user_hashes"])) < is_known.sum():
        raise DataError(_("{file} has two vectors for one user; give every user one", file=file))
    notes.append(Check(N_("users of the model that the dataset has"), int(is_known.sum()), "kept"))
    if not is_known.all():
        notes.append(Check(N_("users of the model that the dataset does not have"), int((~is_known).sum()), "dropped"))
    missing = len(dataset.user_ids) - int(is_known.sum())
    if missing:
        notes.append(Check(N_("users of the dataset without a vector, who get the mean of their items"), missing, "kept"))
    return notes


def _choose(given: str, choices: tuple[str, ...], default: str, option: str) -> str:
    if given and given not in choices:
        raise DataError(_("{option} is '{value}'; choose one of {choices}", option=option, value=given, choices=join_words(choices, "or")))
    return given or default


def _find_similarity(file: str, parts: Mapping[str, np.ndarray], arrays: Mapping[str, np.ndarray]) -> str:
    """Return the similarity where the arrays tell it: with biases, or vectors of length 1, there is only one; otherwise ask."""
    if "item_biases" in parts:
        return "dot"
    if np.allclose(np.linalg.norm(arrays["item_vectors"], axis=1), 1, atol=1e-3):
        return "cosine"
    raise QuestionError(
        _("{file} does not say how its vectors are compared: by the dot product, the cosine or the Euclidean distance?", file=file),
        "--similarity",
        "dot" if "user_vectors" in parts else "cosine",
        choices=SIMILARITIES,
    )

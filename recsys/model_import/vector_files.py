"""Vectors of items and users in NumPy, safetensors or Parquet files, alone or in a folder: matrix factorization, two towers, embeddings."""

from pathlib import Path

import numpy as np
import pandas as pd

from recsys.core import Check, Dataset
from recsys.core.errors import DataError, QuestionError
from recsys.core.formatting import format_number, join_words
from recsys.core.translation import N_, _
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.matching import check_overlap, describe_user_match, match_items
from recsys.model_import.options import ImportOptions
from recsys.model_import.vector_arrays import SUFFIXES, VectorParts, find_part, find_vector_column, read_parts
from recsys.models.base.count_based import hash_user_ids
from recsys.models.imported.vector_model import LARGEST, SIMILARITIES, VectorConfig, VectorModel

_KINDS = {"item": N_("items"), "user": N_("users")}
_COMPARED = {
    "dot": N_("numbers in a vector; vectors are compared by their dot product"),
    "cosine": N_("numbers in a vector; vectors are compared by their cosine"),
    "euclidean": N_("numbers in a vector; vectors are compared by their Euclidean distance"),
}
_RULES = {
    "mean": N_("users of the dataset, each with the mean of the items in the history as vector"),
    "last": N_("users of the dataset, each with the last item of the history as vector"),
}


def recognizes(path: Path) -> bool:
    """Return whether a file holds arrays, or a folder has one named after vectors of items."""
    if path.is_dir():
        files = [each for each in path.iterdir() if each.suffix.lower() in SUFFIXES and not each.name.startswith((".", "_"))]
        tables = [each for each in files if each.suffix.lower() in (".parquet", ".pq")]
        two_towers = len(tables) == 2 and all(find_vector_column(each) for each in tables)
        return two_towers or any(find_part(each.stem) == "item_vectors" for each in files)
    if path.suffix.lower() in (".parquet", ".pq"):
        return bool(find_vector_column(path))
    return path.suffix.lower() in SUFFIXES


def read(path: Path, dataset: Dataset, options: ImportOptions) -> list[ImportedModel]:
    """Read one model of vectors.

    Raises:
        QuestionError: the ids of the rows, or the similarity, are not in the files.
        DataError: the arrays cannot be read or do not fit each other or the dataset.
    """
    parts = read_parts(path, options)
    if "item_vectors" not in parts.arrays:
        names = join_words(sorted(parts.names)[:20]) or "–"
        raise DataError(_("{file} has no array of item vectors; it has {names}; name it item_vectors", file=path.name, names=names))
    items, item_ids, notes = _split_rows(path.name, "item", parts, dataset.item_ids)
    found = match_items(item_ids, dataset, options.least_overlap)
    arrays = {"columns": found.columns, "item_vectors": items}
    if "item_biases" in parts.arrays:
        arrays["item_biases"] = _check_biases(path.name, parts.arrays["item_biases"], len(items))
    notes += found.matches
    rule = options.user_rule or ("stored" if "user_vectors" in parts.arrays else "mean")
    if rule == "stored":
        notes += _add_users(path.name, parts, dataset, options, arrays)
    else:
        notes.append(Check(_RULES[rule], len(dataset.user_ids), "kept"))
    similarity = options.similarity or _find_similarity(path.name, parts, items)
    notes.append(Check(_COMPARED[similarity], items.shape[1], "kept"))
    config = VectorConfig(similarity, rule)
    source = {"format": "vectors", "file": path.name, "similarity": similarity, "user_rule": rule}
    return [ImportedModel("vectors", VectorModel(dataset.item_ids, config, arrays), path.stem, tuple(notes), source)]


def _split_rows(file: str, kind: str, parts: VectorParts, known: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[Check]]:
    """Return the vectors (n, D) float32 and ids (n,) of the items or users.

    A first row of zeros that has no id is padding, and a first id that has no vector is a header unless it is `known`.
    """
    vectors = _check_vectors(file, kind, parts.arrays[f"{kind}_vectors"])
    if f"{kind}_ids" not in parts.arrays:
        raise QuestionError(
            _(
                "{file} has {count} vectors of {kind} and no ids for them; in which file are the ids, one a line in the same order?",
                file=file,
                count=format_number(len(vectors)),
                kind=_(_KINDS[kind]),
            ),
            option=f"--{kind}s",
        )
    ids, notes = parts.arrays[f"{kind}_ids"], []
    if kind in parts.id_files:
        notes.append(Check(N_("ids from the file {file}"), len(ids), "kept", {"file": parts.id_files[kind]}))
    if len(ids) == len(vectors) - 1 and not vectors[0].any():
        vectors, notes = vectors[1:], [*notes, Check(N_("first row of zeros, taken as padding"), 1, "dropped")]
    elif len(ids) == len(vectors) + 1 and ids[0] not in known:
        ids, notes = ids[1:], [*notes, Check(N_("first line of the ids, taken as their header"), 1, "dropped")]
    if len(ids) != len(vectors):
        raise DataError(
            _(
                "{file} has {vectors} vectors of {kind}, but {id_file} has {ids} ids; give one id for each vector",
                file=file,
                vectors=format_number(len(vectors)),
                kind=_(_KINDS[kind]),
                id_file=parts.id_files.get(kind, file),
                ids=format_number(len(ids)),
            )
        )
    return vectors, ids, notes


def _check_vectors(file: str, kind: str, vectors: np.ndarray) -> np.ndarray:
    """Return vectors (n, D) as float32; other shapes and values that are not finite are a DataError."""
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu" or not vectors.size:
        raise DataError(
            _(
                "the vectors of the {kind} in {file} have the shape {shape}; give one row of numbers for each",
                kind=_(_KINDS[kind]),
                file=file,
                shape=" × ".join(map(str, vectors.shape)),
            )
        )
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
        vectors = vectors.astype(np.float32)
    if not np.isfinite(vectors).all():
        raise DataError(_("vectors in {file} hold values that are not numbers; export the model again", file=file))
    if np.abs(vectors).max() > LARGEST:
        raise DataError(
            _(
                "vectors in {file} hold values such as {value}, whose products are too large to be compared; export the model again",
                file=file,
                value=f"{np.abs(vectors).max():.0e}",
            )
        )
    return vectors


def _check_biases(file: str, biases: np.ndarray, count: int) -> np.ndarray:
    flat = biases.reshape(-1).astype(np.float32) if biases.dtype.kind in "fiu" else np.empty(0, dtype=np.float32)
    if len(flat) == count + 1 and flat[0] == 0:
        flat = flat[1:]  # that of the padding
    if len(flat) != count or not np.abs(flat).max(initial=0) <= LARGEST:
        raise DataError(
            _(
                "{file} has {biases} biases for {count} items; give one number for each item",
                file=file,
                biases=format_number(len(flat)),
                count=format_number(count),
            )
        )
    return flat


def _add_users(file: str, parts: VectorParts, dataset: Dataset, options: ImportOptions, arrays: dict[str, np.ndarray]) -> list[Check]:
    """Add the vectors of the users that the dataset has to the arrays, and return lines of the report."""
    if "user_vectors" not in parts.arrays:
        raise DataError(_("{file} has no vectors of users to be stored; choose the mean or the last item of the history", file=file))
    vectors, ids, notes = _split_rows(file, "user", parts, dataset.user_ids)
    if vectors.shape[1] != arrays["item_vectors"].shape[1]:
        raise DataError(
            _(
                "{file}: vectors of users have {users} numbers and vectors of items {items}; they must have equally many",
                file=file,
                users=vectors.shape[1],
                items=arrays["item_vectors"].shape[1],
            )
        )
    is_known = pd.Index(dataset.user_ids).get_indexer(ids) >= 0
    check_overlap(N_("users"), ids, is_known, dataset, dataset.user_ids, options.least_overlap)
    if (twice := pd.Series(ids[is_known]).duplicated()).any():
        raise DataError(_("{file} has two vectors for the user '{user}'; give every user one", file=file, user=ids[is_known][twice][0]))
    arrays["user_hashes"] = hash_user_ids(ids[is_known])
    arrays["user_vectors"] = vectors[is_known]
    notes += describe_user_match(is_known)
    missing = len(dataset.user_ids) - int(is_known.sum())
    if missing:
        notes.append(Check(N_("users of the dataset without a vector, who get the mean of their items"), missing, "kept"))
    return notes


def _find_similarity(file: str, parts: VectorParts, items: np.ndarray) -> str:
    """Return the similarity where the arrays tell it, otherwise ask.

    Biases and factors of users and items are those of a matrix factorization; of vectors of length 1, all similarities give one order.
    """
    if "item_biases" in parts.arrays or {"item_factors", "user_factors"} <= set(parts.names):
        return "dot"
    lengths = np.linalg.norm(items, axis=1)
    if np.allclose(lengths[lengths > 0], 1, atol=1e-3):
        return "cosine"
    raise QuestionError(
        _("{file} does not say how its vectors are compared: by the dot product, the cosine or the Euclidean distance?", file=file),
        "--similarity",
        "dot" if "user_vectors" in parts.arrays else "cosine",
        choices=SIMILARITIES,
    )

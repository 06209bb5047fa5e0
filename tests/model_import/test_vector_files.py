"""Vectors from files: every layout gives the same model, and what does not fit is refused in one sentence."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

from recsys.core import Dataset, Request
from recsys.core.errors import DataError, QuestionError
from recsys.model_import.formats import read_models
from recsys.model_import.imported_model import ImportedModel
from recsys.model_import.options import ImportOptions

SIZE = 4
OPTIONS = ImportOptions(similarity="dot")
RANDOM = np.random.default_rng(4)
ITEMS = np.array([f"i{number:02}" for number in RANDOM.permutation(15)], dtype=object)
USERS = np.array([f"u{number:02}" for number in RANDOM.permutation(12)], dtype=object)
VECTORS, STATES = RANDOM.normal(size=(15, SIZE)).astype(np.float32), RANDOM.normal(size=(12, SIZE)).astype(np.float32)
BIASES = RANDOM.normal(size=15).astype(np.float32)


def write_ids(folder: Path) -> None:
    (folder / "item_ids.txt").write_text("\n".join(ITEMS) + "\n")
    (folder / "user_ids.txt").write_text("\n".join(USERS) + "\n")


def counts(found: ImportedModel) -> dict[str, int]:
    return {each.text: each.rows for each in found.matches}


def assert_stored(found: ImportedModel, dataset: Dataset, biases: bool = False) -> None:
    """Scores are the products of the vectors with these ids, whatever their order in the file."""
    scores = found.model.score([Request(dataset.history(user)) for user in dataset.user_ids])
    users = [list(USERS).index(user) for user in dataset.user_ids]
    items = [list(ITEMS).index(item) for item in dataset.item_ids]
    want = STATES[users] @ VECTORS[items].T + (BIASES[items] if biases else 0)
    np.testing.assert_allclose(scores, want, rtol=1e-5, atol=1e-6)


def assert_items(found: ImportedModel, dataset: Dataset) -> None:
    items = [list(ITEMS).index(item) for item in dataset.item_ids]
    np.testing.assert_array_equal(found.model.item_vectors(), VECTORS[items])


def write_implicit(folder: Path) -> Path:
    """The arrays of implicit's ALS, whose setting `factors` is called like vectors."""
    write_ids(folder)
    np.savez(folder / "als.npz", user_factors=STATES, item_factors=VECTORS, factors=SIZE, regularization=0.01, iterations=15, alpha=1.0)
    return folder / "als.npz"


def write_lightfm(folder: Path) -> Path:
    write_ids(folder)
    arrays = {"item_embeddings": VECTORS, "item_biases": BIASES, "user_embeddings": STATES, "user_biases": np.ones(12, dtype=np.float32)}
    np.savez(folder / "lightfm.npz", **arrays)
    return folder / "lightfm.npz"


def write_safetensors(folder: Path) -> Path:
    write_ids(folder)
    save_file({"item_embedding.weight": VECTORS, "user_embedding.weight": STATES, "other": np.zeros(3)}, folder / "mf.safetensors")
    return folder / "mf.safetensors"


def write_parquets(folder: Path) -> Path:
    for kind, ids, vectors in (("item", ITEMS, VECTORS), ("user", USERS, STATES)):
        pq.write_table(pa.table({f"{kind}_id": list(ids), "vector": list(vectors)}), folder / f"{kind}_vectors.parquet")
    return folder


def write_arrays(folder: Path) -> Path:
    write_ids(folder)
    np.save(folder / "item_vectors.npy", VECTORS)
    np.save(folder / "user_vectors.npy", STATES)
    return folder


def write_ids_inside(folder: Path) -> Path:
    np.savez(folder / "model.npz", items=ITEMS.astype(str), vectors=VECTORS, users=USERS.astype("S"), user_vectors=STATES)
    return folder / "model.npz"


STORED = {
    "implicit": write_implicit,
    "safetensors": write_safetensors,
    "two Parquet files": write_parquets,
    "two NumPy files": write_arrays,
    "ids inside": write_ids_inside,
}


@pytest.mark.parametrize("write", STORED.values(), ids=STORED)
def test_vectors_of_items_and_users(write: Callable[[Path], Path], tiny: Dataset, tmp_path: Path) -> None:
    [found] = read_models(write(tmp_path), tiny, OPTIONS)
    assert_stored(found, tiny)
    assert found.model.config.user_rule == "stored"
    said = counts(found)
    assert said["items of the model that the dataset has"] == 15 and said["users of the model that the dataset has"] == 12
    assert said["numbers in a vector; vectors are compared by their dot product"] == SIZE


def test_lightfm_has_biases(tiny: Dataset, tmp_path: Path) -> None:
    [found] = read_models(write_lightfm(tmp_path), tiny, ImportOptions())
    assert_stored(found, tiny, biases=True)


def write_lone_array(folder: Path) -> Path:
    (folder / "item_ids.txt").write_text("\r\n".join(ITEMS))
    np.save(folder / "whatever.npy", VECTORS)
    return folder / "whatever.npy"


def write_padded(folder: Path) -> Path:
    (folder / "item_ids.json").write_text(json.dumps(list(ITEMS)))
    np.save(folder / "item_embeddings.npy", np.vstack([np.zeros(SIZE), VECTORS]))
    return folder / "item_embeddings.npy"


def write_header(folder: Path) -> Path:
    pd.DataFrame({"item": ITEMS, "title": [f"a, {each}" for each in ITEMS]}).to_csv(folder / "item_ids.csv", index=False)
    np.save(folder / "item_embeddings.npy", VECTORS)
    return folder


def write_parquet(folder: Path) -> Path:
    pd.DataFrame({"item_id": ITEMS, "popularity": 0.5, "embedding": list(VECTORS)}).to_parquet(folder / "things.parquet")
    return folder / "things.parquet"


def write_fixed_size_parquet(folder: Path) -> Path:
    lists = pa.FixedSizeListArray.from_arrays(pa.array(VECTORS.ravel()), SIZE)
    pq.write_table(pa.table({"embedding": lists, "item_id": list(ITEMS)}), folder / "things.parquet")
    return folder / "things.parquet"


ITEMS_ALONE = {
    "NumPy with a list beside it": write_lone_array,
    "padding row": write_padded,
    "list with a header": write_header,
    "Parquet": write_parquet,
    "Parquet of fixed sizes": write_fixed_size_parquet,
}


@pytest.mark.parametrize("write", ITEMS_ALONE.values(), ids=ITEMS_ALONE)
def test_vectors_of_items_alone(write: Callable[[Path], Path], tiny: Dataset, tmp_path: Path) -> None:
    [found] = read_models(write(tmp_path), tiny, OPTIONS)
    assert_items(found, tiny)
    assert found.model.config.user_rule == "mean"
    assert counts(found)["users of the dataset, each with the mean of the items in the history as vector"] == 12


@pytest.mark.parametrize("suffix", ["txt", "csv", "tsv", "json", "npy", "parquet"])
def test_ids_given_in_a_file(suffix: str, tiny: Dataset, tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", VECTORS)
    (tmp_path / "own").mkdir()
    ids = tmp_path / "own" / f"names.{suffix}"
    match suffix:
        case "json":
            ids.write_text(json.dumps(list(ITEMS)))
        case "npy":
            np.save(ids, ITEMS.astype(str))
        case "parquet":
            pd.DataFrame({"id": ITEMS}).to_parquet(ids)
        case _:
            ids.write_text("\n".join(ITEMS))
    [found] = read_models(tmp_path / "v.npy", tiny, ImportOptions(similarity="dot", items=ids))
    assert_items(found, tiny)


def test_settings_are_not_taken_for_vectors(tiny: Dataset, tmp_path: Path) -> None:
    np.savez(tmp_path / "model.npz", factors=SIZE, embeddings=VECTORS, item_ids=ITEMS.astype(str))
    assert_items(read_models(tmp_path / "model.npz", tiny, OPTIONS)[0], tiny)


def test_a_rule_for_users_can_be_chosen(tiny: Dataset, tmp_path: Path) -> None:
    for rule in ("mean", "last"):
        [found] = read_models(write_implicit(tmp_path), tiny, ImportOptions(user_rule=rule))
        assert found.model.fixed_because is None and found.model.config.user_rule == rule
    with pytest.raises(DataError, match="no vectors of users"):
        read_models(write_lone_array(tmp_path), tiny, ImportOptions(similarity="dot", user_rule="stored"))


class TestQuestions:
    def test_missing_ids_are_asked_for(self, tiny: Dataset, tmp_path: Path) -> None:
        np.savez(tmp_path / "als.npz", user_factors=STATES, item_factors=VECTORS)
        with pytest.raises(QuestionError, match="15 vectors of items and no ids") as caught:
            read_models(tmp_path / "als.npz", tiny, OPTIONS)
        assert caught.value.option == "--items"
        (tmp_path / "names.txt").write_text("\n".join(ITEMS))
        with pytest.raises(QuestionError, match="12 vectors of users and no ids") as caught:
            read_models(tmp_path / "als.npz", tiny, ImportOptions(items=tmp_path / "names.txt"))
        assert caught.value.option == "--users"

    def test_the_similarity_is_asked_for_unless_the_arrays_tell(self, tiny: Dataset, tmp_path: Path) -> None:
        file = write_lone_array(tmp_path)
        with pytest.raises(QuestionError, match="how its vectors are compared") as caught:
            read_models(file, tiny, ImportOptions())
        assert caught.value.choices == ("dot", "cosine", "euclidean")
        np.save(file, VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True))
        assert read_models(file, tiny, ImportOptions())[0].model.config.similarity == "cosine"
        assert read_models(write_implicit(tmp_path), tiny, ImportOptions())[0].model.config.similarity == "dot"


class TestRefusals:
    def write(self, folder: Path, vectors: Any = VECTORS, ids: Any = ITEMS) -> Path:
        (folder / "item_ids.txt").write_text("\n".join(ids))
        np.save(folder / "item_vectors.npy", vectors)
        return folder / "item_vectors.npy"

    def refusal(self, file: Path, dataset: Dataset, options: ImportOptions = OPTIONS) -> str:
        with pytest.raises(DataError) as caught:
            read_models(file, dataset, options)
        assert not isinstance(caught.value, QuestionError) and "\n" not in str(caught.value)
        return str(caught.value)

    @pytest.mark.parametrize("count", [3, 13, 17])
    def test_id_lists_of_another_length(self, count: int, tiny: Dataset, tmp_path: Path) -> None:
        said = self.refusal(self.write(tmp_path, ids=[*ITEMS, "more", "most"][:count]), tiny)
        assert f"15 vectors of items, but item_ids.txt has {count} ids" in said

    def test_ids_that_repeat(self, tiny: Dataset, tmp_path: Path) -> None:
        assert f"'{ITEMS[0]}' more than once" in self.refusal(self.write(tmp_path, ids=[*ITEMS[:-1], ITEMS[0]]), tiny)
        file = write_implicit(tmp_path)
        (tmp_path / "user_ids.txt").write_text("\n".join([*USERS[:-1], USERS[0]]))
        (tmp_path / "item_ids.txt").write_text("\n".join(ITEMS))
        assert f"two vectors for the user '{USERS[0]}'" in self.refusal(file, tiny)

    def test_vectors_of_other_lengths(self, tiny: Dataset, tmp_path: Path) -> None:
        write_ids(tmp_path)
        np.savez(tmp_path / "m.npz", item_vectors=VECTORS, user_vectors=STATES[:, :3])
        assert "users have 3 numbers and vectors of items 4" in self.refusal(tmp_path / "m.npz", tiny)
        pq.write_table(pa.table({"item_id": ["i00", "i01"], "vector": [[1.0, 2.0], [1.0]]}), tmp_path / "v.parquet")
        assert "different lengths" in self.refusal(tmp_path / "v.parquet", tiny)

    @pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
    def test_values_that_are_not_numbers(self, value: float, tiny: Dataset, tmp_path: Path) -> None:
        vectors = VECTORS.astype(np.float64)
        vectors[3, 2] = value
        assert "not numbers" in self.refusal(self.write(tmp_path, vectors), tiny)

    @pytest.mark.parametrize("vectors", [VECTORS[0], np.zeros((2, 3, 4)), np.zeros((0, 4)), np.array([["a"]])])
    def test_other_shapes_and_types(self, vectors: np.ndarray, tiny: Dataset, tmp_path: Path) -> None:
        assert "one row of numbers" in self.refusal(self.write(tmp_path, vectors), tiny)

    def test_biases_of_another_length(self, tiny: Dataset, tmp_path: Path) -> None:
        write_ids(tmp_path)
        np.savez(tmp_path / "m.npz", item_vectors=VECTORS, item_biases=BIASES[:5])
        assert "5 biases for 15 items" in self.refusal(tmp_path / "m.npz", tiny)

    def test_items_of_another_dataset(self, tiny: Dataset, tmp_path: Path) -> None:
        said = self.refusal(self.write(tmp_path, ids=[f"x{number}" for number in range(15)]), tiny)
        assert "only 0 of 15 items" in said and "'x0'" in said and "'i00'" in said

    def test_users_of_another_dataset(self, tiny: Dataset, tmp_path: Path) -> None:
        file = write_implicit(tmp_path)
        (tmp_path / "user_ids.txt").write_text("\n".join(f"x{number}" for number in range(12)))
        assert "only 0 of 12 users" in self.refusal(file, tiny)

    def test_archives_without_vectors(self, tiny: Dataset, tmp_path: Path) -> None:
        np.savez(tmp_path / "knn.npz", K=20, shape=[3, 3], data=[1.0], indptr=[0, 1], indices=[0])
        assert "data, indices" in self.refusal(tmp_path / "knn.npz", tiny)

    def test_missing_id_files(self, tiny: Dataset, tmp_path: Path) -> None:
        file = self.write(tmp_path)
        assert "does not exist" in self.refusal(file, tiny, ImportOptions(similarity="dot", items=tmp_path / "no.txt"))

    @pytest.mark.parametrize("name", ["v.npy", "v.npz", "v.safetensors"])
    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"\x93NUMPY\x01", b"\x00" * 64], ids=["empty", "zip", "npy", "zeros"])
    def test_damaged_files(self, name: str, content: bytes, tiny: Dataset, tmp_path: Path) -> None:
        (tmp_path / name).write_bytes(content)
        assert name in self.refusal(tmp_path / name, tiny)


class Bomb:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)


@pytest.mark.parametrize("name", ["v.npy", "v.npz", "item_ids.npy", "user_ids.npz"])
def test_objects_are_never_unpickled(name: str, tiny: Dataset, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    objects = np.array([Bomb(mark)] * 15, dtype=object)
    (tmp_path / "in").mkdir()
    file = tmp_path / "in" / name
    if name.endswith(".npz"):
        np.savez(file, item_vectors=objects)
    else:
        np.save(file, objects)
    if name == "item_ids.npy":
        np.save(tmp_path / "in" / "v.npy", VECTORS)
        file = tmp_path / "in" / "v.npy"
    with pytest.raises(DataError):
        read_models(file, tiny, OPTIONS)
    (tmp_path / "in" / "raw.npy").write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(DataError):
        read_models(tmp_path / "in" / "raw.npy", tiny, OPTIONS)
    assert not mark.exists()


def test_objects_under_other_names_are_not_even_read(tiny: Dataset, tmp_path: Path) -> None:
    write_ids(tmp_path)
    np.savez(tmp_path / "m.npz", item_vectors=VECTORS, extra=np.array([Bomb(tmp_path / "executed")], dtype=object))
    assert_items(read_models(tmp_path / "m.npz", tiny, OPTIONS)[0], tiny)
    assert not (tmp_path / "executed").exists()


def test_items_that_only_one_side_has(tiny: Dataset, tmp_path: Path) -> None:
    np.save(tmp_path / "item_vectors.npy", VECTORS[:12])
    (tmp_path / "item_ids.txt").write_text("\n".join([*ITEMS[:10], "x1", "x2"]))
    [found] = read_models(tmp_path / "item_vectors.npy", tiny, OPTIONS)
    [scores] = found.model.score([Request(tiny.history("u00"))])
    assert np.array_equal(np.isfinite(scores), np.isin(tiny.item_ids, ITEMS[:10].tolist()))
    said = counts(found)
    assert said["items of the model that the dataset does not have"] == 2
    assert said["items of the dataset that the model does not know, never recommended"] == 5


NAMED = [
    ("query_tower", "customer", "query_embedding", "candidate_tower", "sku", "candidate_embedding"),
    ("customers", "id", "emb", "products", "id", "emb"),
    ("a", "userId", "vector", "b", "movieId", "vector"),
    ("left", "key", "UserEmbedding", "right", "key", "ItemEmbedding"),
]


@pytest.mark.parametrize("names", NAMED, ids=lambda each: each[0])
def test_two_towers_in_parquet_files_of_any_name(names: tuple[str, ...], tiny: Dataset, tmp_path: Path) -> None:
    for (file, key, column), ids, vectors in ((names[:3], USERS, STATES), (names[3:], ITEMS, VECTORS)):
        half = pa.array(list(vectors.astype(np.float16)), pa.list_(pa.float16()))
        pq.write_table(pa.table({key: list(ids), column: half}), tmp_path / f"{file}.parquet")
    [found] = read_models(tmp_path, tiny, OPTIONS)
    request = Request(tiny.history("u03"))
    expected = VECTORS.astype(np.float16).astype(np.float32) @ STATES.astype(np.float16).astype(np.float32)[list(USERS).index("u03")]
    order = [list(ITEMS).index(item) for item in tiny.item_ids]
    np.testing.assert_allclose(found.model.score([request])[0], expected[order], rtol=1e-5)


def test_two_files_of_one_kind_are_refused(tiny: Dataset, tmp_path: Path) -> None:
    for name in ("items", "products"):
        pq.write_table(pa.table({"id": list(ITEMS), "vector": list(VECTORS)}), tmp_path / f"{name}.parquet")
    with pytest.raises(DataError, match="vectors of the same kind, item"):
        read_models(tmp_path, tiny, OPTIONS)

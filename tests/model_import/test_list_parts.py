"""Lists in folders of parts and in JSON objects by user: what Spark jobs and services export."""

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.core import Dataset
from recsys.core.errors import DataError, QuestionError
from recsys.model_import.formats import find_format, read_models
from recsys.model_import.options import ImportOptions
from recsys.model_import.recommendation_rows import read_rows
from recsys.model_import.table_parts import find_parts
from tests.model_import.test_recommendation_table import LAST, LISTS, counts, lists_of, shuffled, table

NAMES = {"user_id": "customer_id", "item_id": "product_id", "score": "prediction"}


def exported() -> pd.DataFrame:
    return shuffled(table()).drop(columns="rank").rename(columns=NAMES)


def marked(folder: Path) -> Path:
    (folder / "_SUCCESS").write_text("")
    (folder / ".part-00000.crc").write_bytes(b"crc\0")
    return folder


def write_spark_parquet(folder: Path) -> Path:
    for part in range(3):
        exported().iloc[part::3].to_parquet(folder / f"part-0000{part}-9f1c-c000.snappy.parquet", index=False)
    return marked(folder)


def write_spark_csv(folder: Path, header: bool = True) -> Path:
    for part in range(3):
        exported().iloc[part::3].to_csv(folder / f"part-0000{part}-9f1c-c000.csv", index=False, header=header)
    (folder / "part-00003-9f1c-c000.csv").write_text("" if not header else ",".join(NAMES.values()))  # an empty partition
    return marked(folder)


def write_zipped_csv(folder: Path) -> Path:
    for part in range(2):
        text = exported().iloc[part::2].to_csv(index=False, lineterminator="\r\n")
        (folder / f"00000{part}.csv.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    return folder


def write_json_lines(folder: Path) -> Path:
    for part in range(2):
        exported().iloc[part::2].to_json(folder / f"data_{part}.jsonl", orient="records", lines=True)
    return folder


def write_spark_als(folder: Path) -> Path:
    entries = [[{"product_id": item, "rating": 1 - place / 10} for place, item in enumerate(items)][::-1] for items in LISTS.values()]
    for part in range(2):
        rows = pa.table({"customer_id": list(LISTS)[part::2], "recommendations": entries[part::2]})
        pq.write_table(rows, folder / f"part-0000{part}.snappy.parquet")
    return marked(folder)


PARTS: dict[str, Callable[[Path], Path]] = {
    "Spark Parquet": write_spark_parquet,
    "Spark CSV": write_spark_csv,
    "Spark CSV without headers": lambda folder: write_spark_csv(folder, header=False),
    "gzip with byte order marks": write_zipped_csv,
    "JSON lines": write_json_lines,
    "recommendForAllUsers": write_spark_als,
}


@pytest.mark.parametrize("write", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("name", ["lists", "lists.parquet"])
def test_parts_are_one_table(name: str, write: Callable[[Path], Path], tiny: Dataset, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    [found] = read_models(write(tmp_path / name), tiny, LAST)
    assert lists_of(found.model, tiny) == LISTS and found.name == "lists"
    assert counts(found)["files of the folder, read as one table"] == len(find_parts(tmp_path / name))


def test_folders_of_parquet_name_columns(tiny: Dataset, tmp_path: Path) -> None:
    both = pd.concat([exported().assign(model="als"), exported().assign(model="top").head(4)])
    both.to_parquet(tmp_path / "out", partition_cols=["model"], index=False)
    found = {each.name: lists_of(each.model, tiny) for each in read_models(tmp_path / "out", tiny, LAST)}
    assert found["als"] == LISTS and found["top"].keys() <= LISTS.keys() and len(found) == 2


def test_files_of_several_tables_are_not_parts(tiny: Dataset, tmp_path: Path) -> None:
    for name in ("als.csv", "popular.csv"):
        exported().to_csv(tmp_path / name, index=False)
    assert find_parts(tmp_path) == []
    with pytest.raises(DataError, match="not a model that can be imported"):
        find_format(tmp_path)
    vectors = pa.table({"id": ["a"], "features": pa.array([[0.5]], pa.list_(pa.float32()))})
    (tmp_path / "itemFactors").mkdir()
    pq.write_table(vectors, tmp_path / "itemFactors" / "part-0.parquet")
    with pytest.raises(DataError, match="not a model that can be imported"):
        find_format(tmp_path / "itemFactors")


def scored(items: list[str]) -> list[dict[str, Any]]:
    return [{"score": 1 - place / 10, "item": item, "title": "a"} for place, item in enumerate(items)]


NESTED: dict[str, Any] = {
    "objects": {user: scored(items)[::-1] for user, items in LISTS.items()},
    "objects without scores": {user: [{"product_id": item} for item in items] for user, items in LISTS.items()},
    "objects with ranks": {user: [{"id": i, "rank": at} for at, i in enumerate(items)][::-1] for user, items in LISTS.items()},
    "pairs": {user: [[each["item"], each["score"]] for each in scored(items)][::-1] for user, items in LISTS.items()},
    "ids": LISTS,
    "under a name": {"generated_at": "2026-01-01", "users": 3, "recommendations": {u: scored(items) for u, items in LISTS.items()}},
    "by model": {"als": LISTS},
}


@pytest.mark.parametrize("content", NESTED.values(), ids=NESTED)
def test_json_objects_by_user(content: Any, tiny: Dataset, tmp_path: Path) -> None:
    (tmp_path / "lists.json").write_text(json.dumps(content))
    [found] = read_models(tmp_path / "lists.json", tiny, LAST)
    assert lists_of(found.model, tiny) == LISTS


def test_json_objects_by_model_and_user(tiny: Dataset, tmp_path: Path) -> None:
    other = {user: items[::-1] for user, items in LISTS.items()}
    (tmp_path / "lists.json").write_text(json.dumps({"als": LISTS, "top": other}))
    found = {each.name: lists_of(each.model, tiny) for each in read_models(tmp_path / "lists.json", tiny, LAST)}
    assert found == {"als": LISTS, "top": other}


@pytest.mark.parametrize("orient", ["list", "records"])
def test_json_of_columns_is_a_table(orient: Any, tmp_path: Path) -> None:
    rows = table()[["user_id", "item_id", "score"]]
    content = rows.to_dict(orient=orient)
    (tmp_path / "lists.json").write_text(json.dumps(content if orient == "list" else {"model": "als", "rows": content}))
    try:
        found, _notes = read_rows(tmp_path / "lists.json", ImportOptions())
    except DataError as error:
        assert orient == "list" and "one object without a list of objects" in str(error)
        return
    pd.testing.assert_frame_equal(found[["user_id", "item_id", "score"]], rows, check_dtype=False)


def test_table_of_an_archive_is_chosen(tiny: Dataset, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("als.csv", table().to_csv(index=False))
        top = table({user: items[::-1] for user, items in LISTS.items()})
        archive.writestr("top.csv", top.rename(columns={"user_id": "uid", "item_id": "iid"}).to_csv(index=False))
    with pytest.raises(QuestionError) as asked:
        read_models(tmp_path / "export.zip", tiny, LAST)
    assert asked.value.option == "--table"
    [found] = read_models(tmp_path / "export.zip", tiny, ImportOptions(made_before="last", table="top.csv"))
    assert lists_of(found.model, tiny) == {user: items[::-1] for user, items in LISTS.items()}

"""Lists of ids as they are exported: with a header, numbered by a second column, or as a JSON object."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recsys.core.errors import DataError
from recsys.model_import.folders import find_item_list
from recsys.model_import.id_lists import drop_header, read_id_list
from recsys.model_import.options import ImportOptions

IDS = ["v7", "v3", "v12", "v1"]
NUMBERS = ["7", "3", "12", "20"]


@pytest.fixture(params=["csv", "tsv", "parquet", "json"])
def suffix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def write(table: pd.DataFrame, folder: Path, suffix: str) -> Path:
    file = folder / f"map.{suffix}"
    if suffix == "parquet":
        table.to_parquet(file)
    elif suffix == "json":
        table.to_json(file, orient="records")
    else:
        table.to_csv(file, sep="\t" if suffix == "tsv" else ",", index=False)
    return file


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("names", [("idx", "movieId"), ("item_index", "label"), ("code", "sku")])
@pytest.mark.parametrize("ids", [IDS, NUMBERS])
def test_ids_are_sorted_by_the_column_that_numbers_them(
    ids: list[str], names: tuple[str, str], first: int, suffix: str, tmp_path: Path
) -> None:
    order = np.random.default_rng(0).permutation(len(ids))
    table = pd.DataFrame({names[0]: order + first, "title": "Something", names[1]: np.array(ids)[order]})
    chosen = table if names[1] != "label" else table.drop(columns="title")
    assert list(read_id_list(write(chosen, tmp_path, suffix))) == ids
    assert list(read_id_list(write(chosen[chosen.columns[::-1]], tmp_path, suffix))) == ids


@pytest.mark.parametrize("first", [0, 1])
def test_json_object_in_either_direction(first: int, tmp_path: Path) -> None:
    file = tmp_path / "vocabulary.json"
    for content in ({each: at for at, each in enumerate(NUMBERS, first)}, {str(at): each for at, each in enumerate(NUMBERS, first)}):
        file.write_text(json.dumps(dict(sorted(content.items()))))
        assert list(read_id_list(file)) == NUMBERS


def test_ids_from_1_beside_their_titles_are_ids(suffix: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"item_id": [2, 1, 3], "title": ["Two", "One", "Three"]})
    assert list(drop_header(read_id_list(write(table, tmp_path, suffix)))) == ["2", "1", "3"]
    numbered = table.assign(idx=[1, 0, 2])
    assert list(read_id_list(write(numbered, tmp_path, suffix))) == ["1", "2", "3"]


def test_values_that_can_both_be_the_ids_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"1": 0, "0": 1, "2": 2}))
    (tmp_path / "b.json").write_text(json.dumps({"v1": "v2", "v3": "v4"}))
    (tmp_path / "c.csv").write_text("0,1\n1,2\n2,3\n")
    for name in ("a.json", "b.json"):
        with pytest.raises(DataError, match=f"{name} does not say which of its values are the ids"):
            read_id_list(tmp_path / name)
    assert list(read_id_list(tmp_path / "c.csv")) == ["1", "2", "3"]


@pytest.mark.parametrize("header", ["movieId", "item_id", "sku"])
def test_a_header_is_not_an_item_of_a_network(header: str, tmp_path: Path) -> None:
    for name in ("ids.csv", "ids.txt"):
        (tmp_path / name).write_text("\n".join([header, *IDS, ""]))
        found = find_item_list(tmp_path, ImportOptions(items=tmp_path / name))
        assert found is not None and list(found) == IDS
    (tmp_path / "ids.txt").write_text("\n".join(["item 1", "item 2", "item", ""]))
    kept = find_item_list(tmp_path, ImportOptions(items=tmp_path / "ids.txt"))
    assert kept is not None and list(kept) == ["item 1", "item 2", "item"]

"""Files of items and users: the column of ids is the one that the events know, descriptions keep their rows, all else is counted."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.core.errors import DataError, QuestionError
from recsys.datasets.importing.side_tables import SideTable, read_side_table


def put(folder: Path, content: str | pd.DataFrame, name: str = "items.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes((content if isinstance(content, str) else content.to_csv(index=False)).encode(encoding))
    return path


def checks(table: SideTable) -> dict[str, tuple[int, str]]:
    return {check.check: (check.rows, check.action) for check in table.checks}


def films(count: int = 20) -> pd.DataFrame:
    numbers = range(count)
    return pd.DataFrame(
        {
            "row": [str(n) for n in numbers],
            "movieId": [f"{n + 3}" for n in numbers],
            "title": [f"Film, The {n}" for n in numbers],
            "genres": ["Comedy|Drama", "Drama"] * (count // 2),
            "year": [str(1990 + n) for n in numbers],
        }
    )


def test_films_are_joined_by_their_ids(tmp_path: Path) -> None:
    table = films()
    ids = [*table["movieId"][5:], "1000"]
    side = read_side_table(put(tmp_path, table), "item_id", set(ids))
    expected = table.set_index("movieId").loc[ids[:-1], ["row", "title", "genres", "year"]].rename(columns={"genres": "category"})
    pd.testing.assert_frame_equal(side.frame, expected.rename_axis("item_id"), check_dtype=False, check_index_type=False)
    assert side.mapping == {"item_id": "movieId", "title": "title", "category": "genres"} == dict.fromkeys(side.reasons) | side.mapping
    assert checks(side) == {
        "items without a row in the file of items": (1, "kept"),
        "rows of the file of items without events": (5, "dropped"),
    }


@settings(max_examples=30, deadline=None)
@given(ids=st.lists(st.from_regex(r"\A[0-9]{1,4}\Z"), min_size=4, max_size=12, unique=True), data=st.data())
def test_ids_are_alike_without_point_zero_but_not_without_leading_zeros(
    ids: list[str], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    written = [each + data.draw(st.sampled_from(["", ".0"])) for each in ids]
    path = put(tmp_path_factory.mktemp("side"), pd.DataFrame({"product": written, "name": [f"Name {each}" for each in ids]}))
    side = read_side_table(path, "item_id", pd.Index([*ids, "none"]))
    assert side.frame["title"].to_dict() == {each: f"Name {each}" for each in ids}


def test_the_first_of_several_rows_is_used(tmp_path: Path) -> None:
    text = "customer,name,city\nu1,Ann,Oslo\nu2,Bob,Rome\nu1,Anna,Bonn\n,Eve,Graz\n"
    side = read_side_table(put(tmp_path, text, "users.csv"), "user_id", {"u1", "u2"})
    assert side.frame.loc["u1"].to_dict() == {"title": "Ann", "city": "Oslo"} and len(side.frame) == 2
    assert checks(side) == {"rows of the file of users that repeat an id, the first is used": (1, "dropped")}


def test_a_column_may_be_called_id(tmp_path: Path) -> None:
    side = read_side_table(put(tmp_path, "id,title\n1,Green tea\n2,Apple pie\n4,Coffee\n"), "item_id", {"1", "2", "3"})
    assert side.mapping["item_id"] == "id"
    assert side.frame["title"].to_dict() == {"1": "Green tea", "2": "Apple pie"}


def test_entities_accents_and_names_of_others(tmp_path: Path) -> None:
    text = (
        '"ISBN";"Book-Title";"Book-Author";"Image-URL-S";"Summary"\n'
        '"0001";"Caf\u00e9 &amp; S\u00f6hne";"A &amp; B";"http://x/1";"R&D &copy none"\n'
        '"0002";"Plain";"C";"http://x/2";"T&#233;"\n'
    )
    side = read_side_table(put(tmp_path, text, encoding="latin-1"), "item_id", {"0001", "0002"})
    assert side.mapping == {"item_id": "ISBN", "title": "Book-Title", "text": "Summary", "image": "Image-URL-S"}
    assert side.frame["title"].tolist() == ["Caf\u00e9 & S\u00f6hne", "Plain"] and side.frame["text"].tolist() == [
        "R&D &copy none",
        "T\u00e9",
    ]
    assert side.frame["Book-Author"].tolist() == ["A &amp; B", "C"]
    assert checks(side) == {"titles and texts of items with HTML characters such as &amp;, unescaped": (2, "kept")}


def test_places_are_numbers_or_missing(tmp_path: Path) -> None:
    text = "venue,lat,lng,label\nv1,48.2,16.3,Bar\nv2,91,16,Pub\nv3,,,Inn\nv4,x,16,Zoo\n"
    side = read_side_table(put(tmp_path, text), "item_id", {"v1", "v2", "v3", "v4"})
    assert side.frame[["latitude", "longitude"]].loc["v1"].tolist() == [48.2, 16.3]
    assert side.frame["latitude"].isna().sum() == side.frame["longitude"].isna().sum() == 3
    assert checks(side) == {"places of items that are out of range or not numbers": (2, "dropped")}


def test_a_file_without_names_is_read_by_its_values(tmp_path: Path) -> None:
    kinds = ["news", "sports", "news", "music"]
    rows = "".join(f"N{n}\t{kinds[n % 4]}\tTitle number {n}\tAbstract text {n}\thttps://x/{n}\t[]\n" for n in range(40))
    side = read_side_table(put(tmp_path, rows, "news.tsv"), "item_id", {f"N{n}" for n in range(40)})
    assert side.mapping == {"item_id": "column 1", "category": "column 2", "title": "column 3", "text": "column 4"}
    assert side.frame.loc["N7", ["category", "title", "text"]].tolist() == ["music", "Title number 7", "Abstract text 7"]


def test_a_mapping_corrects_the_guess(tmp_path: Path) -> None:
    path = put(tmp_path, films())
    side = read_side_table(path, "item_id", {"0", "1"}, {"item_id": "row", "category": "", "text": "year"})
    assert side.mapping == {"item_id": "row", "title": "title", "text": "year"} and "genres" in side.frame
    assert side.frame["text"].to_dict() == {"0": "1990", "1": "1991"}
    for mapping, says in (({"text": "plot"}, "has no column 'plot' for text"), ({"rating": "year"}, "'rating' is not a key")):
        with pytest.raises(DataError, match=says):
            read_side_table(path, "item_id", {"3"}, mapping)
    with pytest.raises(DataError, match="column 'title' has none of the ids of the events, such as '3'"):
        read_side_table(path, "item_id", {"3"}, {"item_id": "title"})


def test_ids_that_the_file_does_not_hold_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(QuestionError, match="no column holds most of the ids of the events, such as '22'; column 'movieId' holds 33%"):
        read_side_table(put(tmp_path, films()), "item_id", {"22", "a", "b"})


def test_two_columns_of_ids_without_names_are_asked_about(tmp_path: Path) -> None:
    table = pd.DataFrame({"left": list("abcd"), "right": list("dcba"), "what": ["w", "x", "y", "z"]})
    with pytest.raises(QuestionError, match="columns 'left' and 'right' both hold the ids"):
        read_side_table(put(tmp_path, table), "item_id", set("abcd"))
    assert read_side_table(put(tmp_path, table), "item_id", set("abcd"), {"item_id": "right"}).frame.loc["a", "what"] == "z"

"""Files that can be read in two ways, or hardly at all: the reading taken is said, and what cannot be read is one line."""

import gzip
import os
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from recsys.core.errors import DataError, QuestionError
from recsys.datasets import prepare_dataset, read_file
from recsys.datasets.importing.import_plan import plan_file
from tests.datasets.test_own_file import checks, histories, put

ROWS = "user,item,time\n" + "".join(f"u{n % 7},i{n % 5},{1_600_000_000 + n}\n" for n in range(40))
FIRST_TWO = {"user_id": "1", "item_id": "2"}
A_ROW, NAMES = "first line read as a row, not as names", "first line taken as names of columns: "


@pytest.mark.parametrize(
    "text",
    [
        "u1,i1\nu2,i2\nu17,i30\n",
        "user1,item1\nuser2,item2\n",
        "a1f3c2d4,x\n3c4d55aa,y\n0f0f0f0f,z\n",
        "c9bf9e57-1685,x\n4bf92f35-77b3,y\n",
        "ann,tea\n" + "bob,pie\n" * 300 + "ann,pie\n",
        "u1,i1",
    ],
)
def test_a_first_line_like_those_below_is_a_row(text: str, tmp_path: Path) -> None:
    path = put(tmp_path, "t.csv", text)
    data = read_file(path, FIRST_TWO)
    assert len(data.interactions) == len(text.splitlines()) and plan_file(path).guess.unsure == ("user_id", "item_id")
    assert checks(data)[A_ROW] == (1, "kept") and isinstance(plan_file(path).question, QuestionError)


@pytest.mark.parametrize("names", ["user,item,sku2", "user,item,,", "c1,c2,c3"])
def test_a_first_line_unlike_those_below_holds_names(names: str, tmp_path: Path) -> None:
    path = put(tmp_path, "t.csv", names + "\n" + ("1,2,ab12\n3,4,cd34\n" if "," * 2 not in names else "1,2,,\n3,4,,\n"))
    data = read_file(path, dict(zip(FIRST_TWO, names.split(","), strict=False)))
    assert list(data.user_ids) == ["1", "3"] and A_ROW not in checks(data)


def test_names_that_say_nothing_are_named(tmp_path: Path) -> None:
    path = put(tmp_path, "t.csv", "ann,tea\nbob,pie\ncat,jam\n")
    assert (NAMES + "ann, tea") in checks(read_file(path, {"user_id": "ann", "item_id": "tea"}))
    assert not [name for name in checks(read_file(put(tmp_path, "k.csv", ROWS))) if name.startswith(NAMES)]


def test_ratings_separated_by_spaces_are_no_items(tmp_path: Path) -> None:
    triples = put(tmp_path, "t.txt", "".join(f"{n} {n * 7 % 311 + 100} {n % 5 + 1}\n" for n in range(1, 60)))
    data = read_file(triples, FIRST_TWO)
    assert plan_file(triples).guess.unsure == ("user_id", "item_id") and data.has == ("rating",) and histories(data)["1"] == ["107"]
    lines = read_file(triples, layout="lines")
    assert histories(lines)["1"] == ["107", "2"]
    timed = read_file(put(tmp_path, "q.txt", "".join(f"{n} {n + 100} {n % 5} {1_600_000_000 + n}\n" for n in range(60))), FIRST_TWO)
    assert timed.has == ("time", "rating")


def test_lines_of_as_many_items_are_asked_about_unless_columns_are_mapped(tmp_path: Path) -> None:
    path = put(tmp_path, "t.txt", "1 17 23\n2 17 11\n3 40 41\n")
    with pytest.raises(QuestionError, match=r"a user followed by items .layout lines. or columns of a table .layout rows.") as caught:
        read_file(path)
    assert caught.value.suggestion == ("--layout", "lines")
    lines, columns = read_file(path, layout="lines"), read_file(path, {"user_id": "1", "item_id": "2"})
    assert histories(lines)["1"] == ["17", "23"] and histories(columns)["1"] == ["17"]
    with pytest.raises(DataError, match="has no column '1' for user_id"):
        read_file(put(tmp_path, "r.txt", "1 2 3\n2 3\n4 5 6 7\n"), {"user_id": "1"})


def test_pipes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for use in (read_file, prepare_dataset, plan_file):
        with pytest.raises(DataError, match="pipe or a device, not a file; save its content to a file first"):
            use(tmp_path / "pipe")
    assert not [each for each in Path(os.environ["RECSYS_HOME"]).rglob("*") if each.is_file()]


def test_gzip_is_told_by_content_and_not_by_name(tmp_path: Path) -> None:
    packed, plain, unnamed = (
        put(tmp_path, name, content)
        for name, content in (("a.csv.gz", gzip.compress(ROWS.encode())), ("b.csv.gz", ROWS), ("c.csv", gzip.compress(ROWS.encode())))
    )
    assert histories(read_file(packed)) == histories(read_file(plain)) == histories(read_file(unnamed))
    assert prepare_dataset(packed).name == "a"
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.write(unnamed, "c.csv")
    assert histories(read_file(tmp_path / "z.zip")) == histories(read_file(plain))
    with pytest.raises(DataError, match=r"half\.gz is a damaged gzip file"):
        read_file(put(tmp_path, "half.gz", gzip.compress(ROWS.encode())[:-20]))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("\ufeff", "is empty"),
        ("User,item,user\na,b,c\n", "columns 'User' and 'user' differ only in capitals"),
        ("user,item\n" + "u" * 3_000_000 + ",i\n", "line 2 is longer than two million characters"),
        (ROWS * 4000 + "u\0,i,1600000000\n", "contains zero bytes"),
    ],
)
def test_what_cannot_be_read_is_one_line(content: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says) as caught:
        prepare_dataset(put(tmp_path, "t.csv", content))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


def test_columns_of_parquet_that_differ_in_capitals(tmp_path: Path) -> None:
    pd.DataFrame({"user": ["a"], "item": ["b"], "USER": ["c"]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="'user' and 'USER' differ only in capitals"):
        read_file(tmp_path / "t.parquet")
    pd.DataFrame({"user": ["a"], "item": [["b", "c"]]}).to_parquet(tmp_path / "l.parquet")
    assert histories(read_file(tmp_path / "l.parquet")) == {"a": ["b", "c"]}


def test_empty_lines_before_the_names(tmp_path: Path) -> None:
    assert histories(read_file(put(tmp_path, "t.csv", "\n \n" + ROWS))) == histories(read_file(put(tmp_path, "k.csv", ROWS)))


def test_thousands_of_columns_are_not_all_searched(tmp_path: Path) -> None:
    wide = put(tmp_path, "t.csv", ",".join(f"c{n}" for n in range(300)) + "\n" + ",".join(["7"] * 200 + ["1600000000"] * 100) + "\n")
    assert plan_file(wide).mapping == {"user_id": "c0", "item_id": "c1"}


@pytest.mark.parametrize(
    ("values", "check", "first"),
    [
        (["45123.5", "45124", "45125.25"], "times: days since 1900, as Excel counts them", "2023-07-16 12:00"),
        (["45123", "45124", "nan"], "times: days since 1900, as Excel counts them", "2023-07-16"),
        (["2019", "2020", "2021"], "times: years, read as their first day", "2019-01-01"),
        (["2019.0", "2020.0", "inf"], "times: years, read as their first day", "2019-01-01"),
    ],
)
def test_days_and_years_are_times_and_the_report_says_so(values: list[str], check: str, first: str, tmp_path: Path) -> None:
    data = read_file(put(tmp_path, "t.csv", "user,item,date\n" + "".join(f"u,i{n},{value}\n" for n, value in enumerate(values))))
    assert check in checks(data) and data.interactions["timestamp"].min() == pd.Timestamp(first, tz="UTC")


@pytest.mark.parametrize("values", [["1", "2", "3"], ["1", "2019", "45123"], ["1999", "2150", "2000"]])
def test_other_small_numbers_are_an_order_and_the_report_says_so(values: list[str], tmp_path: Path) -> None:
    data = read_file(put(tmp_path, "t.csv", "user,item,date\n" + "".join(f"u,i{n},{value}\n" for n, value in enumerate(values))))
    assert data.times is None and "times: read as positions in a sequence" in checks(data)

"""Tables that look plain and are not: lines that are not events, joined files, odd numbers; read right, reported, or asked about."""

import gzip
import lzma
import re
import zipfile
import zlib
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.core import Dataset
from recsys.core.errors import DataError, QuestionError
from recsys.datasets import read_file
from recsys.datasets.importing import archives
from tests.datasets.answers import read_by_suggestions

PAIRS = [(f"u{number * number % 7}", f"p{number % 11}") for number in range(40)]
START = 1_700_000_000


def write(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def table(*names: str, rows: list[tuple[object, ...]] | None = None) -> str:
    lines = [names, *(rows if rows is not None else PAIRS)] if names else (rows or PAIRS)
    return "".join(",".join(map(str, line)) + "\n" for line in lines)


def timed(write_time: object = str) -> str:
    rows = [(user, item, write_time(START + number * 7200)) for number, (user, item) in enumerate(PAIRS)]  # type: ignore[operator]
    return table("user_id", "item_id", "timestamp", rows=rows)


def pairs(data: Dataset) -> Counter[tuple[str, str]]:
    return Counter((user, item) for user in data.user_ids for item in data.history(user).items)


def report(data: Dataset) -> str:
    return "; ".join(f"{check.text}: {check.rows} {check.action}" for check in data.checks if check.rows)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (table("user_id", "item_id", rows=[("(text)", "(text)"), *PAIRS]), "lines of names"),
        (table("user_id", "item_id", rows=[("-------", "-------"), *PAIRS]), "lines of names"),
        (table("user_id", "item_id", rows=PAIRS[:20]) + table("user_id", "item_id", rows=PAIRS[20:]), "lines of names"),
        (table("user_id", "item_id", rows=PAIRS[:20]) + "\ufeff" + table("user_id", "item_id", rows=PAIRS[20:]), "lines of names"),
        (table("user_id", "item_id") + "Total,40\n", "totals below"),
        (table("user_id", "item_id", rows=[*PAIRS, ("u1", "#N/A")]), "missing ids"),
        (table("user_id", "item_id", rows=[(f"  {user}\t", f'"=""{item}"""') for user, item in PAIRS]), ""),
        ("# export of 2024\n# by a, b\n" + table("user_id", "item_id"), ""),
        ("# a, b\n#user_id,item_id\n" + table(rows=PAIRS), ""),
    ],
)
def test_only_events_are_read_and_the_rest_is_reported(text: str, says: str, tmp_path: Path) -> None:
    data = read_file(write(tmp_path, text))
    assert pairs(data) == Counter(PAIRS)
    assert says in report(data)


def test_lines_of_names_and_totals_are_kept_on_demand(tmp_path: Path) -> None:
    path = write(tmp_path, table("user_id", "item_id", rows=[("(text)", "(text)"), *PAIRS, ("Total", "40")]))
    data = read_file(path, rows={"labels": "keep", "totals": "keep"})
    assert pairs(data) == Counter([("(text)", "(text)"), *PAIRS, ("Total", "40")])


def test_first_events_of_few_and_users_called_total_in_the_middle_stay(tmp_path: Path) -> None:
    few = [("ann", "home"), ("u1", "p1"), ("u2", "p2")]
    assert pairs(read_file(write(tmp_path, table("user_id", "item_id", rows=few)))) == Counter(few)
    middle = [*PAIRS[:20], ("total", "p1"), *PAIRS[20:]]
    assert pairs(read_file(write(tmp_path, table("user_id", "item_id", rows=middle)))) == Counter(middle)


@pytest.mark.parametrize(
    "text",
    [
        "Dear all, this is a letter.\nIt has commas, and lines.\nAnd it ends, really.\n",
        "".join(f"{user}: {item}, {item}x, {item}y{', z1' * (number % 4)}\n" for number, (user, item) in enumerate(PAIRS)),
        timed(lambda seconds: f"{seconds:.2E}"),
        timed(lambda seconds: (seconds + 11644473600) * 10**7),
        timed(lambda seconds: (seconds + 62135596800) * 10**7),
        table("user_id", "item_id", "date", rows=[(*pair, f"2024{1 + n % 28:02d}{1 + n % 12:02d}") for n, pair in enumerate(PAIRS)]),
        table("user_id", "item_id", "date", rows=[(*pair, f"{1 + n % 28:02d}{1 + n % 12:02d}24") for n, pair in enumerate(PAIRS)]),
        table("user_id", "item_id", "date", rows=[(*pair, f"1445-{1 + n % 12:02d}-{1 + n % 28:02d}") for n, pair in enumerate(PAIRS)]),
        table("user_id", "item_id", "timestamp", rows=[(*pair, f"{n % 24:02d}:30:00") for n, pair in enumerate(PAIRS)]),
        table("user_id", "item_id", "date", "time", rows=[(*p, f"2024-01-{1 + n % 28:02d}", f"{n % 24:02d}:30") for n, p in enumerate(PAIRS)]),
    ],
    ids=["prose", "lines with punctuation", "shortened", "filetime", "ticks", "YYYYDDMM", "ddmmyy", "hijri", "clocks", "two columns"],
)  # fmt: skip
def test_unclear_tables_are_asked_about(text: str, tmp_path: Path) -> None:
    with pytest.raises(QuestionError) as caught:
        read_file(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_dates_that_most_of_a_column_is_not_are_not_suggested_to_be_dropped(tmp_path: Path) -> None:
    rows = [(*pair, f"2024-{13 + n % 12 if n % 3 else 5}-05") for n, pair in enumerate(PAIRS)]
    with pytest.raises(QuestionError) as caught:
        read_file(write(tmp_path, table("user_id", "item_id", "date", rows=rows)))
    assert not caught.value.suggestion


@pytest.mark.parametrize("written", ["{}/5", "{} stars", "{}.0 out of 5 stars", "★"])
def test_ratings_with_words_and_signs(written: str, tmp_path: Path) -> None:
    given = [1 + number % 5 for number in range(len(PAIRS))]
    texts = ["★" * each + "☆" * (5 - each) if written == "★" else written.format(each) for each in given]
    rows = [(*pair, text) for pair, text in zip(PAIRS, texts, strict=True)]
    data = read_file(write(tmp_path, table("user_id", "item_id", "rating", rows=rows)))
    assert Counter(data.interactions["rating"]) == Counter(map(float, given))


def test_thousands_in_counts_are_not_decimals(tmp_path: Path) -> None:
    rows = [(*pair, f'"1,{100 + number}"' if number % 2 else 5) for number, pair in enumerate(PAIRS)]
    data = read_file(write(tmp_path, table("user_id", "item_id", "play_count", rows=rows)))
    assert Counter(data.interactions["weight"]) == Counter(1100 + n if n % 2 else 5 for n in range(len(PAIRS)))


def test_a_column_of_users_that_is_empty_or_odd_is_not_taken_for_one_user(tmp_path: Path) -> None:
    with pytest.raises(QuestionError) as caught:
        read_file(write(tmp_path, table("user_id", "item_id", rows=[("", item) for _user, item in PAIRS])))
    assert not caught.value.suggestion
    rows = [(f'"1,{100 + number % 7}"', item) for number, (_user, item) in enumerate(PAIRS)]
    data, asked = read_by_suggestions(write(tmp_path, table("user_id", "item_id", rows=rows)))
    assert (len(asked), len(data.user_ids)) == (1, 7)


def test_decimals_of_parquet_and_of_text_are_whole_ids(tmp_path: Path) -> None:
    users = pa.array([str(number % 7) + ".00" for number in range(len(PAIRS))]).cast(pa.decimal128(10, 2))
    pq.write_table(pa.table({"user_id": users, "item_id": [item for _user, item in PAIRS]}), tmp_path / "t.parquet")
    rows = [(f"{number % 7}.00", item) for number, (_user, item) in enumerate(PAIRS)]
    for path in (tmp_path / "t.parquet", write(tmp_path, table("user_id", "item_id", rows=rows))):
        assert list(read_file(path).user_ids) == [str(number) for number in range(7)]


def test_wrapped_values_of_mongodb(tmp_path: Path) -> None:
    lines = (
        f'{{"user": {{"$oid": "{user}"}}, "item": "{item}", "time": {{"$date": {{"$numberLong": "{START * 1000 + number}"}}}}}}\n'
        for number, (user, item) in enumerate(PAIRS)
    )
    data = read_file(write(tmp_path, "".join(lines), "t.jsonl"))
    assert pairs(data) == Counter(PAIRS)
    assert data.interactions["timestamp"].notna().all()


@pytest.mark.parametrize("encoding", ["rot13", "base64", "zip", "utf\x00-8", "\udcff", "undefined"])
def test_codecs_that_are_not_encodings_are_refused(encoding: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not an encoding"):
        read_file(write(tmp_path, table("user_id", "item_id")), encoding=encoding)


def zipped(folder: Path, **members: str) -> Path:
    with zipfile.ZipFile(folder / "t.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(f"{name}/t.csv", text)
    return folder / "t.zip"


METHODS = {"deflate": zipfile.ZIP_DEFLATED, "lzma": zipfile.ZIP_LZMA, "bzip2": zipfile.ZIP_BZIP2}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
@pytest.mark.parametrize("name", ["t.zip", "t.npz", "t.xlsx"])
def test_damaged_stream_in_an_archive(method: int, name: str, tmp_path: Path) -> None:
    member = {"t.zip": "t.csv", "t.npz": "user_id.npy", "t.xlsx": "xl/worksheets/sheet1.xml"}[name]
    with zipfile.ZipFile(tmp_path / name, "w", method) as archive:
        archive.writestr(member, timed())
        if name == "t.xlsx":
            archive.writestr("xl/workbook.xml", "<workbook/>")
    content = bytearray((tmp_path / name).read_bytes())
    content[90:120] = bytes(range(200, 230))
    (tmp_path / name).write_bytes(content)
    with zipfile.ZipFile(tmp_path / name) as archive, pytest.raises((zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError)):
        archive.read(member)
    with pytest.raises(DataError, match=r"not a readable zip|damaged NumPy file|damaged workbook"):
        read_file(tmp_path / name)


LONG = "x" * 140_000  # longer than Python's csv module reads


@pytest.mark.parametrize(
    "text",
    [
        f"user_id,item_id,timestamp,{LONG}\n" + table(rows=[(*pair, START) for pair in PAIRS]),
        f'user_id,item_id,timestamp,"{LONG}"\n' + table(rows=[(*pair, START) for pair in PAIRS]),
        f'u1,"{LONG}"\n' + table(rows=[(*pair, START) for pair in PAIRS]),
        '"' + table("user_id", "item_id"),
        '"' + table("user_id", "item_id", rows=PAIRS * 10_000),
        table("user_id", "item_id") + '"' + table(rows=PAIRS * 10_000),
        table("user_id", "item_id") + 'u1,"i2',
    ],
    ids=["name", "quoted name", "cell", "quote", "quote in 300 KB", "quote below the head", "quote at the end"],
)
def test_cells_beyond_the_limit_of_csv_and_quotes_that_never_close(text: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_file(write(tmp_path, text))
    assert re.search(r"line \d+ (has|contains a quote)|only one column", str(caught.value))


def test_a_long_cell_is_read(tmp_path: Path) -> None:
    rows = [(*pair, START + number, LONG if number == 20 else "a") for number, pair in enumerate(PAIRS)]
    data = read_file(write(tmp_path, table("user_id", "item_id", "timestamp", "text", rows=rows)))
    assert sorted(map(len, data.interactions["text"])) == [1] * 39 + [len(LONG)]


@pytest.mark.parametrize("zero", "٠۰०๐０")
@pytest.mark.parametrize("form", ["2024-01-{:02}", "{:02}/01/2024 10:11", "17000000{:02}", "202401{:02}", "{} Jan 2024"])
def test_dates_in_other_digits_are_asked_about_with_an_example(zero: str, form: str, tmp_path: Path) -> None:
    digits = {ord(str(number)): ord(zero) + number for number in range(10)}
    rows = [(*pair, form.format(1 + number % 28).translate(digits)) for number, pair in enumerate(PAIRS)]
    with pytest.raises(QuestionError, match="cannot be read as times, for example") as caught:
        read_file(write(tmp_path, table("user_id", "item_id", "timestamp", rows=rows)))
    assert rows[0][2] in str(caught.value)


def test_a_copy_in_an_archive_is_read_once(tmp_path: Path) -> None:
    data = read_file(zipped(tmp_path, a=timed(), backup=timed()))
    assert pairs(data) == Counter(PAIRS)
    assert "copies of another" in report(data)


def test_archive_bombs_and_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_LARGE", 1 << 16)
    monkeypatch.setattr(archives, "_MOST_FILES", 3)
    large = "user,item\n" + "a,b\n" * 200_000
    for path in (zipped(tmp_path, a=large), write(tmp_path, gzip.compress(large.encode()), "t.csv.gz")):
        with pytest.raises(DataError, match="200 times its size"):
            read_file(path)
    with pytest.raises(DataError, match="contains 4 files"):
        read_file(zipped(tmp_path, a="a", b="b", c="c", d="d"))


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "a\udcff.csv"
    path.write_text(table("user_id", "item_id"))
    with pytest.raises(DataError, match="is not UTF-8; rename it"):
        read_file(path)


@pytest.mark.parametrize(
    "content", [b"\xff\xd8\xff\xe0" + bytes(range(1, 255)) * 9, b"<?xml version='1.0'?>\n<a b='c'/>\n", b"{\\rtf1 hello, world\nfoo, bar\n"]
)
def test_pictures_and_documents_are_not_tables(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a table"):
        read_file(write(tmp_path, content))

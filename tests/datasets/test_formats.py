"""Files that are not delimited text: read as their writer wrote them, asked about, or refused in one line."""

import json
import math
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from recsys.core.errors import DataError, QuestionError
from recsys.datasets.importing.formats import Converted, convert_special
from recsys.datasets.importing.formats import json_stream as json_stream_module
from recsys.datasets.importing.formats.converted import KEPT_AS_TEXT

EVENTS = [
    {"user": "u1", "item": "007", "stars": 1.0, "skipped": False, "note": None},
    {"user": "u2", "item": 12345678901234567890, "stars": 2.5, "skipped": True, "note": 'Ann\'s "best"\nCafé 🎬'},
]
TEXTS = [
    {"user": "u1", "item": "007", "stars": "1.0", "skipped": "false", "note": None},
    {"user": "u2", "item": "12345678901234567890", "stars": "2.5", "skipped": "true", "note": 'Ann\'s "best"\nCafé 🎬'},
]


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def convert(path: Path, table: str | None = None) -> Converted:
    work = path.parent / "work"
    work.mkdir(exist_ok=True)
    converted = convert_special(path, work, table)
    assert converted is not None, "taken for delimited text"
    return converted


def rows_of(converted: Converted) -> list[dict[str, Any]]:
    table = pq.read_table(converted.path)
    assert tuple(table.column_names) == converted.columns
    assert set(table.schema.types) <= {pa.string()}
    return table.to_pylist()


def read(path: Path, table: str | None = None) -> list[dict[str, Any]]:
    return rows_of(convert(path, table))


def notes(converted: Converted) -> dict[str, int]:
    return {note.check: note.rows for note in converted.notes}


JSON_WRITERS: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "a list": json.dumps,
    "a pretty list": lambda rows: json.dumps(rows, indent=2, ensure_ascii=False),
    "lines": lambda rows: "".join(json.dumps(row) + "\n" for row in rows),
    "lines without an end": lambda rows: "\n".join(map(json.dumps, rows)),
    "lines with blank ones": lambda rows: "\n\n" + "\r\n\r\n".join(map(json.dumps, rows)) + "\r\n",
    "objects over several lines": lambda rows: "\n".join(json.dumps(row, indent=1) for row in rows),
    "concatenated lists": lambda rows: "\n".join(json.dumps([row]) for row in rows),
    "a named list": lambda rows: json.dumps({"version": 2, "tags": ["a", "b"], "reviews": rows}),
    "a list within objects": lambda rows: json.dumps({"data": {"next": None, "reviews": rows}, "ok": True}),
    "a byte order mark": lambda rows: "\ufeff" + json.dumps(rows),
}


@pytest.mark.parametrize("kind", JSON_WRITERS)
@pytest.mark.parametrize("name", ["t.json", "t.txt"])
def test_json_of_every_shape(kind: str, name: str, tmp_path: Path) -> None:
    assert read(put(tmp_path, name, JSON_WRITERS[kind](EVENTS))) == TEXTS


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.dictionaries(st.sampled_from(["a", "b", "é"]), inner, min_size=1, max_size=3)
        | st.lists(st.integers() | st.text(max_size=3), max_size=3)
    ),
    max_leaves=6,
)


def flat(value: Any, name: str = "") -> dict[str, str]:
    """Return the values by path as text, the plain way: over the tree that the json module gives."""
    if isinstance(value, dict):
        return {path: text for key, each in value.items() for path, text in flat(each, f"{name}.{key}" if name else key).items()}
    if isinstance(value, list):
        return {name: json.dumps([each if isinstance(each, str) else str(each) for each in value], ensure_ascii=False)}
    return {} if value is None else {name: value if isinstance(value, str) else json.dumps(value)}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    rows=st.lists(st.dictionaries(st.sampled_from(["x", "y", "z", "long name"]), JSON_VALUES, min_size=1), min_size=2, max_size=5),
    kind=st.sampled_from(sorted(JSON_WRITERS)),
    chunk=st.sampled_from([7, 64, 1 << 22]),
)
def test_values_are_the_text_of_the_file(rows: list[dict[str, Any]], kind: str, chunk: int, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream_module, "_CHUNK", chunk)
        found = read(put(tmp_path, "t.json", JSON_WRITERS[kind](rows)))
    assert [{name: text for name, text in row.items() if text is not None} for row in found] == [flat(row) for row in rows]


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    numbers = ["007", "1.10", "1e5", "-0", "9007199254740993", "0.1000000000000000055", "1" * 5000]
    text = ",".join(f'{{"id": {number}}}' if number != "007" else '{"id": "007"}' for number in numbers)
    assert [row["id"] for row in read(put(tmp_path, "t.json", f"[{text}]"))] == numbers


def test_rows_with_other_names_have_all_columns(tmp_path: Path) -> None:
    path = put(tmp_path, "t.jsonl", '{"a":1}\n' * 25_000 + '{"b":2,"c":{"d":3}}\n{"c":null,"a":4}\n')
    converted = convert(path)
    assert converted.columns == ("a", "b", "c.d")
    expected = pd.DataFrame({"a": ["1"] * 25_000 + [None, "4"], "b": [None] * 25_000 + ["2", None]})
    pd.testing.assert_frame_equal(pd.read_parquet(converted.path)[["a", "b"]], expected, check_dtype=False)
    assert rows_of(converted)[-2:] == [{"a": None, "b": "2", "c.d": "3"}, {"a": "4", "b": None, "c.d": None}]


def test_lists_of_values_are_cells(tmp_path: Path) -> None:
    path = put(
        tmp_path, "t.json", '[{"user":"u","items":[12345678901234567890,"é",null,true]},{"user":"v","items":[]},{"user":"w","items":null}]'
    )
    converted = convert(path)
    assert converted.list_columns == ("items",)
    assert [row["items"] for row in rows_of(converted)] == ['["12345678901234567890", "é", null, "true"]', "[]", None]
    mixed = convert(put(tmp_path, "m.json", '[{"u":1,"i":["a"]},{"u":2,"i":"a"}]'))
    assert mixed.list_columns == ()


def test_events_within_users_are_unfolded(tmp_path: Path) -> None:
    rows = [
        {
            "user": {"id": "u1"},
            "age": 30,
            "plays": [{"item": "a", "at": "2024-01-01"}, {"item": "b", "at": "2024-01-02", "with": {"x": 1}}],
        },
        {"user": {"id": "u2"}, "age": 31, "plays": []},
        {"user": {"id": "u3"}, "age": None, "plays": [{"item": "c", "at": "2024-01-03"}]},
    ]
    expected = [
        {"user.id": "u1", "age": "30", "plays.item": "a", "plays.at": "2024-01-01", "plays.with.x": None},
        {"user.id": "u1", "age": "30", "plays.item": "b", "plays.at": "2024-01-02", "plays.with.x": "1"},
        {"user.id": "u3", "age": None, "plays.item": "c", "plays.at": "2024-01-03", "plays.with.x": None},
    ]
    for text in (json.dumps(rows), json.dumps({"people": rows, "kinds": [1, 2]}), "\n".join(map(json.dumps, rows))):
        converted = convert(put(tmp_path, "t.json", text))
        assert rows_of(converted) == expected
        assert sorted(note.rows for note in converted.notes) == [1, 3]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet") == expected


def test_lists_that_may_be_the_events_are_asked_about(tmp_path: Path) -> None:
    rows = [{"user": "u", "name": "Ann", "games": [{"item": "a", "n": 1}, {"item": "b", "n": 2}]}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    for path in (put(tmp_path, "t.jsonl", json.dumps(rows[0]) + "\n" + json.dumps(rows[0])), tmp_path / "t.parquet"):
        with pytest.raises(QuestionError, match="games with") as error:
            convert(path)
        assert error.value.suggestion == ("--table", "games")
        assert [row["games.item"] for row in read(path, "games")][:2] == ["a", "b"]
        assert json.loads(read(path, "records")[0]["games"])[0]["item"] == "a"
        with pytest.raises(DataError, match=r"no table 'gmes'.*did you mean"):
            convert(path, "gmes")


def test_rare_lists_of_objects_stay_text(tmp_path: Path) -> None:
    rows = [{"user": f"u{n}", "item": "i", "images": [{"url": "x"}] if n == 3 else []} for n in range(9)]
    converted = convert(put(tmp_path, "t.json", json.dumps(rows)))
    assert len(rows_of(converted)) == 9
    assert notes(converted) == {KEPT_AS_TEXT: 1}


def test_several_lists_are_asked_about(tmp_path: Path) -> None:
    path = put(tmp_path, "t.json", json.dumps({"plays": EVENTS, "items": [{"id": 1}] * 3, "more": {"plays": EVENTS[:1]}}))
    with pytest.raises(QuestionError, match=r"plays \(2 rows, columns: 5\); items \(3 rows, columns: 1\); more.plays") as error:
        convert(path)
    assert error.value.suggestion == ("--table", "items")
    assert read(path, "plays") == TEXTS
    assert read(path, "more.plays") == TEXTS[:1]


def test_places_of_location_history_are_degrees(tmp_path: Path) -> None:
    places = [(473859999, -85514285), (-1, 0)]
    path = put(tmp_path, "t.json", json.dumps({"locations": [{"p": {"latitudeE7": a, "longitudeE7": b}} for a, b in places]}))
    converted = convert(path)
    assert converted.columns == ("p.latitude", "p.longitude")
    found = [(float(row["p.latitude"]), float(row["p.longitude"])) for row in rows_of(converted)]
    np.testing.assert_allclose(found, np.array(places) / 1e7, rtol=0, atol=1e-12)
    assert list(notes(converted).values()) == [2]


def test_lines_of_python_dictionaries(tmp_path: Path) -> None:
    rows = [{"user": "u'1", "item": 12345678901234567890, "stars": 5.0, "new": True, "n": None, "helpful": [0, 1]}, {"user": 'a "b"'}]
    converted = convert(put(tmp_path, "t.json", "\n".join(map(repr, rows)).replace("{'user'", "{u'user'")))
    assert converted.list_columns == ("helpful",)
    assert rows_of(converted)[0] == {
        "user": "u'1",
        "item": "12345678901234567890",
        "stars": "5.0",
        "new": "true",
        "n": None,
        "helpful": '["0", "1"]',
    }
    assert rows_of(converted)[1]["user"] == 'a "b"'


def test_half_a_character_is_replaced_and_counted(tmp_path: Path) -> None:
    converted = convert(put(tmp_path, "t.json", '[{"t":"a\\ud83d"},{"t":"\\ud83c\\udfac"}]'))
    assert [row["t"] for row in rows_of(converted)] == ["a\ufffd", "🎬"]
    assert list(notes(converted).values()) == [1]


@pytest.mark.parametrize(
    "text",
    [
        "user,item\nu,i\n",
        "[1, 2],5\n[3, 4],6\n",
        "[a],b\n",
        "{a},b\n",
        '{"a": 1},u1\n{"a": 2},u2\n',
        "[1]\tu1\n[2]\tu2\n",
        "{'a': 1},u1\n",
        "[section]\nkey=value\n",
        '"[1,2]",u\n',
    ],
)
def test_tables_are_not_json(text: str, tmp_path: Path) -> None:
    assert convert_special(put(tmp_path, "t.csv", text), tmp_path) is None


def test_flat_parquet_is_read_as_it_is(tmp_path: Path) -> None:
    pd.DataFrame({"user": ["a"], "item": [1]}).to_parquet(tmp_path / "t.parquet")
    assert convert_special(tmp_path / "t.parquet", tmp_path) is None


def _workbook(folder: Path, sheets: dict[str, list[list[Any]]], name: str = "t.xlsx") -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(folder / name)
    return folder / name


SHEET = [
    ["user", "item", "when", "day", "price", "n", "ok"],
    [17850.0, "007", datetime(2024, 1, 2), date(2024, 1, 2), 2.55, time(10, 2), True],
    [17851, "Ann's", datetime(2024, 1, 2, 10, 2, 3), date(2024, 1, 3), 1e6, timedelta(hours=26), False],
]
SHEET_TEXTS = [
    dict(zip(SHEET[0], ["17850", "007", "2024-01-02 00:00:00", "2024-01-02", "2.55", "10:02:00", "true"])),
    dict(zip(SHEET[0], ["17851", "Ann's", "2024-01-02 10:02:03", "2024-01-03", "1000000", "26:00:00", "false"])),
]


def test_a_workbook(tmp_path: Path) -> None:
    path = _workbook(tmp_path, {"Events": SHEET, "Empty": []})
    assert read(path) == SHEET_TEXTS
    assert read(path.rename(tmp_path / "export.xls")) == SHEET_TEXTS


def test_a_sheet_of_libreoffice(tmp_path: Path) -> None:
    """The empty rows that LibreOffice writes to the end of every sheet cost nothing, and an error is an empty cell."""
    urn = "urn:oasis:names:tc:opendocument:xmlns"
    rows = [
        '<table:table-cell office:value-type="string"><text:p>user</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>when</text:p></table:table-cell>',
        '<table:table-cell office:value-type="float" office:value="17850"/><table:table-cell office:value-type="date" office:date-value="2024-01-02T10:02:03"/>',
        '<table:table-cell office:value-type="string"><text:p>007</text:p></table:table-cell><table:table-cell office:value-type="string" office:string-value=""/>',
    ]
    table = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    table += (
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    content = (
        f'<office:document-content xmlns:office="{urn}:office:1.0" xmlns:table="{urn}:table:1.0" xmlns:text="{urn}:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="Events">{table}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    manifest = (
        f'<m:manifest xmlns:m="{urn}:manifest:1.0"><m:file-entry m:full-path="/" '
        'm:media-type="application/vnd.oasis.opendocument.spreadsheet"/></m:manifest>'
    )
    members = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "META-INF/manifest.xml": manifest, "content.xml": content}
    _zip_of({name: text.encode() for name, text in members.items()})(tmp_path / "t.ods")
    assert read(tmp_path / "t.ods") == [{"user": "17850", "when": "2024-01-02 10:02:03"}, {"user": "007", "when": None}]


def test_titles_and_gaps_around_a_sheet(tmp_path: Path) -> None:
    rows = [["Export of the shop"], [], ["from", "2024"], [None, None, *SHEET[0]], [None, None, *SHEET[1]], [], [None, None, *SHEET[2]]]
    converted = convert(_workbook(tmp_path, {"Events": rows}))
    assert rows_of(converted) == SHEET_TEXTS
    assert [(note.rows, note.action) for note in converted.notes] == [(2, "dropped")]


def test_a_data_frame_with_row_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"user": ["a", "b"], "item": ["x", None], "stars": [4.5, 2.0]})
    frame.to_excel(tmp_path / "t.xlsx")
    found = pd.DataFrame(read(tmp_path / "t.xlsx"))
    assert list(found.columns) == ["column 1", "user", "item", "stars"]
    pd.testing.assert_frame_equal(found[["user", "item"]], frame[["user", "item"]], check_dtype=False)
    assert list(found["stars"]) == ["4.5", "2"]


def test_sheets_are_asked_about(tmp_path: Path) -> None:
    path = _workbook(tmp_path, {"Items": [["id", "title"], [1, "a"]], "Events": SHEET, "About": [["This is a note"]]})
    with pytest.raises(QuestionError, match=r"Items \(2 rows, columns: 2\); Events \(3 rows, columns: 7\); which") as error:
        convert(path)
    assert error.value.suggestion == ("--table", "Events")
    assert read(path, "Events") == SHEET_TEXTS
    assert read(path, "items") == [{"id": "1", "title": "a"}]


def test_a_header_that_is_not_certain_is_asked_about(tmp_path: Path) -> None:
    rows = [["user", "item", "stars"], ["a", "x", 1], ["b", "y", 2, "see above", "!"], ["c", "z", 3]]
    with pytest.raises(QuestionError, match="widest row 'b, y, 2, see above, !'"):
        convert(_workbook(tmp_path, {"Events": rows}))


def test_a_sheet_without_names_says_so(tmp_path: Path) -> None:
    converted = convert(_workbook(tmp_path, {"Events": [["u1", "i1", 5], ["u2", "i2", 4], ["u1", "i2", 3]]}))
    assert len(rows_of(converted)) == 3 and converted.columns == ("column 1", "column 2", "column 3")
    assert len(converted.notes) == 1


def test_nested_parquet(tmp_path: Path) -> None:
    rows = [
        {"user": 17850.0, "place": {"id": "p", "at": {"lat": 1.5}}, "tags": [1.0, 2.5, None], "day": date(2024, 1, 2)},
        {"user": math.nan, "place": None, "tags": None, "day": None},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    converted = convert(tmp_path / "t.parquet")
    assert converted.list_columns == ("tags",)
    assert rows_of(converted) == [
        {"user": "17850", "place.id": "p", "place.at.lat": "1.5", "tags": '["1","2.5",null]', "day": "2024-01-02"},
        dict.fromkeys(("user", "place.id", "place.at.lat", "tags", "day")),
    ]


def test_arrays_by_name(tmp_path: Path) -> None:
    columns = {
        "user": np.array([2**60 + 1, 2]),
        "item": np.array(["a", "007"]),
        "stars": np.array([4.0, np.nan]),
        "when": np.array(["2024-01-01T10:00:00", "NaT"], dtype="datetime64[s]"),
        "code": np.array([b"x", b"y"]),
    }
    np.savez(tmp_path / "t.npz", **columns)
    assert read(tmp_path / "t.npz") == [
        {"user": str(2**60 + 1), "item": "a", "stars": "4", "when": "2024-01-01 10:00:00", "code": "x"},
        {"user": "2", "item": "007", "stars": None, "when": None, "code": "y"},
    ]


@pytest.mark.parametrize("dtype", ["int64", "int32", ">i4", "float64", "float32"])
@pytest.mark.parametrize("width", [2, 3, 4])
def test_an_array_of_ids(dtype: str, width: int, tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 1000, (20, width)).astype(dtype)
    np.save(tmp_path / "t.npy", array)
    assert [list(row.values()) for row in read(tmp_path / "t.npy")] == [[str(int(cell)) for cell in row] for row in array]
    np.savez_compressed(tmp_path / "t.npz", train=array, test=array[:3])
    with pytest.raises(QuestionError, match=r"train .*20 rows.*test") as error:
        convert(tmp_path / "t.npz")
    assert error.value.suggestion == ("--table", "train")
    assert len(read(tmp_path / "t.npz", "test")) == 3


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_a_sparse_matrix(kind: str, tmp_path: Path) -> None:
    dense = np.array([[0, 5, 0], [3, 0, 1], [0, 0, 0]])
    sparse.save_npz(tmp_path / "t.npz", sparse.csr_matrix(dense).asformat(kind))
    expected = [{"user": str(u), "item": str(i), "value": str(dense[u, i])} for u, i in zip(*np.nonzero(dense))]
    assert read(tmp_path / "t.npz") == expected
    sparse.save_npz(tmp_path / "ones.npz", sparse.csr_matrix(dense > 0, dtype="int8").asformat(kind))
    assert read(tmp_path / "ones.npz") == [{"user": row["user"], "item": row["item"]} for row in expected]


def _zip_of(members: dict[str, bytes]) -> Callable[[Path], bytes]:
    def write(path: Path) -> bytes:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path.read_bytes()

    return write


def _saved(save: Callable[[Path], object], cut: int | None = None) -> Callable[[Path], bytes]:
    def write(path: Path) -> bytes:
        save(path)
        return path.read_bytes()[:cut]

    return write


def _stray(path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "user", "stray"
    book.save(path)


_OBJECTS = np.array([{"a": 1}], dtype=object)
_BAD_CSR = dict(data=[1.0], indices=[7], indptr=[0, 1], shape=[1, 3], format=b"csr")

HOSTILE: dict[str, tuple[str, str | bytes | Callable[[Path], bytes], str]] = {
    "cut json": ("t.json", '[{"user":"u","item":"i"},{"user":"u"', "cut off"),
    "cut in a text": ("t.json", '[{"user":"u","item":"i"},{"user":"u', "cut off"),
    "cut named list": ("t.json", '{"plays":[{"user":"u","item":"i"}', "cut off"),
    "damaged line": ("t.jsonl", '{"a":1}\n{"a":2}\n{"a" 3}\n{"a":4}\n', "line 3 is not JSON"),
    "two values": ("t.json", '[{"a":1} {"a":2}]', "']' is missing"),
    "trailing comma": ("t.json", '[{"a":1},]', "not JSON"),
    "empty list": ("t.json", "[]", "has no objects"),
    "empty object": ("t.json", "{}", "one object without a list"),
    "list in an object, empty": ("t.json", '{"plays": []}', "one object without a list"),
    "columns by pandas": ("t.json", pd.DataFrame({"user": ["a"], "item": ["b"]}).to_json(), "orient='records'"),
    "not a number": ("t.json", '[{"user":"u","stars":NaN}]', "NaN is not a value of JSON"),
    "infinity": ("t.json", '[{"user":"u","stars":-Infinity}]', "-Infinity is not a value"),
    "repeated key": ("t.json", '[{"a":1,"b":2,"a":3}]', "two values called 'a'"),
    "repeated list": ("t.json", '{"p":[{"a":1}],"p":[{"a":1}]}', "two values called 'p'"),
    "one path twice": ("t.json", '[{"a.b":1,"a":{"b":2}}]', "two values called 'a.b'"),
    "capitals": ("t.json", '[{"ID":1,"id":2}]', "differ only in capitals"),
    "deep list": ("t.json", "[" * 100_000, "nested too deeply"),
    "deep object": ("t.json", '{"a":' * 100_000, "nested too deeply"),
    "numbers": ("t.json", "[1, 2, 3]", "'1' stands where an object"),
    "lists": ("t.json", '[["u","i"],["u","j"]]', "stands where an object"),
    "ids as names": ("t.json", json.dumps([{f"u{n}": n for n in range(1500)}]), "more than 1,000 columns"),
    "ids as names of lists": ("t.json", json.dumps({f"u{n}": [{"i": 1}] for n in range(1500)}), "more than 1,000 names"),
    "latin-1": ("t.json", '[{"a":"Café"}]'.encode("latin-1"), "is not utf-8"),
    "text in json": ("t.json", "user,item\na,b\n", "named like JSON"),
    "python list": ("t.json", "[{'a': 1}]", "json.dump"),
    "python code": ("t.json", "{'a': 1}\n{'a': __import__('os').getcwd()}\n", "line 2 is not a Python dictionary"),
    "web page": ("t.json", "<!DOCTYPE html><html>404", "web page"),
    "web page as a workbook": ("t.xls", "\n<html><table></table></html>", "web page"),
    "cut workbook": ("t.xlsx", _saved(lambda path: _workbook(path.parent, {"a": SHEET}, path.name), 2000), "not a readable workbook"),
    "password": ("t.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "password"),
    "word document": ("t.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "not a readable workbook"),
    "empty workbook": ("t.xlsx", _saved(lambda path: _workbook(path.parent, {"a": []}, path.name)), "no sheet with a table"),
    "names only": ("t.xlsx", _saved(lambda path: _workbook(path.parent, {"a": SHEET[:1]}, path.name)), "no sheet with a table"),
    "names twice": ("t.xlsx", _saved(lambda path: _workbook(path.parent, {"a": [["a", "a"], [1, 2]]}, path.name)), "occurs twice"),
    "far cell": ("t.xlsx", _saved(_stray), "17,179,869,184 cells"),
    "no workbook": ("t.xlsx", _zip_of({"xl/workbook.xml": b"<x/>"}), "not a readable workbook|no sheet"),
    "cut parquet": ("t.parquet", b"PAR1 and nothing", "damaged Parquet"),
    "capitals in parquet": (
        "t.parquet",
        _saved(lambda path: pq.write_table(pa.table({"a": [{"x": 1, "X": 2}]}), path)),
        "differ only in capitals",
    ),
    "objects": ("t.npy", _saved(lambda path: np.save(path, _OBJECTS)), "Python objects"),
    "objects in an archive": ("t.npz", _saved(lambda path: np.savez(path, a=_OBJECTS)), "Python objects"),
    "vectors": ("t.npy", _saved(lambda path: np.save(path, np.full((9, 32), 0.5, "f4"))), "looks like vectors"),
    "short vectors": ("t.npy", _saved(lambda path: np.save(path, np.full((9, 3), 0.5))), "looks like vectors"),
    "wide numbers": ("t.npy", _saved(lambda path: np.save(path, np.ones((9, 32), int))), "9 rows and 32 columns"),
    "one column": ("t.npy", _saved(lambda path: np.save(path, np.arange(9))), "arrays of the shapes"),
    "complex": ("t.npy", _saved(lambda path: np.save(path, np.ones((2, 2), complex))), "array of complex128"),
    "cut array": ("t.npy", _saved(lambda path: np.save(path, np.ones((9, 3), int)), 200), "damaged NumPy"),
    "array larger than its file": (
        "t.npy",
        _saved(lambda path: np.save(path, np.ones((9, 3), int)), 128),
        "damaged NumPy",
    ),
    "cut archive": ("t.npz", _saved(lambda path: np.savez(path, a=np.ones(99)), 300), "damaged NumPy"),
    "damaged matrix": ("t.npz", _saved(lambda path: np.savez(path, **{k: np.asarray(v) for k, v in _BAD_CSR.items()})), "sparse matrix"),
    "arrays of many lengths": ("t.npz", _saved(lambda path: np.savez(path, a=np.ones(3), b=np.ones(4))), "arrays of the shapes"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_end_in_one_line(kind: str, tmp_path: Path) -> None:
    name, content, message = HOSTILE[kind]
    path = tmp_path / name
    path.write_bytes(content(path) if callable(content) else content.encode() if isinstance(content, str) else content)
    with pytest.raises(DataError, match=message) as error:
        convert(path)
    text = str(error.value)
    assert "\n" not in text and path.name in text and len(text) < 500


def test_bombs_are_refused_before_they_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.datasets.importing.formats.workbook._MOST_BYTES", 1 << 20)
    monkeypatch.setattr("recsys.datasets.importing.formats.numpy_file._MOST_BYTES", 1 << 20)
    _zip_of({"xl/workbook.xml": bytes(1 << 21)})(tmp_path / "t.xlsx")
    np.savez_compressed(tmp_path / "t.npz", a=np.zeros((1 << 17, 2)))
    for name in ("t.xlsx", "t.npz"):
        with pytest.raises(DataError, match="unpacks to"):
            convert(tmp_path / name)


def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.datasets.importing.formats.json_stream._CHUNK", 1 << 14)
    monkeypatch.setattr("recsys.datasets.importing.formats.json_file._BATCH_ROWS", 500)
    path = tmp_path / "t.json"
    peaks = []
    for rows in (1_000, 3_000, 12_000):
        with path.open("w") as file:
            file.write('{"locations":[')
            file.writelines(f'{{"user":"u{n}","item":"{"x" * 200}"}},' for n in range(rows))
            file.write('{"user":"u","item":"i"}]}')
        tracemalloc.start()
        convert(path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < peaks[1] * 1.5  # the first run imports

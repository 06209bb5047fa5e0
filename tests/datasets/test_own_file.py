"""Files of one's own: recognised, guessed, corrected, and refused in one line that says what is wrong."""

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recsys.core import Dataset
from recsys.core.errors import DataError, RecsysError
from recsys.datasets import list_datasets, open_dataset, prepare_dataset, read_file
from recsys.datasets.importing.import_plan import plan_file

TABLE = pd.DataFrame(
    {
        "user": ["b", "a", "a", "b", "a"],
        "movie": ["007", "x,1", "<b>x</b>", "🎬", "007"],
        "when": [1_600_000_000, 1_600_000_300, 1_600_000_100, 1_600_000_000, 1_600_000_300],
        "stars": [1.0, 2.5, 3.0, 4.0, 5.0],
    }
)
ITEMS = {"a": ["<b>x</b>", "x,1", "007"], "b": ["007", "🎬"]}


def histories(data: Dataset) -> dict[str, list[str]]:
    return {user: list(data.history(user).items) for user in data.user_ids}


def put(folder: Path, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def checks(data: Dataset) -> dict[str, tuple[int, str]]:
    return {check.text: (check.rows, check.action) for check in data.checks}


def _csv(folder: Path, separator: str = ",", name: str = "t.csv", **options: object) -> Path:
    return put(folder, name, TABLE.to_csv(index=False, sep=separator, **options))


def _inter(folder: Path) -> Path:
    typed = TABLE.set_axis(["user_id:token", "item_id:token", "timestamp:float", "rating:float"], axis=1)
    return put(folder, "t.inter", typed.to_csv(index=False, sep="\t"))


def _parquet(folder: Path) -> Path:
    TABLE.to_parquet(folder / "t.parquet")
    return folder / "t.parquet"


def _zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "t.zip", "w") as archive:
        archive.writestr("inside/t.csv", TABLE.to_csv(index=False))
        archive.writestr("__MACOSX/._t.csv", "clutter")
        archive.writestr("README.txt", "about")
    return folder / "t.zip"


WRITERS: dict[str, Callable[[Path], Path]] = {
    "csv": _csv,
    "tsv": lambda folder: _csv(folder, "\t", "t.tsv"),
    "semicolons": lambda folder: _csv(folder, ";"),
    "decimal commas": lambda folder: _csv(folder, ";", decimal=","),
    "bars": lambda folder: _csv(folder, "|", "t.txt"),
    "bom": lambda folder: put(folder, "t.csv", TABLE.to_csv(index=False), "utf-8-sig"),
    "utf-16": lambda folder: put(folder, "t.csv", TABLE.to_csv(index=False), "utf-16"),
    "windows lines": lambda folder: _csv(folder, lineterminator="\r\n"),
    "inter": _inter,
    "parquet": _parquet,
    "zip": _zip,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_of_file_opens_the_same(kind: str, tmp_path: Path) -> None:
    path = WRITERS[kind](tmp_path)
    data = read_file(path)
    assert histories(data) == ITEMS
    assert data.has == ("time", "rating")
    np.testing.assert_array_equal(data.ratings, [3.0, 2.5, 5.0, 1.0, 4.0])
    assert checks(data)["order"] == (1, "reordered")
    assert checks(data).get("decimal commas, read as points") == ((5, "kept") if kind == "decimal commas" else None)
    assert plan_file(path).mapping.keys() == {"user_id", "item_id", "timestamp", "rating"}
    assert set(plan_file(path).guess.reasons) == set(plan_file(path).mapping)


def test_latin_1_and_number_like_ids(tmp_path: Path) -> None:
    data = read_file(put(tmp_path, "t.csv", "user,item\n007,Café\n7,Café\n10,007\n9,7\n", "latin-1"))
    assert list(data.user_ids) == ["007", "7", "9", "10"]
    assert set(data.item_ids) == {"Café", "007", "7"}


def test_no_header(tmp_path: Path) -> None:
    data = read_file(
        put(tmp_path, "u.data", "196\t242\t3\t881250949\n186\t302\t3\t891717742\n22\t377\t1\t878887116\n196\t302\t5\t881250950\n")
    )
    assert histories(data) == {"22": ["377"], "186": ["302"], "196": ["242", "302"]}
    assert data.has == ("time", "rating")


def test_a_person_a_line(tmp_path: Path) -> None:
    path = put(tmp_path, "seq.txt", "1 5 6 5\n2 7\n10 6 7 8 9\n1 9\n")
    data = read_file(path)
    assert histories(data) == {"1": ["5", "6", "5", "9"], "2": ["7"], "10": ["6", "7", "8", "9"]}
    assert data.times is None and data.repeats and plan_file(path).file_format.kind == "lines"


def test_quotes_line_breaks_and_a_column_of_row_numbers(tmp_path: Path) -> None:
    data = read_file(put(tmp_path, "t.csv", ',user,item,title\n0,u,i,"two\nlines, <b>"\n1,v,j,"say ""hi"""\n'))
    assert list(data.items["title"]) == ["two\nlines, <b>", 'say "hi"'] and data.has == ("title",)
    inches = read_file(put(tmp_path, "t.tsv", 'user\titem\ttitle\nu\ti\t"Foo bar\nv\tj\t5" disc\n'))
    assert list(inches.items["title"]) == ['"Foo bar', '5" disc']
    late = read_file(put(tmp_path, "late.csv", "user,item,title\n" + "u,i,plain\n" * 30_000 + 'v,j,"a, b"\n'))
    assert late.title_of("j") == "a, b"


def test_places_in_an_order_are_no_times(tmp_path: Path) -> None:
    data = read_file(put(tmp_path, "t.csv", "user,item,timestamp\nu,i,2\nu,j,1\nv,i,1\n"))
    assert histories(data) == {"u": ["j", "i"], "v": ["i"]} and data.times is None


def test_places_and_texts_of_items_belong_to_the_items(tmp_path: Path) -> None:
    rows = "user,venue,lat,lon,name,kind,description,t\n" + "".join(
        f"u{n % 3},v{n % 4},{40.7123 + n % 4 / 100},-74.0123,Name {n % 4},Bar,About {n % 4},{1_600_000_000 + n}\n" for n in range(12)
    )
    data = read_file(put(tmp_path, "t.csv", rows))
    assert {"latitude", "longitude", "title", "category", "text"} <= set(data.items.columns)
    assert "latitude" not in data.interactions and data.places is not None
    assert data.places[0].tolist() == [40.7123, -74.0123]


def test_places_and_texts_of_events_belong_to_the_events(tmp_path: Path) -> None:
    rows = "user,item,lat,lon,query,t\n" + "".join(
        f"u{n % 3},v{n % 2},{n}.1234,{-n}.1234,search {n},{1_600_000_000 + n}\n" for n in range(12)
    )
    data = read_file(put(tmp_path, "t.csv", rows))
    assert {"latitude", "longitude", "text"} <= set(data.interactions.columns)
    assert "latitude" not in data.items and "text" not in data.items


def test_a_mapping_corrects_the_guess(tmp_path: Path) -> None:
    path = _csv(tmp_path)
    data = read_file(path, {"user_id": "movie", "item_id": "user", "rating": ""})
    assert list(data.item_ids) == ["a", "b"] and data.has == ("time",)
    inter = read_file(_inter(tmp_path), {"user_id": "user_id:token", "item_id": "item_id"})
    assert histories(inter) == ITEMS


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({"user_id": "nobody"}, "t.csv has no column 'nobody' for user_id; its columns are user, movie, when, stars"),
        ({"user_id": "user", "item_id": "user"}, "column 'user' is mapped twice"),
        ({"who": "user"}, "'who' is not a key of a mapping"),
        ({"user_id": ""}, "no column for user_id"),
        ({"latitude": "stars"}, "latitude is mapped and longitude is not"),
        ({"timestamp": "movie", "item_id": "stars"}, "column 'movie': 5 of 5 values cannot be read as times"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(mapping: dict[str, str], says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says):
        read_file(_csv(tmp_path), mapping)


def _zip_of(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), TABLE.to_csv(index=False))
    return buffer.getvalue()


def _half_parquet() -> bytes:
    buffer = io.BytesIO()
    TABLE.to_parquet(buffer)
    return buffer.getvalue()[:-100]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "empty.csv is empty"),
        ("blank.csv", b" \n\n", "blank.csv is empty"),
        ("header.csv", b"user,item,time\n", "header.csv has no rows"),
        ("header.inter", b"user_id:token\titem_id:token\n", "header.inter has no rows"),
        ("one.csv", b"user-item-time\na-b-1\nc-d-2\n", "one.csv: only one column was found"),
        ("twice.csv", b"user,item,item\na,b,c\n", "twice.csv: column 'item' occurs twice"),
        ("long.csv", b"user,item\na,b\nc,d\ne,f,g\n", "long.csv.*line 4"),
        ("short.csv", b"user,item,time\n" + b"a,b,1600000000\n" * 5 + b"c,d\n", "short.csv.*line 7"),
        ("half.parquet", _half_parquet(), "half.parquet is a truncated or damaged Parquet file"),
        ("no.zip", b"not a zip at all", "no.zip is not a readable zip"),
        ("half.zip", _zip_of("t.csv")[:80], "half.zip is not a readable zip"),
        ("none.zip", _zip_of(), "none.zip contains no data files"),
        ("excel.csv", _zip_of("x"), "excel.csv is a zip or an Excel file"),
        ("noise.csv", bytes(range(256)) * 20, "noise.csv is not text"),
        ("ids.csv", b"user,item\n,a\nb,\n", "none of its 2 rows is left after cleaning .2 dropped for missing ids."),
        ("future.csv", b"user,item,time\na,b,9999999999\n", "dropped for future times.*column 'time', for example '9999999999'"),
    ],
)
def test_bad_files_are_refused_in_one_line_and_nothing_is_prepared(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    path = put(tmp_path, name, content)
    for use in (read_file, prepare_dataset):
        with pytest.raises(DataError, match=says) as caught:
            use(path)
        assert "\n" not in str(caught.value)
    home = Path(os.environ["RECSYS_HOME"])
    assert not [each for each in home.rglob("*") if each.is_file()]


def test_a_missing_file_and_a_folder_are_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        prepare_dataset(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="is a folder"):
        prepare_dataset(tmp_path)
    for use in (read_file, plan_file):
        with pytest.raises(RecsysError):
            use(tmp_path / "nothing.csv")


def test_small_and_long_histories(tmp_path: Path) -> None:
    one = read_file(put(tmp_path, "one.csv", "user,item\nu,i\n"))
    assert histories(one) == {"u": ["i"]} and one.repeats is False
    long = read_file(put(tmp_path, "long.csv", "user,item,time\n" + "".join(f"u,i{n % 50},{1_600_000_000 + n}\n" for n in range(10_000))))
    assert len(long.history("u")) == 10_000 and long.repeats is True
    line = read_file(put(tmp_path, "line.txt", "u " + " ".join(f"i{n}" for n in range(10_000)) + "\nv i1 i2\n"))
    assert len(line.history("u")) == 10_000


def test_prepare_keeps_what_read_file_shows(tmp_path: Path) -> None:
    path = _csv(tmp_path, name="My shop (1).csv")
    seen = read_file(path)
    assert not any(card.prepared for card in list_datasets() if card.name not in ("demo-city",))
    card = prepare_dataset(path)
    kept = open_dataset("My-shop-1")
    assert card.name == "My-shop-1" and kept.fingerprint == seen.fingerprint and kept.checks == seen.checks
    pd.testing.assert_frame_equal(kept.interactions, seen.interactions)
    with pytest.raises(DataError, match="name of a known dataset"):
        prepare_dataset(path, name="ml-1m")
    with pytest.raises(DataError, match="cannot be used"):
        prepare_dataset(path, name="../evil")


def test_a_prepared_folder_can_be_prepared_under_a_name(tmp_path: Path) -> None:
    prepare_dataset(_csv(tmp_path), name="first")
    folder = Path(os.environ["RECSYS_HOME"]) / "datasets" / "first"
    prepare_dataset(folder, name="second")
    pd.testing.assert_frame_equal(open_dataset("second").interactions, open_dataset("first").interactions)


def test_a_failed_prepare_leaves_what_was_there(tmp_path: Path) -> None:
    prepare_dataset(_csv(tmp_path), name="shop")
    before = open_dataset("shop").fingerprint
    with pytest.raises(DataError):
        prepare_dataset(put(tmp_path, "bad.csv", "user,item\n,\n"), name="shop")
    assert open_dataset("shop").fingerprint == before
    assert [each.name for each in (Path(os.environ["RECSYS_HOME"]) / "datasets").iterdir()] == ["shop"]


@pytest.mark.parametrize("moment", ["_create_events", "write_items", "read_prepared"])
def test_a_kill_in_the_middle_leaves_what_was_there(moment: str, tmp_path: Path) -> None:
    path = _csv(tmp_path)
    prepare_dataset(path, name="shop")
    before = open_dataset("shop").fingerprint
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom recsys import datasets\nfrom recsys.datasets.importing import ingest\n"
        f"ingest.{moment} = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"datasets.prepare_dataset({str(path)!r}, name='shop', duplicates='drop')\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], env=os.environ, cwd=Path(__file__).parents[2], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert open_dataset("shop").fingerprint == before
    assert [card.name for card in list_datasets() if card.name.startswith((".", "shop"))] == ["shop"]
    prepare_dataset(path, name="shop")


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("recsys.datasets.importing.ingest.write_items", full)
    with pytest.raises(DataError, match="No space left on device; nothing was changed"):
        prepare_dataset(_csv(tmp_path), name="shop")
    assert not (Path(os.environ["RECSYS_HOME"]) / "datasets" / "shop").exists()


def test_card_is_plain_json(tmp_path: Path) -> None:
    prepare_dataset(_csv(tmp_path), name="shop")
    card = json.loads((Path(os.environ["RECSYS_HOME"]) / "datasets" / "shop" / "card.json").read_text())
    assert card["interactions"] == 5 and card["first"] == "2020-09-13T12:26:40+00:00"
    assert {"check": "duplicates", "rows": 0, "action": "kept"} in card["checks"]


def test_a_card_of_an_older_version_opens(tmp_path: Path) -> None:
    before = prepare_dataset(_csv(tmp_path), name="shop")
    path = Path(os.environ["RECSYS_HOME"]) / "datasets" / "shop" / "card.json"
    card = json.loads(path.read_text())
    assert (card.pop("ties"), card.pop("tied_events")) == ("file", 4)
    path.write_text(json.dumps(card))
    assert next(each for each in list_datasets() if each.name == "shop").tied_events is None
    dataset = open_dataset("shop")
    assert (dataset.ties, dataset.tied_events, dataset.fingerprint) == ("file", 4, before.fingerprint)


def test_ties_are_part_of_the_dataset(tmp_path: Path) -> None:
    path = _csv(tmp_path)
    cards = {ties: prepare_dataset(path, name=ties, ties=ties) for ties in ("file", "shuffle", "together")}
    assert len({card.fingerprint for card in cards.values()}) == 3
    assert all((card.ties, open_dataset(ties).ties, card.tied_events) == (ties, ties, 4) for ties, card in cards.items())
    with pytest.raises(DataError, match="choose one of file, shuffle, together"):
        read_file(path, ties="random")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="has no times"):
        read_file(path, mapping={"timestamp": ""}, ties="together")


def test_orders_with_numbers_are_moments(tmp_path: Path) -> None:
    lines = ["ann,tea,1", "ann,pie,1", "ann,jam,2", "ann,tea,2", "bob,tea,1", "bob,tea,1"]
    data = read_file(put(tmp_path, "orders.csv", "\n".join(["user_id,item_id,timestamp", *lines]) + "\n"), ties="together")
    assert data.times is None and data.tied_events == 6
    assert data.repeats, "ann takes tea in two orders; twice in one order would not be a return"
    assert data.history_ends.tolist() == [0, 0, 2, 2, 4, 4]
    distinct = read_file(put(tmp_path, "steps.csv", "user_id,item_id,timestamp\nann,tea,1\nann,pie,2\nbob,tea,1\n"))
    assert distinct.tied_events is None and "position" not in distinct.interactions


def test_a_repetition_at_one_moment_is_no_return(tmp_path: Path) -> None:
    text = "user_id,item_id,timestamp,behaviour\nann,tea,{},look\nann,tea,{},buy\nann,pie,1700000200,look\n"
    assert not read_file(put(tmp_path, "once.csv", text.format(1_700_000_000, 1_700_000_000))).repeats
    assert read_file(put(tmp_path, "twice.csv", text.format(1_700_000_000, 1_700_000_100))).repeats


def test_a_name_with_wildcards_is_read_by_the_letter(tmp_path: Path) -> None:
    put(tmp_path, "data1.csv", "user_id,item_id\nWRONG,x\n")
    named = put(tmp_path, "data[1].csv", "user_id,item_id\nann,tea\nbob,pie\n")
    starred = put(tmp_path, "data*.csv", "user_id,item_id\ncat,tea\n")
    assert read_file(named).user_ids.tolist() == ["ann", "bob"]
    assert read_file(starred).user_ids.tolist() == ["cat"]


def test_a_folder_called_key_is_value_is_no_column(tmp_path: Path) -> None:
    folder = tmp_path / "user_id=HIVE"
    folder.mkdir()
    assert read_file(put(folder, "p.csv", "user_id,item_id\nann,tea\n")).user_ids.tolist() == ["ann"]
    pd.DataFrame({"user_id": ["bob"], "item_id": ["tea"]}).to_parquet(folder / "p.parquet")
    assert read_file(folder / "p.parquet").user_ids.tolist() == ["bob"]


@pytest.mark.parametrize("stray", ["1600000000", "1600000000000"])
def test_two_units_of_time_in_one_column_are_refused(tmp_path: Path, stray: str) -> None:
    usual = "1600000000000" if len(stray) == 10 else "1600000000"
    rows = "user_id,item_id,timestamp\n" + "".join(f"u{n},i{n % 2},{usual}\n" for n in range(6)) + f"u1,i0,{stray}\n"
    with pytest.raises(DataError, match="one unit"):
        read_file(put(tmp_path, "t.csv", rows))


def test_a_damaged_prepared_folder_hides_no_other() -> None:
    broken = Path(os.environ["RECSYS_HOME"]) / "datasets" / "broken"
    broken.mkdir(parents=True)
    (broken / "card.json").write_text("{}")
    assert "demo-city" in [card.name for card in list_datasets()]

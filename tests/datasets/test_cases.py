"""Exports and public data sets that people bring give the right figures, or a question whose suggestion gives them.

The files themselves are in a folder beside the project, or in RECSYS_CASES; tables of the same structure are made here for a clone without it.
"""

import gzip
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recsys.core import Dataset
from recsys.core.errors import QuestionError
from recsys.datasets import read_file
from tests.datasets.answers import read_by_suggestions

FOLDER = Path(os.environ.get("RECSYS_CASES") or Path(__file__).parents[3] / "shared" / "cases")

needs_folder = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"{FOLDER} does not exist; set RECSYS_CASES to the folder of cases to test the files in it"
)


@dataclass(frozen=True)
class Case:
    """The figures of a file; None where they are not known.

    `asked` are the suggestions of the questions, in their order. `checks` maps the beginning of a report line to its rows.
    """

    file: str
    events: int
    users: int
    items: int | None = None
    first: str | None = None
    asked: tuple[str, ...] = ()
    checks: dict[str, int] = field(default_factory=dict)
    choices: dict[str, Any] = field(default_factory=dict)


ME = "--map user_id==me"
SHORT_YEARS = (
    *("ampm", "ampm2", "comma", "comma_us", "dash", "dmy", "dmy_hm", "dot_y", "lastfm", "long", "mdY_hm", "mdy", "mdy_hm", "mon_dash"),
    *("ymd_slash", "ymd_slash_hm"),
)
RETAIL = "retail-real/online-retail.csv.gz"
CASES = (
    Case(
        RETAIL, 48_762, 1_369, 2_647, "2010-12-01", checks={"missing ids": 28_866, "users written as fractions": 48_762, "cancelled": 1_370}
    ),
    Case(RETAIL, 47_392, 1_302, 2_628, choices={"rows": {"cancelled": "drop"}}, checks={"cancelled": 1_370}),
    *(Case(f"short-years/{name}.csv", 200, 5, 7, "2024-01-01") for name in SHORT_YEARS),
    Case("netflix-short/with-who.csv", 150, 1, 20, "2024-01-05", checks={"times: dates read month-first": 150}),
    Case("netflix-short/NetflixViewingHistory.csv", 150, 1, 20, "2024-01-05", (ME,)),
    Case("netflix-short/mixed-line-ends.csv", 150, 1, 20, "2024-01-05", (ME,)),
    Case("netflix-activity/ViewingActivity.csv", 360, 3, 20, checks={"trailers": 36, "plays under": 91}),
    Case("netflix-activity/ViewingActivity.csv", 324, 3, 20, checks={"trailers": 36}, choices={"rows": {"trailers": "drop"}}),
    Case("spotify-basic/StreamingHistory_music_0.json", 400, 1, 40, asked=(ME,), checks={"plays under": 200}),
    Case("spotify-basic/streaming.csv", 400, 1, 40, asked=(ME,), checks={"plays under": 200}),
    Case("spotify-basic/one-person.csv", 400, 1, 40, checks={"plays under": 200}),
    Case("spotify-basic/one-person.csv", 400, 1, 31, choices={"mapping": {"item_id": "trackName"}}),
    Case("spotify-extended/Streaming_History_Audio_2024_0.json", 397, 1, 40, checks={"missing ids": 3}),
    Case("spotify-extended/my_spotify_data.zip", 397, 1, 40, checks={"missing ids": 3}),
    Case("lastfm/ghan.csv", 400, 1, 40, asked=(ME,), checks={"times of 1970-01-01": 1}),
    Case("lastfm/no-header.csv", 400, 1, 40, "2024-01-03", ("--map user_id==me,item_id=column 1+column 3",)),
    Case("takeout-location/2024_JANUARY.json", 200, 1, 15, "2024-01-03", (ME,)),
    Case("amazon-jsonl/reviews_Things_5.json", 562, 60, 40),
    Case("amazon-jsonl/reviews_Things_5.json.gz", 562, 60, 40),
    Case(
        "goodreads/goodreads_library_export.csv",
        34,
        1,
        34,
        asked=("--map user_id==me,timestamp=Date Read",),
        checks={"items planned": 31, "missing times": 15},
    ),
    Case("goodreads/goodreads_library_export.csv", 49, 1, 49, choices={"mapping": {"timestamp": "", "user_id": "=me"}}),
    Case(
        "mind/behaviors.tsv",
        433,
        60,
        asked=("--map user_id=column 2", "--dates month-first"),
        checks={"impressions: behaviour is impression": 1_367},
    ),
    Case("jester-wide/matrix.csv", 864, 60, 30),
    Case("jester-wide/jester-data-1.csv", 1_022, 60, 30, asked=("--layout matrix",)),
    Case("steam/steam-200k.csv", 650, 90, 12, asked=("--map user_id=column 1,item_id=column 2",), checks={"behaviours: purchase 384": 650}),
    Case(
        "lastfm-1k/userid-timestamp-artid-artname-traid-traname.tsv",
        *(1_800, 12, 40),
        asked=("--map user_id=column 1,item_id=column 4+column 6",),
    ),
    Case("lastfm-360k/usersha1-artmbid-artname-plays.tsv", 547, 100, 10, asked=("--map user_id=column 1,item_id=column 3",)),
    Case("float-ids/merged.csv", 400, 40, 30, checks={"users written as fractions": 400, "missing ids": 2}),
    Case("anime/rating.csv", 933, 79, 60, checks={"unrated: rating is -1": 266}),
    Case("book-crossing/BX-Book-Ratings.csv", 530, 80, 60, checks={"unrated: Book-Rating is 0": 238}),
    Case("recbole-sep/one-space.inter", 240, 30, 30),
    Case("recbole-sep/three-spaces.inter", 240, 30, 30),
)


def check_case(path: Path, case: Case) -> Dataset:
    data, questions = read_by_suggestions(path, **case.choices)
    assert [" ".join(question.suggestion) for question in questions] == list(case.asked)
    assert (len(data.interactions), len(data.user_ids)) == (case.events, case.users)
    assert case.items in (None, len(data.item_ids))
    if case.first:
        assert data.interactions["timestamp"].min().date() == date.fromisoformat(case.first)
    found = {check.text: check.rows for check in data.checks}
    for start, rows in case.checks.items():
        assert [count for text, count in found.items() if text.startswith(start)] == [rows], (start, found)
    return data


def name_of(case: Case) -> str:
    return " ".join([case.file, *(f"{key}={value}" for key, value in case.choices.items())])


@needs_folder
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_file_gives_its_figures_or_a_question_that_leads_to_them(case: Case) -> None:
    check_case(FOLDER / case.file, case)


@needs_folder
@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("ml25m/movies.csv", "--items"),
        ("recbole-inter/shop.item", "--items"),
        ("book-crossing/BX-Books.csv", "--items"),
        ("instacart/orders.csv", "item_id from which column"),
    ],
)
def test_file_without_events_is_asked_about(file: str, text: str) -> None:
    with pytest.raises(QuestionError, match=text):
        read_file(FOLDER / file)


@needs_folder
def test_retail_reads_ids_as_whole_numbers() -> None:
    data = read_file(FOLDER / RETAIL)
    assert "17850" in data.user_ids
    assert not any("." in user for user in data.user_ids)


@needs_folder
def test_purchase_and_play_at_one_moment_are_no_return() -> None:
    data, _questions = read_by_suggestions(FOLDER / "steam/steam-200k.csv")
    assert len(data.interactions[["user_id", "item_id"]].drop_duplicates()) == 384
    assert not data.repeats


# Tables of the same structure, made here: each has `ROWS` rows of three users and seven items unless its function says otherwise.
ROWS = 60
START = datetime(2024, 1, 1, 9, 30)
MOMENTS = [START + timedelta(days=number, minutes=7 * number) for number in range(ROWS)]
USERS = [("Ann", "Ben", "Cleo")[number * number % 3 if number % 5 else 2] for number in range(ROWS)]
ITEMS = [number * 5 % 7 for number in range(ROWS)]
TRACKS = [(f"Band {item % 3}", ("Intro", f"Song {item}")[item > 1]) for item in ITEMS]  # two bands have an Intro


def write_csv(folder: Path, name: str, columns: dict[str, Sequence[object]], header: bool = True, separator: str = ",") -> Path:
    path = folder / name
    pd.DataFrame(columns).to_csv(path, index=False, header=header, sep=separator)
    return path


def write_json(folder: Path, name: str, records: list[dict[str, object]], lines: bool = False) -> Path:
    path = folder / name
    text = "\n".join(map(json.dumps, records)) if lines else json.dumps(records)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def make_retail(folder: Path) -> Path:
    return write_csv(
        folder,
        "shop.csv",
        {
            "InvoiceNo": [f"C{536000 + number}" if number % 10 == 9 else str(536000 + number // 2) for number in range(ROWS)],
            "StockCode": [f"85{item}23A" for item in ITEMS],
            "Description": [f"LAMP {item}" for item in ITEMS],
            "Quantity": [-1 if number % 10 == 9 else number % 6 + 1 for number in range(ROWS)],
            "InvoiceDate": [f"{moment:%Y-%m-%d %H:%M:%S}" for moment in MOMENTS],
            "UnitPrice": [2.55 + item for item in ITEMS],
            "CustomerID": ["" if number % 6 == 5 else f"{17850 + len(user)}.0" for number, user in enumerate(USERS)],
            "Country": ["United Kingdom"] * ROWS,
        },
    )


def make_netflix(folder: Path) -> Path:
    dates = [f"{moment.month}/{moment.day}/{moment:%y}" for moment in reversed(MOMENTS)]
    return write_csv(folder, "NetflixViewingHistory.csv", {"Title": [f"Show {item}: Part, 1" for item in ITEMS], "Date": dates})


def make_viewing(folder: Path) -> Path:
    return write_csv(
        folder,
        "ViewingActivity.csv",
        {
            "Profile Name": USERS,
            "Start Time": [f"{moment:%Y-%m-%d %H:%M:%S}" for moment in MOMENTS],
            "Duration": ["00:00:04" if number % 4 == 0 else "01:31:02" for number in range(ROWS)],
            "Title": [f"Show {item}" for item in ITEMS],
            "Supplemental Video Type": ["HOOK" if number % 10 == 1 else "" for number in range(ROWS)],
            "Device Type": ["Windows App"] * ROWS,
            "Country": ["DE (Germany)"] * ROWS,
        },
    )


def make_streaming(folder: Path) -> Path:
    records: list[dict[str, object]] = [
        {"endTime": f"{moment:%Y-%m-%d %H:%M}", "artistName": artist, "trackName": track, "msPlayed": 9000 if number % 2 else 180_000}
        for number, (moment, (artist, track)) in enumerate(zip(MOMENTS, TRACKS))
    ]
    return write_json(folder, "StreamingHistory_music_0.json", records)


def make_reviews(folder: Path) -> Path:
    records: list[dict[str, object]] = [
        {
            "reviewerID": f"A{user}",
            "asin": f"B00{item}",
            "helpful": [0, 1],
            "reviewText": "Does what it should, and looks good on a table too.",
            "overall": float(item % 5 + 1),
            "unixReviewTime": int(moment.timestamp()),
            "reviewTime": f"{moment:%m %d, %Y}",
        }
        for user, item, moment in zip(USERS, ITEMS, MOMENTS)
    ]
    return write_json(folder, "reviews.json.gz", records, lines=True)


def make_library(folder: Path) -> Path:
    read = [number % 3 != 2 for number in range(ROWS)]
    return write_csv(
        folder,
        "goodreads_library_export.csv",
        {
            "Book Id": [220_880_000 + number for number in range(ROWS)],
            "Title": [f"Book {number}, The End" for number in range(ROWS)],
            "Author": [f"Author {item}" for item in ITEMS],
            "My Rating": [item % 5 + 1 if is_read else 0 for item, is_read in zip(ITEMS, read)],
            "Average Rating": [4.29] * ROWS,
            "Number of Pages": [300 + item for item in ITEMS],
            "Date Read": [
                f"{moment:%Y/%m/%d}" if is_read and number % 4 else "" for number, moment, is_read in zip(range(ROWS), MOMENTS, read)
            ],
            "Date Added": [f"{moment:%Y/%m/%d}" for moment in MOMENTS],
            "Exclusive Shelf": ["read" if is_read else "to-read" for is_read in read],
        },
    )


def make_impressions(folder: Path) -> Path:
    return write_csv(
        folder,
        "behaviors.tsv",
        {
            "number": range(1, ROWS + 1),
            "user": [f"U{1000 + number % 9}" for number in range(ROWS)],
            "time": [f"{moment.month}/{moment.day}/{moment:%Y %I:%M:%S %p}" for moment in MOMENTS],
            "history": ["" if number % 4 == 0 else f"N{item} N{item + 1}" for number, item in enumerate(ITEMS)],
            "impressions": [f"N{item}-0 N{item + 3}-1 N{item + 5}-0" for item in ITEMS],
        },
        header=False,
        separator="\t",
    )


def make_jokes(folder: Path) -> Path:
    rated = [[number * (joke + 3) % 19 - 9 + 0.25 if (number + joke) % 3 else 99 for joke in range(12)] for number in range(ROWS)]
    columns = {f"c{joke}": [row[joke] for row in rated] for joke in range(12)}
    return write_csv(folder, "jester.csv", {"count": [sum(cell != 99 for cell in row) for row in rated], **columns}, header=False)


def make_games(folder: Path) -> Path:
    pairs = [(user, item) for user in range(9) for item in range(6) if (user + item) % 4]
    rows = [row for user, item in pairs for row in ((user, item, "purchase", 1.0, 0), (user, item, "play", 2.5 * item + 0.5, 0))]
    return write_csv(
        folder,
        "steam.csv",
        {
            "user": [151_603_700 + row[0] for row in rows],
            "game": [f"Game {'abcdef'[row[1]]}" for row in rows],
            "behaviour": [row[2] for row in rows],
            "hours": [row[3] for row in rows],
            "zero": [row[4] for row in rows],
        },
        header=False,
    )


def make_ratings(folder: Path) -> Path:
    ratings = [-1 if number % 4 == 0 else item + 3 for number, item in enumerate(ITEMS)]
    return write_csv(folder, "rating.csv", {"user_id": range(ROWS), "anime_id": ITEMS, "rating": ratings})


def make_floats(folder: Path) -> Path:
    frame = {"userId": [f"{len(user)}.0" for user in USERS], "movieId": [f"{item}.0" for item in ITEMS]}
    return write_csv(folder, "merged.csv", {**frame, "timestamp": [int(moment.timestamp()) for moment in MOMENTS]})


FIRST = "2024-01-01"
MADE: tuple[tuple[Callable[[Path], Path], Case], ...] = (
    (make_retail, Case("retail", 50, 2, 7, FIRST, checks={"missing ids": 10, "cancelled": 4, "users written as fractions": 50})),
    (make_retail, Case("retail", 46, 2, 7, choices={"rows": {"cancelled": "drop"}}, checks={"cancelled": 4})),
    (make_netflix, Case("netflix", 60, 1, 7, FIRST, (ME,), {"times: dates read month-first": 60})),
    (make_viewing, Case("viewing", 60, 3, 7, FIRST, checks={"trailers": 6, "plays under": 15})),
    (make_streaming, Case("streaming", 60, 1, 7, FIRST, (ME,), {"plays under": 30})),
    (make_reviews, Case("reviews", 60, 3, 7, FIRST)),
    (
        make_library,
        Case("library", 30, 1, 30, asked=("--map user_id==me,timestamp=Date Read",), checks={"items planned": 20, "missing times": 10}),
    ),
    (make_impressions, Case("impressions", 60, 9, 7, asked=("--map user_id=column 2",), checks={"clicks read from impressions": 60})),
    (make_jokes, Case("jokes", 480, 60, 12, asked=("--layout matrix",), checks={"matrix cells of 99": 240})),
    (make_games, Case("games", 80, 9, 6, asked=("--map user_id=column 1,item_id=column 2",), checks={"behaviours: ": 80})),
    (make_ratings, Case("ratings", 60, 60, 7, checks={"unrated: rating is -1": 15})),
    (make_floats, Case("floats", 60, 2, 7, FIRST, checks={"users written as fractions": 60, "items written as fractions": 60})),
)


@pytest.mark.parametrize(("make", "case"), MADE, ids=[name_of(case) for _make, case in MADE])
def test_made_table_of_the_same_structure(make: Callable[[Path], Path], case: Case, tmp_path: Path) -> None:
    check_case(make(tmp_path), case)


@pytest.mark.parametrize(
    "written",
    [
        "%m/%d/%y",
        "%d.%m.%y",
        "%d/%m/%y %H:%M",
        "%m/%d/%Y %H:%M",
        "%d-%b-%y",
        "%d %b %Y, %H:%M",
        "%m/%d/%y %I:%M %p",
        "%Y/%m/%d",
        "%B %d, %Y",
    ],
)
def test_dates_of_every_form_are_kept(written: str, tmp_path: Path) -> None:
    path = write_csv(tmp_path, "log.csv", {"user": USERS, "item": ITEMS, "date": [moment.strftime(written) for moment in MOMENTS]})
    data = read_file(path)
    assert len(data.interactions) == ROWS
    assert sorted(moment.date() for moment in data.interactions["timestamp"]) == [moment.date() for moment in MOMENTS]

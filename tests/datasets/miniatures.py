"""A few people and items of every entry of DATASETS, generated in its raw format. Nothing here is real data.

`write(name, folder)` fills a folder and says what `prepare` must find in it, counted while writing.
"""

import json
import random
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

Event = tuple[str, str, int]  # user, item, seconds since 1970


@dataclass(frozen=True)
class Expected:
    """Counts, and every person's items in order (ties in the order of the file)."""

    interactions: int
    users: int
    items: int
    histories: dict[str, list[str]]
    has: frozenset[str]


def expected(events: list[Event], has: str) -> Expected:
    """Counted by plain Python, so that it is independent of what is tested."""
    histories: dict[str, list[str]] = {}
    for user, item, _ in sorted(events, key=lambda event: event[2]):
        histories.setdefault(user, []).append(item)
    return Expected(len(events), len(histories), len({item for _, item, _ in events}), histories, frozenset(has.split()))


def events_of(seed: int, users: list[str], items: list[str], start: int, repeats: bool) -> list[Event]:
    """Events in no order, with ties in time."""
    dice = random.Random(seed)
    found = []
    for user in users:
        length = dice.randint(3, 12)
        taken = dice.choices(items, k=length) if repeats else dice.sample(items, k=min(length, len(items)))
        found += [(user, item, start + 60 * dice.randint(0, 200) // 2 * 2) for item in taken]
    dice.shuffle(found)
    return list(dict.fromkeys(found))


PEOPLE = [str(number) for number in range(1, 13)]
FILMS = [str(number) for number in range(1, 16)]


def ml_100k(folder: Path) -> Expected:
    events = events_of(1, PEOPLE, FILMS, 881_250_949, repeats=False)
    _write(folder / "u.data", [f"{user}\t{item}\t{1 + index % 5}\t{at}" for index, (user, item, at) in enumerate(events)])
    films = [
        f"{item}|Café {item} (1995)|01-Jan-1995||http://example.org/?a|" + "|".join("1" if place in (1, 5) else "0" for place in range(19))
        for item in FILMS
    ]
    _write(folder / "u.item", films, "latin-1")
    _write(folder / "u.user", [f"{user}|24|M|technician|85711" for user in PEOPLE])
    return expected(events, "time rating title category text")


def ml_latest_small(folder: Path) -> Expected:
    events = events_of(2, PEOPLE, FILMS, 964_982_703, repeats=False)
    _write(folder / "ratings.csv", ["userId,movieId,rating,timestamp", *(f"{user},{item},4.5,{at}" for user, item, at in events)])
    films = [f'{item},"Film, The {item} (2001)",{"Comedy|Drama" if int(item) % 2 else "(no genres listed)"}' for item in FILMS]
    _write(folder / "movies.csv", ["movieId,title,genres", *films])
    _write(folder / "tags.csv", ["userId,movieId,tag,timestamp", '1,1,"funny, really",1445714994', "2,1,Funny,1445714994"])
    return expected(events, "time rating title category text")


def ml_1m(folder: Path) -> Expected:
    events = events_of(3, PEOPLE, FILMS, 978_300_760, repeats=False)
    _write(folder / "ratings.dat", [f"{user}::{item}::5::{at}" for user, item, at in events])
    _films_1m(folder)
    return expected(events, "time rating title category text")


def ml_1m_order_only(folder: Path) -> Expected:
    """The files that exist when the ratings file is not available."""
    events = [(user, item, place) for place, (user, item, _) in enumerate(events_of(4, PEOPLE, FILMS, 0, repeats=False))]
    table = {
        "user_id": [int(user) for user, _, _ in events],
        "movie_id": [int(item) for _, item, _ in events],
        "chron_pos": [place for *_, place in events],
    }
    pq.write_table(pa.table({name: pa.array(values, pa.int16()) for name, values in table.items()}), folder / "sequences.parquet")
    _films_1m(folder)
    return expected(events, "title category text")


def _films_1m(folder: Path) -> None:
    _write(folder / "movies.dat", [f"{item}::Amélie {item} (2001)::Comedy|Romance" for item in FILMS], "latin-1")
    _write(folder / "users.dat", [f"{user}::F::25::7::48067" for user in PEOPLE])
    plots = [
        f'{item},Amélie,Amélie,{2001 if item != "2" else 1960},Comedy,Jane Doe,"A, B","A plot, told {item}.",French,France'
        for item in FILMS[:10]
    ]
    _write(
        folder / "omdb.csv",
        ["movie_id,ml_title,omdb_title,omdb_year,omdb_genre,omdb_director,omdb_actors,omdb_plot,omdb_language,omdb_country", *plots],
    )


def foursquare(folder: Path) -> Expected:
    places = [f"4b{number:022x}" for number in range(15)]
    events = [(user, item, at // 60 * 60) for user, item, at in events_of(5, PEOPLE, places, 1_333_476_000, repeats=True)]
    events.append(events[0])
    rows = []
    for user, item, at in events:
        number = places.index(item)
        moment = time.strftime("%a %b %d %H:%M:%S +0000 %Y", time.gmtime(at))
        rows.append(
            f"{user}\t{item}\tcategory{number % 3}\tCafé {number % 3}\t{40.7 + number / 1000}\t{-74.0 + number / 1000}\t-240\t{moment}"
        )
    _write(folder / "dataset_TSMC2014_NYC.txt", rows, "latin-1")
    _write(
        folder / "venues.csv",
        ["venue_id,name,fsq_os_category,locality,region", f'{places[0]},"Café, Bar & <b>Grill</b>",Dining > Café,New York,NY'],
    )
    return expected(events, "time utc_offset place title category text")


def amazon_beauty(folder: Path) -> Expected:
    histories = {}
    for user, item, _ in events_of(6, PEOPLE, FILMS, 0, repeats=False):
        histories.setdefault(user, []).append(item)
    events = [(user, item, place) for user, items in histories.items() for place, item in enumerate(items)]
    _write(folder / "Beauty.txt", [" ".join([user, *items]) for user, items in histories.items()])
    (folder / "Beauty_item2attributes.json").write_text(json.dumps({item: [1, 2] for item in FILMS}))
    return expected(events, "")


def deskdrop(folder: Path) -> Expected:
    people, articles = (
        [str(-8845298781299428018 + number) for number in range(8)],
        [str(3499919498720038879 + number) for number in range(9)],
    )
    events = events_of(7, people, articles, 1_465_413_032, repeats=True)
    rows = [
        f'{at},{("VIEW", "LIKE", "COMMENT CREATED")[index % 3]},{item},{user},77,"Mozilla/5.0 (X, Y)",{"SP,BR" if index % 2 else ","}'
        for index, (user, item, at) in enumerate(events)
    ]
    text = "\n".join(["timestamp,eventType,contentId,personId,sessionId,userAgent,userRegion,userCountry", *rows]) + "\n"
    with zipfile.ZipFile(folder / "users_interactions.csv.zip", "w") as archive:
        archive.writestr("users_interactions.csv", text)
    return expected(events, "time behaviour")


def demo_city(folder: Path) -> Expected:
    """Its raw format is the prepared folder itself."""
    from recsys.datasets.prepared import read_prepared
    from recsys.simulation import simulate_city

    simulate_city(seed=3, people=20, places=60, days=60, name="demo-city").write(folder / "demo-city")
    data = read_prepared(folder / "demo-city")
    rows = zip(data.interactions["user_id"], data.interactions["item_id"], data.times, strict=True)
    return expected([(str(user), str(item), int(at)) for user, item, at in rows], " ".join(data.has))


WRITERS: dict[str, Callable[[Path], Expected]] = {
    "demo-city": demo_city,
    "ml-100k": ml_100k,
    "ml-latest-small": ml_latest_small,
    "ml-1m": ml_1m,
    "foursquare": foursquare,
    "amazon-beauty": amazon_beauty,
    "deskdrop": deskdrop,
}


def write(name: str, folder: Path) -> Expected:
    """Fill `folder` with a miniature of one of DATASETS."""
    folder.mkdir(parents=True, exist_ok=True)
    return WRITERS[name](folder)


def _write(path: Path, lines: list[str], encoding: str = "utf-8") -> None:
    path.write_text("\n".join(lines) + "\n", encoding=encoding)

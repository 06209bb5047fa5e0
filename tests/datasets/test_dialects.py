"""Tables in thousands of dialects are read back as they were written, or a question is asked; the truth is what the tests write.

A dialect is a delimiter, decimal mark, quoting, encoding, kind of line end, date format, and the language of the header.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from random import Random
from types import SimpleNamespace

import duckdb
import pandas as pd
import pytest
from babel.dates import format_datetime
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from recsys.core import Dataset
from recsys.core.errors import DataError, QuestionError
from recsys.datasets import read_file
from recsys.datasets.importing import delimited, ingest
from recsys.datasets.importing.import_plan import plan_file
from tests.datasets.answers import read_by_suggestions

DELIMITERS = (",", ";", "\t", "|", "::", "^", "~")
QUOTING = ("minimal", "all", "text")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1", "cp1251", "gbk", "shift_jis")
LINE_ENDS = ("\n", "\r\n", "\r", "mixed")
# The names of columns in each language; files without a header have the columns in the same order.
KINDS = ("user", "item", "time", "rating", "price", "quantity", "invoice", "title")
HEADERS: dict[str, tuple[str, ...]] = {
    "en": (
        "user_id|userId|Customer No|User",
        "item_id|StockCode|product|movieId",
        "timestamp|date|Order Date|time",
        "rating|stars",
        "price|UnitPrice",
        "quantity|qty",
        "InvoiceNo|order_id",
        "title|Product Name",
    ),
    "de": (
        "Kundennummer|Kunde|Benutzer",
        "Artikelnummer|Artikel|Produkt",
        "Datum|Zeitpunkt|Bestelldatum",
        "Bewertung|Sterne",
        "Preis|Betrag",
        "Menge|Anzahl",
        "Rechnung|Bestellnummer",
        "Titel|Bezeichnung",
    ),
    "fr": (
        "Client|Utilisateur",
        "Produit|Article|Livre",
        "Date|Horodatage",
        "Évaluation|Note",
        "Prix|Montant",
        "Quantité",
        "Facture",
        "Titre",
    ),
    "es": (
        "Cliente|Usuario",
        "Artículo|Producto|Libro",
        "Fecha",
        "Calificación|Valoración|Puntuación",
        "Precio|Importe",
        "Cantidad",
        "Factura|Pedido",
        "Título",
    ),
    "zh": ("用户|用户ID|会员编号", "商品|商品编号|电影", "时间|日期|购买时间", "评分", "价格|金额", "数量", "订单|订单号", "标题|名称"),
    "none": ("", "", "", "", "", "", "", ""),
}
WORDS = {
    "ascii": (
        "tea",
        "apple pie",
        "green tea",
        "sugar",
        "5 lamps",
        "Jam, red",
        "salt; fine",
        'disc 5"',
        '"Best" tea',
        "A|B",
        "cup ~ big",
        "-",
    ),
    "western": ("Café", "Münze", "Crème brûlée", "naïve art", "Señor", "Œuvre", "l’eau", "Öl, kalt"),
    "cp1251": ("чай", "пирог", "сахар", "чай; зелёный", "книга", "Война и мир"),
    "chinese": ("茶", "蛋糕", "绿茶", "红茶，热", "书", "苹果"),
    "japanese": ("お茶", "ケーキ", "緑茶", "本", "りんご", "砂糖"),
}
OF_ENCODING = {"cp1252": "western", "latin-1": "western", "cp1251": "cp1251", "gbk": "chinese", "shift_jis": "japanese"}
DATES: dict[str, str] = {
    "iso": "%Y-%m-%d %H:%M:%S",
    "iso day": "%Y-%m-%d",
    "iso zone": "%Y-%m-%dT%H:%M:%S%z",
    "d/m/y": "%d/%m/%Y",
    "d/m/y clock": "%d/%m/%Y %H:%M",
    "d/m/y short": "%d/%m/%y",
    "m/d/y": "%m/%d/%Y",
    "m/d/y clock": "%m/%d/%Y %H:%M",
    "m/d/y short": "%m/%d/%y",
    "d.m.Y": "%d.%m.%Y",
    "d.m.Y clock": "%d.%m.%Y %H:%M",
    "d.m.y": "%d.%m.%y",
    "01-Jan-24": "%d-%b-%y",
    "AM/PM": "%m/%d/%Y %I:%M %p",
    "AM/PM short": "%m/%d/%y %I:%M:%S %p",
    "AM/PM iso": "%Y-%m-%d %I:%M:%S %p",
}
MONTHS = {"en": "MMMM d, y", "de": "d. MMMM y", "fr": "d MMMM y", "es": "d 'de' MMMM 'de' y", "zh": "y年M月d日"}
NUMBERS = {"epoch s": 1, "epoch ms": 1_000, "epoch µs": 1_000_000}
DATE_FORMATS = (*DATES, "month names", *NUMBERS, "excel serial", "excel day")
ROWS = (5, 8, 12, 20, 40, 60)
EXAMPLES = 2_100  # a few more than the 2,000 different dialects that must be read
_ANSWERED = 10  # every tenth question is answered


@dataclass(frozen=True)
class Dialect:
    """The dialect of a file that a test writes."""

    delimiter: str
    decimal: str
    quoting: str
    encoding: str
    line_end: str
    date_format: str
    language: str


DIALECTS = st.builds(
    Dialect,
    *map(st.sampled_from, (DELIMITERS, ".,", QUOTING, ENCODINGS, LINE_ENDS, DATE_FORMATS, tuple(HEADERS))),
)

Event = tuple[str, str, datetime, float | None]


def can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def write_time(moment: datetime, dialect: Dialect, zone: timezone) -> tuple[str, datetime]:
    """Return a time as text, and the moment in UTC that it states."""
    name, day = dialect.date_format, moment.replace(hour=0, minute=0, second=0)
    if name in NUMBERS:
        return str(int(moment.timestamp()) * NUMBERS[name]), moment
    if name == "excel day":
        return str((day - datetime(1899, 12, 30, tzinfo=UTC)).days), day
    if name == "excel serial":
        days = (moment - datetime(1899, 12, 30, tzinfo=UTC)) / timedelta(days=1)
        return f"{days:.6f}".replace(".", dialect.decimal), moment
    if name == "month names":
        language = dialect.language if dialect.language in MONTHS else "en"
        text = format_datetime(moment, MONTHS[language], locale=language)
        if not can_encode(text, dialect.encoding):
            text = format_datetime(moment, MONTHS["en"], locale="en")
        return text, day
    if "%z" in DATES[name]:
        return moment.astimezone(zone).isoformat(), moment
    text = moment.strftime(DATES[name])
    clocked = moment if "%S" in DATES[name] else moment.replace(second=0)
    return text, clocked if "%M" in DATES[name] else day


def write_number(value: float, dialect: Dialect, places: int) -> str:
    return f"{value:.{places}f}".replace(".", dialect.decimal)


def make_table(dialect: Dialect, random: Random) -> tuple[list[list[str]], list[Event], dict[str, str]]:
    """Return the rows as text without the header, the events in them, and the title of each item."""
    own = WORDS[OF_ENCODING.get(dialect.encoding, random.choice(tuple(WORDS)))]
    words = [word for word in (*own, *random.sample(WORDS["ascii"], 5)) if can_encode(word, dialect.encoding)]
    # A delimiter of two characters cannot be quoted, and its files have no quotes.
    words = [word for word in words if len(dialect.delimiter) == 1 or dialect.delimiter not in word]
    size = random.choice(ROWS)
    style = random.choice(("padded", "code", "word", "number"))
    users = {
        "padded": [f"{number:04}" for number in random.sample(range(1, 3000), 8)],
        "code": [f"u{number}" for number in random.sample(range(1, 300), 8)],
        "word": [*words[:4], "Ann", "Bob"] if random.random() < 0.5 else ["Ann", "Bob", "Eve", "Kim Lee"],
        "number": [str(number) for number in random.sample(range(10_000, 99_999), 8)],
    }[style][: random.randint(2, 6)]
    codes = random.choice(("%06d", "B%05d", "85%03dA"))
    titles = {codes % number: random.choice(words) for number in random.sample(range(1, 999), random.randint(3, 15))}
    zone = timezone(timedelta(hours=random.choice((-5, 0, 1, 2, 8)), minutes=random.choice((0, 0, 30))))
    moment = datetime(2014, 1, 1, tzinfo=UTC) + timedelta(days=int(random.random() * 2500), minutes=random.randrange(1440))
    steps = random.choice((0.05, 1.5, 9.0))  # days between two events
    half = random.random() < 0.7
    rows, events = [], []
    for _row in range(size):
        moment = (moment + timedelta(days=steps * random.random() * 2)).replace(microsecond=0)
        text, written = write_time(moment, dialect, zone)
        user, item = random.choice(users), random.choice(list(titles))
        rating = random.choice((1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5)) if half else random.randint(1, 5)
        numbers = (write_number(rating, dialect, 1 if half else 0), write_number(random.randrange(100, 9999) / 100, dialect, 2))
        rows.append([user, item, text, *numbers, str(random.randint(1, 12)), str(536_365 + len(rows) // 3), titles[item]])
        events.append((user, item, written, float(rating)))
    return rows, events, titles


def write_file(path: Path, dialect: Dialect, random: Random) -> tuple[list[Event], dict[str, str]]:
    """Write a table of events, with columns in random order where a header names them."""
    rows, events, titles = make_table(dialect, random)
    names = [random.choice(words.split("|")) for words in HEADERS[dialect.language]]
    if not all(can_encode(name, dialect.encoding) for name in names):
        names = [random.choice(words.split("|")) for words in HEADERS["en"]]
    kept = [place for place, kind in enumerate(KINDS) if kind in ("user", "item", "time", "rating") or random.random() < 0.6]
    if names[0]:
        random.shuffle(kept)
    table = [[row[place] for place in kept] for row in rows]
    if names[0]:
        table.insert(0, [names[place] for place in kept])
    is_text = [KINDS[place] in ("user", "item", "title", "time") for place in kept]
    lines = [write_line(row, dialect, is_text if number or not names[0] else [True] * len(row)) for number, row in enumerate(table)]
    ends = [random.choice(("\n", "\r\n")) if dialect.line_end == "mixed" else dialect.line_end for _line in lines]
    if random.random() < 0.3:
        ends[-1] = ""
    path.write_bytes("".join(map("".join, zip(lines, ends))).encode(dialect.encoding))
    return events, {item: titles[item] for _user, item, _moment, _rating in events} if 7 in kept and names[0] else {}


def write_line(row: list[str], dialect: Dialect, is_text: list[bool]) -> str:
    if len(dialect.delimiter) > 1:
        return dialect.delimiter.join(row)
    if dialect.quoting == "text":
        quoted = ['"' + cell.replace('"', '""') + '"' if text or dialect.delimiter in cell else cell for cell, text in zip(row, is_text)]
        return dialect.delimiter.join(quoted)
    line = io.StringIO()
    quoting = csv.QUOTE_ALL if dialect.quoting == "all" else csv.QUOTE_MINIMAL
    csv.writer(line, delimiter=dialect.delimiter, quoting=quoting, lineterminator="").writerow(row)
    return line.getvalue()


def events_of(data: Dataset) -> list[Event]:
    """Return users, items, times to the second, and ratings."""
    table = data.interactions
    moments = table["timestamp"].dt.round("s").dt.to_pydatetime() if "timestamp" in table else [None] * len(table)
    ratings = table["rating"] if "rating" in table else [float("nan")] * len(table)
    rows = zip(table["user_id"], table["item_id"], moments, ratings)
    return [(str(user), str(item), moment, None if pd.isna(rating) else float(rating)) for user, item, moment, rating in rows]


def compare(data: Dataset, events: list[Event], titles: dict[str, str]) -> str:
    """Return what differs from what was written; empty where nothing does."""
    read, written = (sorted(each, key=str) for each in (events_of(data), events))
    parts = [
        name
        for place, name in enumerate(("users", "items", "times", "ratings"))
        if Counter(row[place] for row in read) != Counter(row[place] for row in written)
    ]
    if parts or read != written:
        return ", ".join(parts) or "rows"
    if titles and "title" in data.items and dict(data.items["title"].dropna()) != titles:
        return "titles"
    return ""


def read_answering(path: Path, question: QuestionError, events: list[Event]) -> str:
    """Return what differs after the suggestions of all questions are followed; "right" if nothing does."""
    try:
        return compare(read_by_suggestions(path, question)[0], events, {}) or "right"
    except DataError:
        return "not read"


@pytest.fixture
def one_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sniff and import in parts of one database: opening new ones takes longer than reading a small file."""
    numbers = count()
    with duckdb.connect(config={"threads": 1}) as con:

        @contextmanager
        def open_part(_folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
            name = f"part{next(numbers)}"
            with con.cursor() as part:
                part.execute(f"ATTACH ':memory:' AS {name}; USE {name}; SET TimeZone = 'UTC'")
                try:
                    yield part
                finally:
                    part.execute(f"USE memory; DETACH {name}")

        monkeypatch.setattr(delimited, "duckdb", SimpleNamespace(connect=con.cursor, Error=duckdb.Error))
        monkeypatch.setattr(ingest, "open_duckdb", open_part)
        yield


def run(folder: Path, examples: int, report: Callable[[str, Dialect, int, str], None]) -> None:
    """Write and read files of many dialects, and report the outcome of each."""
    path = folder / "events.csv"
    questions = count()

    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=[*HealthCheck]
    )
    @given(DIALECTS, st.integers(0, 2**32))
    def check(dialect: Dialect, seed: int) -> None:
        events, titles = write_file(path, dialect, Random(seed))
        try:
            difference = compare(read_file(path), events, titles)
        except QuestionError as question:
            report("asked", dialect, seed, str(question))
            if next(questions) % _ANSWERED == 0:
                report("answered", dialect, seed, read_answering(path, question, events))
        except DataError as error:
            report("refused", dialect, seed, str(error))
        else:
            report("misread" if difference else "right", dialect, seed, difference)

    check()


@pytest.mark.timeout(900)
def test_dialects_are_read_back_or_asked_about(tmp_path: Path, one_database: None) -> None:
    outcomes: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    dialects: set[Dialect] = set()
    wrong: list[str] = []

    def report(outcome: str, dialect: Dialect, seed: int, text: str) -> None:
        dialects.add(dialect)
        if outcome == "answered":
            answers["right" if text == "right" else "another"] += 1
            return
        outcomes[outcome] += 1
        if outcome in ("misread", "refused"):
            wrong.append(f"{outcome}: {dialect}, seed {seed}: {text}")

    run(tmp_path, EXAMPLES, report)
    print()
    print(*wrong, sep="\n")
    total = outcomes.total()
    print(
        f"{total:,} files in {len(dialects):,} dialects: {outcomes['right']:,} right, {outcomes['asked']:,} asked, "
        f"{outcomes['refused']:,} refused, {outcomes['misread']:,} silent misreads; of {answers.total():,} questions answered by their "
        f"suggestions, {answers['right']:,} led to what was written"
    )
    assert len(dialects) >= 2000
    assert outcomes["misread"] == 0
    assert outcomes["refused"] <= 0.01 * total
    assert outcomes["asked"] <= 0.5 * total
    # A file without a header, or with another encoding than UTF-8 that is not Western, is always asked about.
    assert answers["right"] >= 0.6 * answers.total()


def test_serial_number_with_decimal_comma_is_a_time(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("Kunde;Artikel;Datum\n" + "".join(f"k{row % 3};a{row % 4};{45_292 + row},75\n" for row in range(12)))
    moments = read_file(path).interactions["timestamp"]
    assert moments.min() == pd.Timestamp("2024-01-01 18:00", tz="UTC")
    assert len(moments) == 12


def test_first_row_with_a_decimal_comma_is_not_a_header(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("Ann;tea;4,5\nBen;tea;3,0\nAnn;jam;2,5\nBen;jam;5,0\n")
    plan = plan_file(path)
    assert not plan.file_format.has_header
    assert len(plan.sample) == 4


def test_decimal_commas_below_the_header_are_not_delimiters(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    rows = "".join(f'"u{row % 3}"~"i~{row % 4}"~"2024-01-0{row + 1}"~"{row % 4 + 1},5"~"{row},25"\n' for row in range(9))
    path.write_text('"user"~"item"~"date"~"rating"~"price"\n' + rows)
    data = read_file(path)
    assert (len(data.interactions), len(data.item_ids)) == (9, 4)
    assert sorted(data.interactions["rating"].unique()) == [1.5, 2.5, 3.5, 4.5]


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("shift_jis", ("お茶", "ケーキ", "本")),
        ("gbk", ("茶", "蛋糕", "绿茶，热")),
        ("big5", ("電影", "書籍", "綠茶")),
        ("euc_kr", ("안녕하세요", "영화 노래 동영상", "사용자 상품 시간 기사")),
        ("cp1251", ("чай", "пирог", "книга")),
    ],
)
def test_question_about_the_encoding_suggests_the_one_with_common_letters(encoding: str, words: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    lines = [f"u{row % 2},{word},2024-01-0{row + 1}" for row, word in enumerate(words * 2)]
    path.write_bytes("\n".join(["user,item,date", *lines]).encode(encoding))
    with pytest.raises(QuestionError) as asked:
        read_file(path)
    assert asked.value.suggestion == ("--encoding", encoding)
    assert set(read_file(path, encoding=encoding).item_ids) == set(words)

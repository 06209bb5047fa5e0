"""Times of many kinds are read back as they were written, or a question is asked; the truth is the datetimes that the tests write."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from babel.dates import format_datetime
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from recsys.core import Check, Dataset
from recsys.core.errors import DataError, QuestionError
from recsys.datasets import read_file
from recsys.datasets.importing.cleaning import Rules, treat_odd_times
from recsys.datasets.importing.times import TimeReading, detect_times

DATES = (
    *("%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%Y", "%m-%d-%Y", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d", "%y/%m/%d"),
    *("%d.%m.%Y", "%d.%m.%y", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%m %d, %Y"),
    *("%d-%b-%y", "%d %b %Y", "%d %B %Y", "%A, %d %B %Y", "%a, %d %b %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%Y %b %d"),
)
CLOCKS = (
    " %H:%M",
    " %H:%M:%S",
    ", %H:%M",
    " %H:%M:%S.%f",
    " %I:%M:%S %p",
    ", %I:%M %p",
    " %I:%M%p",
    "T%H:%M:%S",
    " %H:%M:%S%z",
    " %H:%M %z",
)
WHOLE = (
    "%a %b %d %H:%M:%S %z %Y",
    "%d/%b/%Y:%H:%M:%S %z",
    "%Y%m%dT%H%M%SZ",
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M",
    "%H:%M %d/%m/%Y",
    "%a, %d %b %Y %H:%M:%S GMT",
)
FORMATS = (*DATES, *(date + clock for date in DATES for clock in CLOCKS), *WHOLE)
UNITS = {"seconds": 1e6, "milliseconds": 1e3, "microseconds": 1, "nanoseconds": 1e-3}
MOMENTS = st.datetimes(datetime(1974, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))


def read(texts: Sequence[str | None], **options: object) -> tuple[list[datetime | None], TimeReading]:
    """Return the times that are read from a column of texts."""
    with duckdb.connect() as con:
        con.execute("SET threads = 1; SET TimeZone = 'UTC'; CREATE TABLE raw (\"timestamp\" VARCHAR)")
        con.execute("INSERT INTO raw SELECT unnest(?::VARCHAR[])", [list(texts)])
        reading = detect_times(con, "t.csv", "when", **options)  # type: ignore[arg-type]
        return [moment for (moment,) in con.execute(f"SELECT {reading.sql} FROM raw").fetchall()], reading


def plain(text: str) -> datetime:
    return datetime.fromisoformat(text)


@settings(max_examples=400, deadline=None)
@given(
    written=st.sampled_from(FORMATS), moments=st.lists(MOMENTS, min_size=1, max_size=11), hours=st.integers(-11, 13), lower=st.booleans()
)
@example("%d-%m-%y", [datetime(2024, 1, 1 + day, tzinfo=UTC) for day in range(11)], 0, False)
def test_what_was_written_is_read_back_or_asked(written: str, moments: list[datetime], hours: int, lower: bool) -> None:
    there = [moment + timedelta(hours=hours) if "%z" in written else moment for moment in moments]
    texts = [
        moment.strftime(written.replace("%z", f"{hours:+03d}:00" if "%z" in written and hours % 2 else f"{hours:+03d}00"))
        for moment in there
    ]
    texts = [text.lower() if lower else text for text in texts]
    # The truth is what the text holds: Python parses with the format that the texts were written with.
    truth = [datetime.strptime(moment.strftime(_without_zone(written)), _without_zone(written)) for moment in there]
    truth = [moment - timedelta(hours=hours) if "%z" in written else moment for moment in truth]
    try:
        found, _ = read(texts)
    except QuestionError:
        return
    assert found == truth


def _without_zone(written: str) -> str:
    return written.replace(" %z", "").replace("%z", "")


@settings(max_examples=100, deadline=None)
@given(unit=st.sampled_from(sorted(UNITS)), moments=st.lists(MOMENTS, min_size=1, max_size=20), decimals=st.booleans())
def test_numbers_of_every_unit_are_read_back(unit: str, moments: list[datetime], decimals: bool) -> None:
    assume(unit != "nanoseconds" or max(moments).year > 1991)  # earlier ones may be those of Windows, which counts from another year
    whole = [moment.replace(microsecond=0) for moment in moments]
    numbers = [round(moment.timestamp()) * round(1e6 / UNITS[unit]) for moment in whole]
    assert read([f"{number}.0" if decimals else str(number) for number in numbers])[0] == [moment.replace(tzinfo=None) for moment in whole]


@settings(max_examples=100, deadline=None)
@given(
    language=st.sampled_from(["en", "de", "fr", "es", "it", "pt", "nl", "en_GB", "sv", "pl", "tr"]),
    style=st.sampled_from(
        ["d MMMM y", "d MMM y", "EEEE, d MMMM y", "EEE d MMM y, HH:mm", "d MMM y HH:mm:ss", "d MMMM y, h:mm a", "MMM d, y"]
    ),
    moments=st.lists(MOMENTS, min_size=1, max_size=12),
)
def test_names_of_months_in_many_languages(language: str, style: str, moments: list[datetime]) -> None:
    if style.endswith(" a") and language not in ("en", "es", "en_GB", "it"):
        style = style.replace("h:mm a", "HH:mm")
    smallest = {"ss": timedelta(seconds=1), "mm": timedelta(minutes=1)}.get(style.rstrip(" a")[-2:], timedelta(days=1))
    truth = [datetime.min + (moment.replace(tzinfo=None) - datetime.min) // smallest * smallest for moment in moments]
    assert read([format_datetime(moment, style, locale=language) for moment in truth])[0] == truth


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1 de enero de 2024, 8:26 p.\xa0m.", "2024-01-01 20:26"),
        ("mar. 5 mars 2024 à 08:26", "2024-03-05 08:26"),
        ("1er févr. 2024", "2024-02-01"),
        ("Montag, 1. Januar 2024 um 08:26 Uhr", "2024-01-01 08:26"),
        ("Jan 1st, 2024 8am", "2024-01-01 08:00"),
        ("1/13/2024, 8:26:00\u202fPM", "2024-01-13 20:26"),
        ("2024-01-02 08:26 PM", "2024-01-02 20:26"),
        ("12/31/24 12:05 a.m.", "2024-12-31 00:05"),
        ("2024-01-02 08:26:00,5", "2024-01-02 08:26:00.500"),
        ("2024-01-02 08:26:00.123456789", "2024-01-02 08:26:00.123456"),
        ("2024年1月2日 08:26", "2024-01-02 08:26"),
        ("Mon Jan 01 2024 08:26:00 GMT+0100 (Central European Standard Time)", "2024-01-01 07:26"),
        ("2024-01-02 08:26:00 UTC", "2024-01-02 08:26"),
        ("2024-01-02 08:26:00 Europe/Berlin", "2024-01-02 07:26"),
        (" 2024-01-02 ", "2024-01-02"),
        ("01JAN24", "2024-01-01"),
        ("45292.35", "2024-01-01 08:24"),
        ("20200705.0", "2020-07-05"),
        ("99-01-31", "1999-01-31"),
        ("09.14.2024", "2024-09-14"),
    ],
)
def test_single_spellings(text: str, time: str) -> None:
    assert read([text])[0] == [plain(time)]


@pytest.mark.parametrize(
    ("texts", "says", "suggestion"),
    [
        (["01/02/2020", "03/04/2020"], r"'01/02/2020' is 2020-02-01 \(day-first\) or 2020-01-02 \(month-first\)", ()),
        (["03/04/2020", "04/04/2020", "01/05/2020"], "in time order if read day-first", ("--dates", "day-first")),
        (["05/01/2020", "04/04/2020", "04/03/2020"], "in time order if read month-first", ("--dates", "month-first")),
        (["01/02/2020 08:00 PM", "03/04/2020 09:00 AM", "02/03/2020 09:00 AM"], "several ways", ("--dates", "month-first")),
        (["13-02-24"], r"\(day-first\) or 2013-02-24 \(year-first\)", ()),
        (["24.01.31", "24.02.15", "24.02.16"], "several ways", ("--dates", "year-first")),
        (["13/01/2020", "01/13/2020"], "has 1 dates that are valid .* only, for example .*, and 1 that are valid", ()),
        (["01/13/2020"] * 200 + ["13/01/2020"], "200 dates that are valid month-first only", ("--dates", "month-first")),
        (["2024-01-02 08:26:00 EST"], "1 of 1 times are in the zone EST", ()),
        (["01/13/2024 08:26 CST", "01/13/2024 08:26"], "zone CST", ("--rows", "unreadable-times=drop")),
        (["01/13/2024 08:26-09:30"], "1 of 1 values cannot be read", ()),
        (["2024-01-01"] * 98 + ["soon", "30/02"], "2 of 100 values .*, for example '30/02', 'soon'", ("--rows", "unreadable-times=drop")),
        (["2024-02-30", "2024-02-28"], "1 of 2 values .* '2024-02-30'", ("--rows", "unreadable-times=drop")),
        (["1600000000", "soon"], "1 of 2 values", ("--rows", "unreadable-times=drop")),
        (["20240101"] * 9 + ["0"], "1 of 10 values .* '0'", ("--rows", "unreadable-times=drop")),
        (["31012024", "1022024"], "in an unusual order", ()),
        (["1", "2", "3", "1600000000"], "numbers from 1 to 1600000000", ()),
    ],
)
def test_questions(texts: list[str], says: str, suggestion: tuple[str, ...]) -> None:
    with pytest.raises(QuestionError, match=says) as caught:
        read(texts)
    assert caught.value.suggestion == suggestion and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "order", "first"),
    [
        (["7/2/24", "6/30/24"], "month-first", "2024-07-02"),
        (["4/21/25", "04/12/2025"], "month-first", "2025-04-21"),
        (["1/2/24", "13/2/2024"], "day-first", "2024-02-01"),
        ([f"{day:02}-01-24" for day in range(1, 32)], "day-first", "2024-01-01"),
        (["24.01.23", "25.01.23"], "day-first", "2023-01-24"),
        (["01/02/2020", "2020-02-01", "31/01/2020"], "day-first", "2020-02-01"),
        (["24-01-31", "23-12-32", "24-13-01"], None, ""),
    ],
)
def test_the_whole_column_settles_the_order(texts: list[str], order: str | None, first: str) -> None:
    if order is None:
        with pytest.raises(QuestionError):
            read(texts)
        return
    found, reading = read(texts)
    assert found[0] == plain(first) and None not in found and reading.note == f"times: dates read {order}"


@given(days=st.lists(st.dates(datetime(2000, 1, 1).date(), datetime(2026, 1, 1).date()), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_a_given_order_is_obeyed(days: list[object]) -> None:
    for order, written in {"day-first": "%d/%m/%y", "month-first": "%m/%d/%y", "year-first": "%y/%m/%d"}.items():
        found, _ = read([f"{day:{written}}" for day in days], dates=order)
        assert [moment and moment.date() for moment in found] == days


def test_an_order_that_is_none_is_refused() -> None:
    with pytest.raises(DataError, match="dates is 'guess'; give one of day-first"):
        read(["2024-01-01"], dates="guess")


@pytest.mark.parametrize(("small", "large"), [(1, 1000), (1000, 1), (1000, 1_000_000)])
def test_two_units_in_one_column_are_refused(small: int, large: int) -> None:
    with pytest.raises(DataError, match="write all in one unit"):
        read([str(1_600_000_000 * small)] * 3 + [str(1_600_000_000 * large)])


def test_negative_milliseconds_are_times_before_1970() -> None:
    assert read(["1700000000000", "-1600000000000"])[0] == [plain("2023-11-14 22:13:20"), plain("1919-04-20 11:33:20")]


def test_up_to_one_percent_unreadable_is_reported_with_examples() -> None:
    texts: list[str | None] = ["2024-01-01"] * 200 + ["soon", "x", "", "nan", None]
    found, reading = read(texts)
    assert found == [plain("2024-01-01")] * 200 + [None] * 5 and reading.unreadable == ("soon", "x")
    found, reading = read(["2024-01-01", "soon"], allow_unreadable=True)
    assert found == [plain("2024-01-01"), None] and reading.unreadable == ("soon",)


def test_empty_values_are_not_unreadable() -> None:
    found, reading = read(["2024/01/03", "", None, "NaN", "null", "N/A", " "])
    assert found == [plain("2024-01-03"), *[None] * 6] and not reading.unreadable
    assert not read(["", None])[1].position


def test_positions_are_not_times() -> None:
    for texts in (["1", "2", "3"], ["-1", "5"], [str(number) for number in range(60_000)]):
        assert read(texts)[1].position


def put(folder: Path, content: str) -> Path:
    path = folder / "t.csv"
    path.write_text(content, encoding="utf-8")
    return path


def checks(data: Dataset) -> dict[str, tuple[int, str]]:
    return {check.text: (check.rows, check.action) for check in data.checks}


@pytest.mark.parametrize(
    ("texts", "times"),
    [
        (["1600000000", "1600000060"], [1_600_000_000, 1_600_000_060]),
        (["1600000000.5", "1600000060.25"], [1_600_000_000.5, 1_600_000_060.25]),
        (["1600000000500", "1600000060000"], [1_600_000_000.5, 1_600_000_060]),
        (["2020-09-13T12:26:40Z", "2020-09-13T14:27:40+02:00"], [1_600_000_000, 1_600_000_060]),
        (["2020-09-13 12:26:40", "2020-09-13 12:27"], [1_600_000_000, 1_600_000_020]),
        (["Sun Sep 13 12:26:40 +0000 2020", "Sun Sep 13 08:27:40 -0400 2020"], [1_600_000_000, 1_600_000_060]),
        (["13/09/2020 12:26", "01/10/2020 00:00"], [1_599_999_960, 1_601_510_400]),
        (["09/13/2020 12:26", "10/01/2020 00:00"], [1_599_999_960, 1_601_510_400]),
        (["13.09.2020", "1.10.2020"], [1_599_955_200, 1_601_510_400]),
        (["20200913", "20201001"], [1_599_955_200, 1_601_510_400]),
        (["Sep 13, 2020", "Oct 1, 2020"], [1_599_955_200, 1_601_510_400]),
    ],
)
def test_times_of_many_kinds(texts: list[str], times: list[float], tmp_path: Path) -> None:
    data = read_file(put(tmp_path, "user,item,time\n" + "".join(f'u,i{n},"{text}"\n' for n, text in enumerate(texts))))
    assert data.times is not None
    np.testing.assert_allclose(data.times, times)


def test_offsets_in_the_text_are_kept(tmp_path: Path) -> None:
    data = read_file(put(tmp_path, "user,item,time\nu,i,2020-01-01T10:00:00+02:00\nu,j,2020-01-01T10:00:00-03:30\n"))
    assert data.utc_offsets is not None
    assert list(data.utc_offsets) == [120, -210]
    assert read_file(put(tmp_path, "user,item,time\nu,i,2020-01-01T10:00:00Z\n")).utc_offsets is None


def test_dates_that_can_be_read_two_ways_need_a_choice(tmp_path: Path) -> None:
    path = put(tmp_path, "user,item,date\nu,i,01/02/2020\nu,j,03/04/2020\n")
    with pytest.raises(
        DataError, match=r"t.csv: column 'date' contains dates that can be read in several ways: '01/02/2020' is 2020-02-01"
    ):
        read_file(path)
    day, month = (read_file(path, dates=order) for order in ("day-first", "month-first"))
    assert day.interactions["timestamp"].dt.month.tolist() == [2, 4]
    assert month.interactions["timestamp"].dt.month.tolist() == [1, 3]
    assert checks(day)["times: dates read day-first"] == (2, "kept")
    assert day.fingerprint != month.fingerprint


def test_a_file_reports_what_it_could_not_read(tmp_path: Path) -> None:
    rows = "".join(f"u,i{number},2020-01-01 10:00:{number % 60:02}\n" for number in range(200))
    data = read_file(put(tmp_path, f"user,item,time\n{rows}u,j,soon\nu,k,later\n"))
    assert checks(data)["unparsable times, such as 'later', 'soon'"] == (2, "dropped") and len(data.interactions) == 200


def odd(times: Sequence[datetime], rule: str | None = None) -> tuple[list[Check], list[datetime]]:
    """Return the lines of the report for these times, and the times that are left."""
    with duckdb.connect() as con:
        con.execute("CREATE TABLE events AS SELECT unnest(?::TIMESTAMP[]) AS timestamp", [list(times)])
        lines = treat_odd_times(con, Rules(odd_times=rule))  # type: ignore[arg-type]
        return lines, [moment for (moment,) in con.execute("SELECT timestamp FROM events").fetchall()]


USUAL = [datetime(2024, 1, 1) + timedelta(hours=number) for number in range(400)]


@pytest.mark.parametrize(("rule", "action"), [(None, "dropped"), ("keep", "kept"), ("drop", "dropped")])
def test_a_lone_zero_is_a_missing_time(rule: str | None, action: str) -> None:
    lines, left = odd([*USUAL, datetime(1970, 1, 1)], rule)
    assert (lines[0].rows, lines[0].action) == (1, action) and len(left) == 400 + (action == "kept")
    assert "for example 1970-01-01" in lines[0].text and lines[0].choice == "odd-times"


def test_many_zeros_and_times_before_1970_are_kept_and_mentioned() -> None:
    lines, left = odd([*USUAL[:9], datetime(1970, 1, 1), datetime(1915, 12, 27)])
    assert len(left) == 11 and [(line.rows, line.action) for line in lines] == [(1, "kept"), (1, "kept"), (0, "kept")]
    assert "for example 1915-12-27" in lines[1].text
    assert odd([*USUAL[:9], datetime(1970, 1, 1), datetime(1915, 12, 27)], "drop")[1] == USUAL[:9]


@pytest.mark.parametrize("count", [6, 400])
def test_times_far_from_all_others(count: int) -> None:
    lines, left = odd([*USUAL[:count], datetime(2004, 5, 6)], "drop")
    assert left == USUAL[:count] and [line.rows for line in lines] == [0, 0, 1] and "2004-05-06" in lines[2].text


@given(times=st.lists(st.datetimes(datetime(1960, 1, 1), datetime(2026, 1, 1)) | st.just(datetime(1970, 1, 1)), max_size=30))
@settings(max_examples=60, deadline=None)
def test_odd_times_are_those_of_a_plain_loop(times: list[datetime]) -> None:
    lines, left = odd(times)
    zero = early = far = 0
    if times:
        tail = min(max(0.01, 1.5 / len(times)), 0.5)
        first, middle, last = (float(each) for each in _quantiles(sorted(times), [tail, 0.5, 1 - tail]))
        gap = max(10 * (last - first), 5 * 365 * 86400.0)
        for moment in (each.replace(tzinfo=UTC).timestamp() for each in times):
            is_old = moment < 86400 <= middle
            zero += is_old and moment >= -86400
            early += is_old and moment < -86400
            far += not is_old and (moment < first - gap or moment > last + gap)
    assert [line.rows for line in lines] == [zero, early, far]
    assert len(left) == len(times) - (zero if zero * 20 <= len(times) else 0)


def _quantiles(ordered: list[datetime], shares: list[float]) -> list[float]:
    moments = [moment.replace(tzinfo=UTC).timestamp() for moment in ordered]
    return list(np.quantile(moments, shares, method="inverted_cdf"))


def test_times_of_ten_years_are_not_odd() -> None:
    assert not sum(line.rows for line in odd([datetime(2010, 1, 1) + timedelta(days=9 * number) for number in range(400)])[0])

"""Formatting in English and German against what a reader of either expects, and for any finite number."""

import datetime as dt
import math
import sys

import numpy as np
import pytest
from babel import localedata
from hypothesis import given
from hypothesis import strategies as st

from recsys.core.formatting import (
    format_clock,
    format_date,
    format_days,
    format_distance,
    format_duration,
    format_fixed,
    format_long_date,
    format_moment,
    format_month,
    format_number,
    format_seconds,
    format_share,
    format_short_moment,
    join_words,
    month_names,
    weekday_names,
)
from recsys.core.translation import language

MOMENT = dt.datetime(2012, 5, 6, 14, 0)
HUGE = sys.float_info.max
NON_FINITE = (math.nan, math.inf, -math.inf)
NUMBERS = (
    format_number,
    lambda value: format_number(value, 3),
    lambda value: format_fixed(value, 0),
    lambda value: format_fixed(value, 4),
    lambda value: format_fixed(value, 2, sign=True),
    format_share,
    lambda value: format_share(value, 1),
    format_duration,
    format_seconds,
    format_distance,
)


class TestNumbers:
    @pytest.mark.parametrize(
        ("value", "digits", "english", "german"),
        [
            (0, 0, "0", "0"),
            (1234, 0, "1,234", "1.234"),
            (1234567.891, 2, "1,234,567.89", "1.234.567,89"),
            (1234.5, 3, "1,234.5", "1.234,5"),
            (-1234, 0, "−1,234", "−1.234"),
            (np.float32(0.5), 2, "0.5", "0,5"),
            (np.int64(1000), 0, "1,000", "1.000"),
        ],
    )
    def test_up_to_so_many_decimals(self, value: float, digits: int, english: str, german: str) -> None:
        assert format_number(value, digits) == english
        assert format_number(value, digits, locale="de") == german
        with language("de"):
            assert format_number(value, digits) == german
            assert format_number(value, digits, locale="en") == english

    @pytest.mark.parametrize(
        ("value", "digits", "sign", "english", "german"),
        [
            (0.4116, 3, False, "0.412", "0,412"),
            (0.4, 3, False, "0.400", "0,400"),
            (1234.5678, 1, False, "1,234.6", "1.234,6"),
            (2.0, 0, False, "2", "2"),
            (0.031, 2, True, "+0.03", "+0,03"),
            (-0.031, 2, True, "−0.03", "−0,03"),
        ],
    )
    def test_exactly_so_many_decimals(self, value: float, digits: int, sign: bool, english: str, german: str) -> None:
        assert format_fixed(value, digits, sign) == english
        with language("de"):
            assert format_fixed(value, digits, sign) == german

    @pytest.mark.parametrize(
        ("value", "digits", "english", "german"),
        [(0.43, 0, "43%", "43\xa0%"), (0.4316, 1, "43.2%", "43,2\xa0%"), (1.0, 0, "100%", "100\xa0%"), (0, 2, "0.00%", "0,00\xa0%")],
    )
    def test_shares_follow_the_pattern_of_the_language(self, value: float, digits: int, english: str, german: str) -> None:
        assert format_share(value, digits) == english
        with language("de"):
            assert format_share(value, digits) == german
        with language("tr"):
            assert format_share(0.4316, 1) == "%43,2"

    def test_a_value_that_rounds_to_zero_has_no_minus_sign(self) -> None:
        assert format_number(-0.4) == "0"
        assert format_number(-0.0, 2) == "0"
        assert format_fixed(-0.0004, 3) == "0.000"
        assert format_share(-0.001) == "0%"
        assert format_fixed(-0.0006, 3) == "−0.001"

    @pytest.mark.parametrize("format_value", NUMBERS)
    def test_values_that_are_not_finite_are_a_dash(self, format_value) -> None:
        assert [format_value(value) for value in NON_FINITE] == ["–"] * 3

    @given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 6))
    def test_any_finite_number_can_be_read_back(self, value: float, digits: int) -> None:
        for text in (format_number(value, digits), format_fixed(value, digits), format_fixed(value, digits, sign=True)):
            read = float(text.replace(",", "").replace("−", "-"))
            assert math.isclose(read, value, rel_tol=1e-12, abs_tol=0.5001 * 10.0**-digits)
            assert not text.startswith("−") or read < 0

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_no_finite_number_is_an_error(self, value: float) -> None:
        for format_value in NUMBERS:
            assert format_value(value)

    def test_the_largest_number_has_all_its_digits(self) -> None:
        assert len(format_number(HUGE).replace(",", "")) == 309


class TestTimes:
    def test_moments(self) -> None:
        assert format_moment(MOMENT) == "Sunday, 6 May 2012, 14:00"
        assert format_short_moment(MOMENT) == "6 May 2012, 14:00"
        with language("de"):
            assert format_moment(MOMENT) == "Sonntag, 6. Mai 2012, 14:00"
            assert format_short_moment(MOMENT) == "6. Mai 2012, 14:00"

    def test_dates_and_months(self) -> None:
        day = dt.date(2012, 9, 6)
        assert format_date(day) == "6 Sept 2012"
        assert format_long_date(day) == "6 September 2012"
        assert format_month(day) == "September 2012"
        with language("de"):
            assert format_long_date(day) == "6. September 2012"
            assert format_month(day) == "September 2012"

    def test_the_clock_has_24_hours_in_every_language(self) -> None:
        for name in ("en", "en_US", "de", "pl"):
            with language(name):
                assert format_clock(dt.time(23, 5)) == format_clock(dt.datetime(2020, 1, 1, 23, 5)) == "23:05"

    def test_a_zone_does_not_shift_the_clock(self) -> None:
        zone = dt.timezone(dt.timedelta(hours=-5))
        assert format_short_moment(MOMENT.replace(tzinfo=zone)) == "6 May 2012, 14:00"

    def test_names_of_weekdays_and_months(self) -> None:
        assert weekday_names() == ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
        assert weekday_names("abbreviated")[0] == "Mon" and weekday_names("narrow")[6] == "S"
        assert month_names()[0] == "January" and month_names()[11] == "December"
        with language("de"):
            assert weekday_names()[0] == "Montag" and month_names()[2] == "März"
        with language("ru"):
            assert month_names()[0] == "январь"  # a name on its own, not "января" as within a date

    @pytest.mark.parametrize(
        ("hours", "english", "german"),
        [
            (0, "0 minutes", "0 Minuten"),
            (-3, "0 minutes", "0 Minuten"),
            (1 / 60, "1 minute", "1 Minute"),
            (0.75, "45 minutes", "45 Minuten"),
            (1.5, "2 hours", "2 Stunden"),
            (5, "5 hours", "5 Stunden"),
            (36, "2 days", "2 Tage"),
            (12 * 24, "12 days", "12 Tage"),
            (7 * 30.44 * 24, "7 months", "7 Monate"),
        ],
    )
    def test_durations(self, hours: float, english: str, german: str) -> None:
        assert format_duration(hours) == english
        with language("de"):
            assert format_duration(hours) == german

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [(0.42, "0.4 seconds"), (1, "1 second"), (12.4, "12 seconds"), (89, "89 seconds"), (180, "3 minutes"), (7200, "2 hours")],
    )
    def test_seconds(self, seconds: float, text: str) -> None:
        assert format_seconds(seconds) == text

    def test_days(self) -> None:
        assert [format_days(count) for count in (1, 21, 1000)] == ["1 day", "21 days", "1,000 days"]


class TestDistancesAndLists:
    @pytest.mark.parametrize(
        ("kilometres", "english", "german"),
        [
            (0, "0 m", "0 m"),
            (0.85, "850 m", "850 m"),
            (0.994, "994 m", "994 m"),
            (0.996, "1 km", "1 km"),
            (1.24, "1.2 km", "1,2 km"),
            (340.4, "340 km", "340 km"),
        ],
    )
    def test_distances(self, kilometres: float, english: str, german: str) -> None:
        assert format_distance(kilometres).replace("\xa0", " ") == english
        with language("de"):
            assert format_distance(kilometres).replace("\xa0", " ") == german

    def test_lists(self) -> None:
        assert join_words([]) == ""
        assert join_words(["one"]) == "one"
        assert join_words(["one", "two"]) == "one and two"
        assert join_words(word for word in ("one", "two", "three")) == "one, two and three"
        assert join_words(["one", "two", "three"], "or") == "one, two or three"
        with language("de"):
            assert join_words(["eins", "zwei", "drei"]) == "eins, zwei und drei"
            assert join_words(["eins", "zwei"], "or") == "eins oder zwei"


@pytest.mark.parametrize("name", ["xx_unknown", "not a language", ""])
def test_a_language_without_cldr_data_is_formatted_as_english(name: str) -> None:
    with language(name):
        assert format_number(1234.5, 1) == "1,234.5"
        assert format_date(dt.date(2012, 9, 6)) == "6 Sept 2012"


def test_every_language_with_cldr_data_can_be_formatted() -> None:
    for name in localedata.locale_identifiers()[::7]:
        with language(name):
            texts = [format_moment(MOMENT), format_month(MOMENT), format_number(1234.5, 1), format_share(0.4, 1), format_duration(5)]
            assert all(texts) and len(set(weekday_names())) == 7 and len(month_names()) == 12 and join_words(["a", "b", "c"])

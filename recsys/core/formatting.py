"""Numbers, dates, durations and distances for people, in the language of the reader (Babel, CLDR data)."""

import datetime as dt
import decimal
import math
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale

HOUR, DAY, MONTH = 1.0, 24.0, 30.44 * 24  # in hours
MISSING = "–"

_PRECISION = 400  # digits: Babel rounds with the 28 of the decimal module, too few for large floats


def format_number(value: float, digits: int = 0, locale: str | None = None) -> str:
    """Return 1,234 or, with up to `digits` decimals, 1,234.5; an en dash where the value is not finite."""
    if not math.isfinite(value):
        return MISSING
    return _format_number(value, digits, _locale(locale))


@lru_cache(maxsize=4_096)  # a page shows the same small numbers again and again
def _format_number(value: float, digits: int, locale: "Locale") -> str:
    from babel.numbers import format_decimal

    pattern = "#,##0" + (f".{'#' * digits}" if digits else "")
    with decimal.localcontext(prec=_PRECISION):
        return _with_minus(format_decimal(_unsigned_zero(value, digits), format=pattern, locale=locale))


def format_fixed(value: float, digits: int, sign: bool = False) -> str:
    """Return a number with exactly `digits` decimals, such as a metric: .412 is 0.412; with a sign in front where asked."""
    from babel.numbers import format_decimal

    if not math.isfinite(value):
        return MISSING
    body = "#,##0" + (f".{'0' * digits}" if digits else "")
    with decimal.localcontext(prec=_PRECISION):
        pattern = f"+{body};-{body}" if sign else body
        return _with_minus(format_decimal(_unsigned_zero(value, digits), format=pattern, locale=_locale()))


def format_share(value: float, digits: int = 0) -> str:
    """Return 0.43 as 43%, in German with a space before the sign; an en dash where it is not finite."""
    if not math.isfinite(value):
        return MISSING
    return _format_share(value, digits, _locale())


@lru_cache(maxsize=4_096)
def _format_share(value: float, digits: int, locale: "Locale") -> str:
    from babel.numbers import format_percent

    pattern = locale.percent_formats[None].pattern
    if digits:
        pattern = re.sub(r"0(?!.*0)", f"0.{'0' * digits}", pattern)  # after the last digit of the pattern
    with decimal.localcontext(prec=_PRECISION):
        return _with_minus(format_percent(_unsigned_zero(value, digits + 2), format=pattern, locale=locale))


def local_time(seconds: float, utc_offset: float | None) -> dt.datetime | None:
    """Return a moment by the clock of the place, UTC without an offset (in minutes); None for a time that is not known."""
    if not math.isfinite(seconds):
        return None
    minutes = utc_offset if utc_offset is not None and math.isfinite(utc_offset) else 0.0
    return dt.datetime.fromtimestamp(float(seconds), tz=dt.UTC) + dt.timedelta(minutes=float(minutes))


def move_within_week(time: float, offset: float | None, weekday: int | None, hour: int | None) -> float | None:
    """Return seconds UTC moved to a weekday (0 is Monday) and hour of the same local week; None for a time that is unknown."""
    local = local_time(time, offset)
    if local is None:
        return None
    days = 0 if weekday is None else weekday - local.weekday()
    hours = 0 if hour is None else hour - local.hour
    return time + dt.timedelta(days=days, hours=hours).total_seconds()


def format_moment(moment: dt.datetime) -> str:
    """Return a moment as Sunday, 6 May 2012, 14:00."""
    return f"{format_weekday_date(moment)}, {format_clock(moment)}"


def format_short_moment(moment: dt.datetime) -> str:
    """Return a moment as 6 May 2012, 14:00."""
    return f"{format_date(moment)}, {format_clock(moment)}"


def format_weekday_date(day: dt.date) -> str:
    """Return a date as Sunday, 6 May 2012."""
    from babel import dates

    return dates.format_date(day, "full", locale=_locale())


def format_long_date(day: dt.date) -> str:
    """Return a date as 6 September 2012."""
    return _by_skeleton("yMMMMd", day)


def format_date(day: dt.date) -> str:
    """Return a date as 6 Sept 2012."""
    return _by_skeleton("yMMMd", day)


def format_month(day: dt.date) -> str:
    """Return a month as September 2012."""
    return _by_skeleton("yMMMM", day)


def format_short_month(day: dt.date) -> str:
    """Return a month as Sept 2012, for an axis."""
    return _by_skeleton("yMMM", day)


def format_day(day: dt.date) -> str:
    """Return a day as 6 Sept, for an axis."""
    return _by_skeleton("MMMd", day)


def format_clock(moment: dt.datetime | dt.time) -> str:
    """Return the time as 14:00, on a clock of 24 hours."""
    from babel import dates

    return dates.format_time(moment, "HH:mm", locale=_locale())


def weekday_names(width: str = "wide") -> list[str]:
    """Return Monday to Sunday; `width` is wide, abbreviated or narrow."""
    from babel import dates

    names = dates.get_day_names(width, context="stand-alone", locale=_locale())  # type: ignore[arg-type]
    return [names[day] for day in range(7)]


def month_names(width: str = "wide") -> list[str]:
    """Return January to December."""
    from babel import dates

    names = dates.get_month_names(width, context="stand-alone", locale=_locale())  # type: ignore[arg-type]
    return [names[month] for month in range(1, 13)]


def format_duration(hours: float) -> str:
    """Return a gap in hours as one would say it: 45 minutes, 5 hours, 12 days, 7 months."""
    if not math.isfinite(hours):
        return MISSING
    hours = max(hours, 0.0)
    if hours < 1.5:
        return _unit(round(hours * 60), "duration-minute")
    if hours < 1.5 * DAY:
        return _unit(round(hours), "duration-hour")
    if hours < 60 * DAY:
        return _unit(round(hours / DAY), "duration-day")
    return _unit(round(hours / MONTH), "duration-month")


def format_seconds(seconds: float) -> str:
    """Return the time that work took or may take: 0.4 seconds, 12 seconds, 3 minutes, 2 hours."""
    if not math.isfinite(seconds):
        return MISSING
    if seconds < 90:
        return _unit(round(seconds, 1 if seconds < 10 else 0), "duration-second")
    return format_duration(seconds / 3600)


def format_days(days: int) -> str:
    """Return 1 day, 21 days."""
    return _unit(days, "duration-day")


def format_distance(kilometres: float) -> str:
    """Return a distance as 850 m, 1.2 km or 340 km."""
    if not math.isfinite(kilometres):
        return MISSING
    if kilometres < 0.995:
        return _unit(round(kilometres * 1000), "length-meter", "short")
    return _unit(round(kilometres, 1 if kilometres < 10 else 0), "length-kilometer", "short")


def join_words(words: Iterable[str], style: str = "standard") -> str:
    """Return "one, two and three", with style "or" "one, two or three"."""
    from babel.lists import format_list

    return format_list(list(words), style=style, locale=_locale())  # type: ignore[arg-type]


def _with_minus(number: str) -> str:
    """Return the number with a minus sign as charts have it, in place of the hyphen of the locale."""
    return number.replace("-", "−")


def _unit(value: float, unit: str, length: str = "long") -> str:
    return _unit_in(_locale(), value, unit, length)


@lru_cache(4096)  # a page names the same distances again and again, and Babel takes long for each
def _unit_in(locale: "Locale", value: float, unit: str, length: str) -> str:
    from babel.units import format_unit

    with decimal.localcontext(prec=_PRECISION):
        return format_unit(int(value) if value == int(value) else value, unit, length=length, locale=locale)  # type: ignore[arg-type]


def _unsigned_zero(value: float, digits: int) -> float:
    """Return 0 for a value that rounds to zero, which would else be shown as −0."""
    return 0.0 if round(value, digits) == 0 else value


def _by_skeleton(skeleton: str, day: dt.date) -> str:
    from babel import dates

    return dates.format_skeleton(skeleton, day, locale=_locale())


def _locale(name: str | None = None) -> "Locale":
    if name is None:
        from recsys.core.translation import current_language

        name = current_language()
    return _parsed(name)


@cache
def _parsed(name: str) -> "Locale":
    """Days before months and 24 hours where English is all that is known; English too for a language without CLDR data."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse("en_GB" if name == "en" else name)
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")

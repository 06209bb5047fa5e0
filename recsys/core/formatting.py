"""Numbers, dates, durations and distances for people, in the language of the reader (Babel, CLDR data)."""

import datetime as dt
import math
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale

HOUR, DAY, MONTH = 1.0, 24.0, 30.44 * 24  # in hours


def format_number(value: float, digits: int = 0, locale: str | None = None) -> str:
    """1,234 or, with up to `digits` decimals, 1,234.5; an en dash where the value is not finite."""
    from babel.numbers import format_decimal

    if not math.isfinite(value):
        return "–"
    pattern = "#,##0" + (f".{'#' * digits}" if digits else "")
    return format_decimal(value, format=pattern, locale=_locale(locale))


def format_fixed(value: float, digits: int, sign: bool = False) -> str:
    """A number with exactly `digits` decimals, such as a metric: .412 is 0.412; with a sign in front where asked."""
    from babel.numbers import format_decimal

    if not math.isfinite(value):
        return "–"
    body = "#,##0" + (f".{'0' * digits}" if digits else "")
    return format_decimal(value, format=f"+{body};-{body}" if sign else body, locale=_locale())


def format_share(value: float, digits: int = 0) -> str:
    """0.43 as 43%; an en dash where it is not finite."""
    from babel.numbers import format_percent

    if not math.isfinite(value):
        return "–"
    return format_percent(value, format="#,##0" + (f".{'0' * digits}" if digits else "") + "%", locale=_locale())


def format_moment(moment: dt.datetime) -> str:
    """Sunday, 6 May 2012, 14:00."""
    return f"{format_weekday_date(moment)}, {format_clock(moment)}"


def format_short_moment(moment: dt.datetime) -> str:
    """6 May 2012, 14:00."""
    return f"{format_date(moment)}, {format_clock(moment)}"


def format_weekday_date(day: dt.date) -> str:
    """Sunday, 6 May 2012."""
    from babel import dates

    return dates.format_date(day, "full", locale=_locale())


def format_long_date(day: dt.date) -> str:
    """6 September 2012."""
    return _by_skeleton("yMMMMd", day)


def format_date(day: dt.date) -> str:
    """6 Sept 2012."""
    return _by_skeleton("yMMMd", day)


def format_month(day: dt.date) -> str:
    """September 2012."""
    return _by_skeleton("yMMMM", day)


def format_clock(moment: dt.datetime | dt.time) -> str:
    """14:00, on a clock of 24 hours."""
    from babel import dates

    return dates.format_time(moment, "HH:mm", locale=_locale())


def weekday_names(width: str = "wide") -> list[str]:
    """Monday to Sunday; `width` is wide, abbreviated or narrow."""
    from babel import dates

    names = dates.get_day_names(width, locale=_locale())  # type: ignore[arg-type]
    return [names[day] for day in range(7)]


def month_names(width: str = "wide") -> list[str]:
    """January to December."""
    from babel import dates

    names = dates.get_month_names(width, locale=_locale())  # type: ignore[arg-type]
    return [names[month] for month in range(1, 13)]


def format_duration(hours: float) -> str:
    """A gap as a person would say it: 45 minutes, 5 hours, 12 days, 7 months."""
    hours = max(hours, 0.0)
    if hours < 1.5:
        return _unit(round(hours * 60), "duration-minute")
    if hours < 1.5 * DAY:
        return _unit(round(hours), "duration-hour")
    if hours < 60 * DAY:
        return _unit(round(hours / DAY), "duration-day")
    return _unit(round(hours / MONTH), "duration-month")


def format_seconds(seconds: float) -> str:
    """How long work took or may take: 0.4 seconds, 12 seconds, 3 minutes, 2 hours."""
    if seconds < 90:
        return _unit(round(seconds, 1 if seconds < 10 else 0), "duration-second")
    return format_duration(seconds / 3600)


def format_days(days: int) -> str:
    """1 day, 21 days."""
    return _unit(days, "duration-day")


def format_distance(kilometres: float) -> str:
    """850 m, 1.2 km, 340 km."""
    if kilometres < 0.995:
        return _unit(round(kilometres * 1000), "length-meter", "short")
    return _unit(round(kilometres, 1 if kilometres < 10 else 0), "length-kilometer", "short")


def join_words(words: Iterable[str], style: str = "standard") -> str:
    """One, two and three; style "or": one, two or three."""
    from babel.lists import format_list

    return format_list(list(words), style=style, locale=_locale())  # type: ignore[arg-type]


def _unit(value: float, unit: str, length: str = "long") -> str:
    from babel.units import format_unit

    return format_unit(int(value) if value == int(value) else value, unit, length=length, locale=_locale())  # type: ignore[arg-type]


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

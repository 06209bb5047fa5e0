"""Moments, gaps and counts for people."""

from datetime import UTC, datetime, timedelta

import numpy as np


def local_time(seconds: float, utc_offset: float | None) -> datetime | None:
    """When something happened by the clock of the place; UTC where no offset is known, None where no time is."""
    if not np.isfinite(seconds):
        return None
    shift = utc_offset if utc_offset is not None and np.isfinite(utc_offset) else 0.0
    return datetime.fromtimestamp(float(seconds), tz=UTC) + timedelta(minutes=float(shift))


def format_moment(time: datetime) -> str:
    """A moment as a person would say it: Sunday 6 May 2012, 14:00."""
    return f"{time:%A} {time.day} {time:%B %Y}, {time:%H:%M}"


def plural(count: int, noun: str) -> str:
    """1 visit, 57 visits, 3 check-ins."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def duration(hours: float) -> str:
    """A gap as a person would say it."""
    minutes = max(hours * 60, 0)
    if minutes < 90:
        return plural(round(minutes), "minute")
    if hours < 36:
        return plural(round(hours), "hour")
    days = hours / 24
    return plural(round(days), "day") if days < 60 else plural(round(days / 30.44), "month")

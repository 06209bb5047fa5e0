"""Ticks of a time axis, with dates in the reader's language: Plotly itself would write English months."""

import datetime as dt
from typing import Any

import numpy as np

from recsys.core.formatting import format_date, format_short_month

DAYS = (1, 2, 7, 14)
MONTHS = (1, 2, 3, 4, 6, 12, 24, 60, 120)
SHORT = 75  # days, below which ticks are days and not months


def time_ticks(low: float, high: float, count: int) -> dict[str, Any]:
    """Return at most `count` ticks between two times in seconds: firsts of months, or days where the span is short."""
    start, stop = (np.datetime64(round(value), "s").item() for value in (low, high))
    days = (stop - start).days + 1
    if days < SHORT:
        step = next((each for each in DAYS if days / each <= count), DAYS[-1])
        first = start.date() + dt.timedelta(days=start.time() > dt.time())
        dates = [first + dt.timedelta(days=at) for at in range(0, days + 1, step)]
        labels = [format_date(date) for date in dates]
    else:
        months = (stop.year - start.year) * 12 + stop.month - start.month
        step = next((each for each in MONTHS if months / each <= count), MONTHS[-1])
        begin = start.year * 12 + start.month - 1
        dates = [dt.date(at // 12, at % 12 + 1, 1) for at in range(-(-begin // step) * step, begin + months + 1, step)]
        labels = [str(date.year) if step % 12 == 0 else format_short_month(date) for date in dates]
    shown = [
        (date, label) for date, label in zip(dates, labels, strict=True) if start <= dt.datetime(date.year, date.month, date.day) <= stop
    ]
    return dict(tickvals=[date.isoformat() for date, _label in shown], ticktext=[label for _date, label in shown])

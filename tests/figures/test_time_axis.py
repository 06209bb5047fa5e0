"""Ticks of time axes and numbers of charts, in English and in German."""

import numpy as np
import pytest

from recsys.core.translation import language
from recsys.figures.chart import Chart, format_ranks, percent_ticks
from recsys.figures.palette import LIGHT
from recsys.figures.time_axis import time_ticks


def seconds(date: str) -> float:
    return float(np.datetime64(date, "s").astype(np.int64))


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        ("2012-04-03", "2013-02-16", ["May 2012", "Jul 2012", "Sept 2012", "Nov 2012", "Jan 2013"]),
        ("2012-04-03", "2012-04-06", ["3 Apr 2012", "4 Apr 2012", "5 Apr 2012", "6 Apr 2012"]),
        ("2012-04-03T10:00", "2012-05-20", ["4 Apr 2012", "18 Apr 2012", "2 May 2012", "16 May 2012"]),
        ("2000-04-03", "2003-04-06", ["2001", "2002", "2003"]),
    ],
)
def test_ticks_are_firsts_of_months_or_days(low: str, high: str, labels: list[str]) -> None:
    ticks = time_ticks(seconds(low), seconds(high), 5)
    assert ticks["ticktext"] == labels
    assert all(np.datetime64(low) <= np.datetime64(each) <= np.datetime64(high) for each in ticks["tickvals"])


def test_charts_are_written_in_the_language_of_the_reader() -> None:
    assert Chart("", LIGHT, 100).layout["separators"] == ".,"
    with language("de"):
        assert Chart("", LIGHT, 100).layout["separators"] == ",."
        assert format_ranks([1.0, 1000.5]) == ["1", "1.000,5"]
        assert time_ticks(seconds("2012-04-03"), seconds("2012-08-01"), 5)["ticktext"] == [
            "Mai 2012",
            "Juni 2012",
            "Juli 2012",
            "Aug. 2012",
        ]
    assert percent_ticks(0, 50)["ticktext"] == ["0%", "50%"]

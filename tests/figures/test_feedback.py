"""Charts of feedback and of rating errors: what is drawn are the numbers of the results."""

import datetime as dt

import numpy as np
import pytest

from recsys.evaluation.rating_predictions import ErrorPeriod
from recsys.feedback.rates import estimate_rate
from recsys.feedback.summary import DailyFeedback, VersionFeedback
from recsys.figures.feedback import LONGEST_SPAN, action_colours, feedback_by_day, feedback_rates
from recsys.figures.palette import DARK, LIGHT, Palette
from recsys.figures.ratings import rating_error_over_time
from tests.figures.test_topics import HTML, assert_valid

DAY = dt.date(2026, 3, 1)


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def colours(request: pytest.FixtureRequest) -> Palette:
    return request.param  # type: ignore[no-any-return]


def daily(after: int, version: int = 1, **actions: int) -> DailyFeedback:
    return DailyFeedback(DAY + dt.timedelta(days=after), VersionFeedback("markov", version, 10, actions))


def test_rates_are_drawn_per_100_lists_with_their_intervals(colours: Palette) -> None:
    versions = [VersionFeedback("markov", 1, 50, {"take": 10, "skip": 90}), VersionFeedback("markov", 2, 200, {"like": 4})]
    figure = feedback_rates([HTML, "markov@2"], versions, colours)
    assert_valid(figure, colours)
    assert [each.name for each in figure.data] == ["added", "liked"]
    added = figure.data[0]
    assert list(added.x) == [20.0, 0.0] and added.marker.color == action_colours(colours)["take"]
    expected = estimate_rate(10, 50)
    assert (added.x[0] - added.error_x.arrayminus[0], added.x[0] + added.error_x.array[0]) == pytest.approx(
        (100 * expected.low, 100 * expected.high)
    )
    heights = [y for each in figure.data for y in each.y]
    assert len(set(heights)) == 4 and max(figure.data[0].y[0], figure.data[1].y[0]) < min(figure.data[0].y[1], figure.data[1].y[1])
    low, high = figure.layout.yaxis.range
    assert all(high < y < low for y in heights)


def test_days_are_stacked_over_versions_and_weeks_take_over_where_the_time_is_long(colours: Palette) -> None:
    figure = feedback_by_day([daily(0, take=3, skip=9), daily(0, 2, take=2, like=1), daily(4, like=5)], colours)
    assert_valid(figure, colours)
    drawn = {each.name: dict(zip(each.x, each.y, strict=True)) for each in figure.data}
    assert drawn == {"added": {"2026-03-01": 5}, "liked": {"2026-03-01": 1, "2026-03-05": 5}}
    long = feedback_by_day([daily(0, take=3), daily(6, take=2), daily(7, take=1), daily(LONGEST_SPAN, take=4)], colours)
    assert list(long.data[0].y) == [5, 1, 4] and "week" in long.layout.title.text
    assert_valid(feedback_by_day([daily(0, take=1)], colours), colours)


def test_the_error_over_time(colours: Palette) -> None:
    start = dt.datetime(2026, 3, 1, tzinfo=dt.UTC).timestamp()
    periods = [ErrorPeriod(start + 86_400 * at, start + 86_400 * (at + 1), 1.0 + at, 0.5 + at, 1.25 + at, 20) for at in range(3)]
    figure = rating_error_over_time(periods, 1.5, colours)
    assert_valid(figure, colours)
    baseline, errors = figure.data
    assert list(baseline.y) == [1.5, 1.5] and np.allclose(errors.y, [1, 2, 3])
    assert np.allclose(errors.error_y.array, 0.25) and np.allclose(errors.error_y.arrayminus, 0.5)
    assert errors.x[0] == "2026-03-01T12:00:00" and errors.text[0].endswith("RMSE 1.00")

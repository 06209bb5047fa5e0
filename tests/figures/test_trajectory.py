"""Trajectory of interest and its distance from long-term interest: place of the cursor, labels, markup that stays text."""

import numpy as np
import pytest

from recsys.drift import build_feature_space
from recsys.drift.detection.event_features import read_user_events
from recsys.drift.embedding_drift import measure_embedding_drift, measure_share_gap
from recsys.figures.embedding_drift import gap_lines, interest_trajectory, locate_on_trajectory, trajectory_bounds
from recsys.figures.palette import DARK, LIGHT, Palette
from tests.figures.test_drift import MARKUP, make_drifting_dataset, report
from tests.figures.test_figures import checked


@pytest.mark.parametrize("colours", [LIGHT, DARK])
@pytest.mark.parametrize("timed", [True, False])
def test_the_trajectory_and_the_distances(timed: bool, colours: Palette) -> None:
    dataset, found = make_drifting_dataset(timed), report(timed)
    events = read_user_events(dataset, build_feature_space(dataset), "anna")
    vectors = np.random.default_rng(0).normal(size=(120, 6)) + 3 * (np.arange(120) >= 60)[:, None]
    steps = [change.step for change in found.lasting]
    seen = measure_embedding_drift(vectors, events, steps)
    assert seen.trajectory is not None
    figure = checked(interest_trajectory(seen.trajectory, [("1", steps[0])], "Its way", colours))
    assert MARKUP not in figure.to_json(), "markup of the data is escaped"
    low, high = trajectory_bounds(seen.trajectory)
    assert figure.layout.xaxis.range == pytest.approx((low[0], high[0]))
    for step in (1, 60, 120):
        now = locate_on_trajectory(seen.trajectory, step)
        assert now is not None
        assert low[0] + now[0] * (high[0] - low[0]) == pytest.approx(seen.trajectory.path[step - 1, 0])
        assert high[1] - now[1] * (high[1] - low[1]) == pytest.approx(seen.trajectory.path[step - 1, 1])
    times = np.arange(120.0) if events.utc is None else events.utc
    lines = checked(
        gap_lines({"counted": measure_share_gap(events), MARKUP: seen.gap}, found, times, [("1", found.lasting[0].time)], colours)
    )
    assert MARKUP not in lines.to_json()
    assert len(lines.data) == 2 and len(lines.layout.shapes) == 2
    assert lines.data[1].y == pytest.approx(seen.gap.distances / seen.gap.expected, rel=1e-4)

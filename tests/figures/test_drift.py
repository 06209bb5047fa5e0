"""Figures of drift: valid by Plotly's schema, with marks at the changes, for any clock and without places."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from recsys.core import Dataset
from recsys.drift import DriftReport, build_feature_space, detect_drift
from recsys.drift.mobility import Anchor
from recsys.figures.drift import before_after_bars, calendar_map, drift_stream, hit_rate_line, hour_ridges, level_colours, locate_on_drift
from recsys.figures.maps import fit_map_view
from recsys.figures.mobility import movement_map
from recsys.figures.palette import DARK, LIGHT, Palette
from tests.conftest import build
from tests.figures.test_figures import checked

MARKUP = "<b>bars</b>"


def make_drifting_dataset(timed: bool = True) -> Dataset:
    """Half a timeline in one place among one category, the other half elsewhere."""
    items = [f"i{at}" for at in range(8)]
    table = pd.DataFrame(
        {"category": [MARKUP] * 4 + ["gym"] * 4, "latitude": [50.0] * 4 + [50.1] * 4, "longitude": [8.0] * 4 + [8.1] * 4}, index=items
    )
    pairs = [("anna", items[at % 4 + (4 if at >= 60 else 0)]) for at in range(120)]
    stamps: dict[str, Any] = {"timestamp": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(120) * 3, unit="D")}
    return build(pairs, name="drifting", items=table, **(stamps if timed else {}))


def report(timed: bool = True) -> DriftReport:
    dataset = make_drifting_dataset(timed)
    return detect_drift(dataset, build_feature_space(dataset), "anna")


@pytest.mark.parametrize("colours", [LIGHT, DARK])
@pytest.mark.parametrize("timed", [True, False])
def test_the_stream_marks_the_change(timed: bool, colours: Palette) -> None:
    found = report(timed)
    for view in found.levels:
        tints = level_colours(found, view, {MARKUP: "#123456"}, colours)
        figure = checked(drift_stream(found, view, "What the time went to", tints, colours))
        assert MARKUP not in figure.to_json(), "markup of the data is escaped"
        total = np.sum([trace.y for trace in figure.data], axis=0)
        assert total == pytest.approx(100, abs=1.5)
        lines = [shape for shape in figure.layout.shapes if shape.type == "line"]
        assert len(lines) == len(found.lasting) == 1
    assert locate_on_drift(found, found.window_edges[0]) == 0 and locate_on_drift(found, found.window_edges[-1]) == 1


def test_before_and_after_show_both_shares() -> None:
    found = report()
    figure = checked(before_after_bars(found.lasting[0], "category", found.levels["category"], "What", LIGHT))
    after, before = (dict(zip(trace.y, trace.x)) for trace in figure.data)
    assert after["gym"] > 95 > 5 > before["gym"]


def test_hours_and_days_are_drawn() -> None:
    found = report()
    checked(hour_ridges(found, LIGHT))
    assert int(np.sum(checked(calendar_map(found, "visit", LIGHT)).data[0].z)) == 120


def test_the_map_has_a_frame_for_every_window() -> None:
    dataset, found = make_drifting_dataset(), report()
    assert dataset.item_places is not None and found.places is not None
    drawn = movement_map(found, fit_map_view(dataset.item_places, found.places), 60, [], LIGHT)
    checked(drawn)
    assert len(drawn.frames) == 4 * len(found.window_counts) - 3, "four from one window to the next"
    shown = [len(frame.data[0].x) for frame in drawn.frames]
    assert shown[::4] == found.window_counts.tolist()
    assert [frame.name for frame in drawn.frames] == [step.args[0][0] for step in drawn.layout.sliders[0].steps]
    assert drawn.layout.updatemenus[0].buttons[0].args[1]["frame"]["duration"] == 90, "ten a second, with the wait for the repaint"
    assert all(go.Scatter(frame.data[0]) is not None for frame in drawn.frames)


def test_the_hit_rate_is_that_of_the_latest_twenty_steps() -> None:
    ranks = np.concatenate([np.ones(20), np.full(20, 99.0), [np.nan]])
    figure = checked(hit_rate_line(ranks, ["train"] * 30 + ["test"] * 10, [("1", 20, True)], "it", LIGHT))
    line = figure.data[0]
    assert line.y[19] == 100 and line.y[29] == pytest.approx(50) and line.y[39] == 0
    assert figure.layout.shapes[-1].x0 == 19.5


def test_the_dates_of_ridges_stand_left_of_the_hours() -> None:
    """In pixels, so that a narrow page does not push them into the ridges."""
    figure = hour_ridges(report(), LIGHT)
    assert figure.layout.xaxis.range == (0, 24.4)
    assert all(each.xref == "paper" and each.x == 0 and each.xanchor == "right" for each in figure.layout.annotations)
    assert figure.layout.margin.l >= 90


def test_a_name_near_the_right_edge_stands_to_the_left() -> None:
    dataset, found = make_drifting_dataset(), report()
    assert dataset.item_places is not None and found.places is not None
    view = fit_map_view(dataset.item_places, found.places)
    ends = [("home", Anchor(50.0, view.low[1], "", 0.5), False), ("work", Anchor(50.0, view.high[1], "", 0.5), True)]
    rings = movement_map(found, view, 60, ends, LIGHT).data[2]
    assert rings.textposition == ("middle right", "middle left")


def test_places_on_both_sides_of_the_date_line_lie_close_together() -> None:
    """Some kilometres apart, whatever the degrees: the view is not wider, and all marks lie in it."""
    found = report()
    assert found.places is not None
    east = 179.98 + 0.04 * (np.arange(120) % 2)
    places = np.column_stack([np.full(120, -17.0), np.where(east > 180, east - 360, east)])
    view = fit_map_view(np.array([[-17.0, 179.98], [-17.0, -179.98], [np.nan, np.nan]]), places)
    assert 3 <= view.kilometres < 20
    ends = [("home", Anchor(-17.0, 179.98, "", 0.5), False), ("work", Anchor(-17.0, -179.98, "", 0.5), True)]
    drawn = movement_map(replace(found, places=places), view, 60, ends, LIGHT)
    for trace in (*drawn.data[:4], *drawn.frames[0].data):
        known = np.asarray(trace.x, dtype=float)
        assert ((known >= view.low[1] - 1e-3) & (known <= view.high[1] + 1e-3)).all()
    assert np.abs(drawn.data[2].x[1] - drawn.data[2].x[0]) == pytest.approx(0.04)


def test_the_map_of_one_moment_and_of_places_not_known() -> None:
    dataset = make_drifting_dataset()
    at_once = detect_drift(dataset, build_feature_space(dataset), "anna")
    assert dataset.item_places is not None and at_once.places is not None
    places = at_once.places.copy()
    places[:30] = np.nan
    gone = replace(at_once, places=places)
    drawn = movement_map(gone, fit_map_view(dataset.item_places, places[30:]), None, [], LIGHT)
    assert [len(frame.data[0].x) for frame in drawn.frames[:8:4]] == [0, 0], "nothing is known of the first weeks"
    still = replace(
        at_once, window=np.zeros(120, int), position=np.zeros(120), window_counts=np.array([120]), window_edges=np.array([0.0, 1.0])
    )
    assert [
        len(frame.data[0].x) for frame in movement_map(still, fit_map_view(dataset.item_places, places[30:]), None, [], LIGHT).frames
    ] == [120]

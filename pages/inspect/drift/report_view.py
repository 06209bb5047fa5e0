"""Charts of a drift report: the stream of interest, shares before and after a change, mobility, and the hit rate of the model."""

import numpy as np
import streamlit as st

from pages import cache
from pages.inspect.drift.adaptation_text import adaptation_html
from pages.inspect.drift.report_text import ANCHOR_NAMES, NamedAnchor, mobility_html
from pages.shell import keyboard
from pages.shell.cursor import Cursor
from pages.ui import charts, html, theme
from pages.ui.errors import error_boundary
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.drift import Change, DriftReport
from recsys.drift.detection.event_features import read_user_events
from recsys.drift.mobility import Anchor, measure_mobility
from recsys.drift.report_wording import STREAM_TITLES, VIEW_OF_KIND, choosable_views, stream_text
from recsys.figures.drift import (
    STREAM,
    before_after_bars,
    calendar_map,
    drift_stream,
    hit_rate_line,
    hour_ridges,
    level_colours,
    locate_on_drift,
)
from recsys.figures.mobility import movement_map
from recsys.models import find_model_spec

PAIR_TITLES = {"category": N_("Categories"), "area": N_("Areas"), "hour": N_("Hours")}


def draw_stream(here: Cursor, report: DriftReport, main: Change | None, scene: str) -> None:
    """Draw the stream of one view, at first of the one that shows the main change best."""
    views = choosable_views(report)
    default = VIEW_OF_KIND.get(main.kind, "category") if main is not None else "category"
    view = default if default in views else next(iter(views))
    if len(views) > 1:
        view = st.segmented_control(
            _("View"), list(views), default=view, required=True,
            format_func=views.__getitem__, key=f"drift_view_{here.dataset.name}_{here.user}", label_visibility="collapsed",
        )  # fmt: skip
    colours = theme.theme_palette()
    tints = level_colours(report, view, cache.category_tints(here.dataset, colours), colours)
    with st.container(key="stream_box"):
        figure = drift_stream(report, view, _(STREAM_TITLES[view]), tints, colours)
        charts.chart(figure, key="drift_stream", alt=stream_text(report, view))
        keyboard.part("now_on_drift", cursor_html(here, report, here.step), scene)


def cursor_html(here: Cursor, report: DriftReport, step: int) -> str:
    """Return the cursor as a line over the stream, as HTML; empty where its time is not known."""
    moment = _moment_of(here, report, step)
    return "" if moment is None else html.now_over(STREAM, locate_on_drift(report, moment))


def _moment_of(here: Cursor, report: DriftReport, step: int) -> float | None:
    """Return the time of the next event, of the last one at the end, or the step for data without times; None where it is not known."""
    if report.clock == "steps":
        return float(step)
    times = here.history.times
    if times is None or not len(times):
        return None
    moment = float(times[min(step, len(times) - 1)])
    return moment if np.isfinite(moment) else None


def draw_change(report: DriftReport, main: Change) -> None:
    """Draw the shares before and after the change in the two views that changed most; three would not fit a narrow screen."""
    views = [name for name in choosable_views(report) if main.before[name].any() or main.after[name].any()]
    views = sorted(views, key=lambda name: -main.sizes[name])[:2]
    for column, name in zip(st.columns(len(views), gap="medium"), views, strict=True):
        with column:
            title = _(PAIR_TITLES[name])
            figure = before_after_bars(main, name, report.levels[name], title, theme.theme_palette())
            charts.chart(figure, key=f"pairs_{name}", alt=_("{view}: {change}", view=title, change=main.words))


def draw_mobility(here: Cursor, report: DriftReport, main: Change | None) -> None:
    """Draw numbers, map and hours; events apart before and after a lasting change, home and work too where it is a move."""
    lasting = main if main is not None and main.kind != "temporary" else None
    is_move = lasting is not None and lasting.kind == "place"
    anchors = _find_anchors(here, report, lasting if is_move else None)
    colours = theme.theme_palette()
    if report.mobility.gap is not None or report.mobility.radius is not None:
        st.html(mobility_html(report, anchors))
    if report.times is None and report.places is None:
        return
    left, right = st.columns([11, 10], gap="medium")
    with left:
        view = cache.map_view(here.dataset, here.user)
        if view is not None and report.places is not None and len(report.mobility.path):
            named = [(_(ANCHOR_NAMES[kind, side]), each, is_move and side != "before") for kind, side, each in anchors]
            figure = movement_map(report, view, lasting.step if lasting else None, named, colours)
            charts.chart(figure, key="movement", alt=_("Map of all events, home and work, and the centre of every four weeks."))
            st.caption(
                _(
                    "Orange: the period on the slider; the line connects the centres of the periods. Rings: home (from evenings and nights) "
                    "and work (from working hours)."
                )
            )
    with right:
        if report.times is not None and len(report.times) > 1:
            charts.chart(hour_ridges(report, colours), key="ridges", alt=_("Hours of the day, by period."))
            charts.chart(calendar_map(report, here.dataset.noun, colours), key="calendar", alt=_("Number of events on every day."))


def draw_hit_rate(here: Cursor, report: DriftReport) -> None:
    """Draw the hit rate of the cursor's model along the timeline, and its course around each lasting change."""
    with error_boundary():
        replay = cache.replay_part(here.dataset, here.model, here.user, here.device, here.step)
        model = find_model_spec(cache.checkpoints(here.dataset)[here.model].card.model).title
        marks = [(str(number), change.step, change.kind != "temporary") for number, change in enumerate(report.changes, start=1)]
        marks = [mark for mark in marks if replay.is_whole or mark[1] in replay.steps]
        figure = hit_rate_line(replay.ranks, [str(each) for each in replay.splits], marks, model, theme.theme_palette(), replay.first)
        charts.chart(figure, key="hits", alt=_("Hit rate of {model} along the timeline.", model=model))
        if not replay.is_whole:
            st.caption(
                _(
                    "Hit rate at events {first} to {last} of {total}, the part around this step; of the changes, those in it.",
                    first=format_number(replay.first + 1),
                    last=format_number(replay.first + len(replay.item_ids)),
                    total=format_number(replay.length),
                )
            )
        elif text := adaptation_html(report, replay.ranks, replay.splits, model):
            st.html(text)


def _find_anchors(here: Cursor, report: DriftReport, move: Change | None) -> list[NamedAnchor]:
    """Return home and work where they are known; of a move, those before and after it, as one where they stayed."""
    if move is None:
        anchors = [("home", "", report.mobility.home), ("work", "", report.mobility.work)]
    else:
        space = cache.feature_space(here.dataset)
        events = read_user_events(here.dataset, space, here.user)
        before = measure_mobility(events, space, report.window, 0, move.step)
        after = measure_mobility(events, space, report.window, move.step)
        anchors = [*_sides("home", before.home, after.home), *_sides("work", before.work, after.work)]
    return [(kind, side, anchor) for kind, side, anchor in anchors if anchor is not None]


def _sides(kind: str, before: Anchor | None, after: Anchor | None) -> list[tuple[str, str, Anchor | None]]:
    if before is not None and after is not None and before.area == after.area and _are_close(before, after):
        return [(kind, "", after)]
    return [(kind, "before", before), (kind, "after", after)]


def _are_close(one: Anchor, other: Anchor) -> bool:
    return abs(one.latitude - other.latitude) < 0.007 and abs(one.longitude - other.longitude) < 0.01

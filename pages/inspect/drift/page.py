"""How one person's interest moved through time and space, where it changed, and what that did to the model."""

from collections.abc import Iterable

import streamlit as st

from pages import cache
from pages.inspect.drift import embedding_drift, population, report_view
from pages.shell import cursor, keyboard
from pages.ui import charts, html, theme
from pages.ui.errors import error_boundary, escape_markdown
from recsys.drift import Change
from recsys.drift.embedding_drift import Trajectory
from recsys.figures.drift import before_after, calendar_map, drift_stream, hit_line, hour_ridges, tints_of
from recsys.figures.mobility import movement_map
from recsys.models import MODELS

here = cursor.current_cursor()
dataset, colours = here.dataset, theme.theme_palette()
report = cache.drift_report(dataset, here.user)
views = report_view.views_of(report)
scene = embedding_drift.scene(here)


def chart(figure: object, key: str, words: str) -> None:
    charts.chart(figure, key=key, alt=words)


def draw_stream(main: Change | None) -> None:
    default = report_view.MAIN.get(main.kind, "category") if main is not None else "category"
    view = default if default in views else next(iter(views))
    if len(views) > 1:
        view = st.segmented_control(
            "Counted by", list(views), default=view, required=True,
            format_func=views.__getitem__, key=f"drift_view_{here.dataset.name}_{here.user}", label_visibility="collapsed",
        )  # fmt: skip
    tints = tints_of(report, view, cache.category_tints(dataset, colours), colours)
    with st.container(key="stream_box"):
        chart(
            drift_stream(report, view, report_view.STREAMS[view], tints, colours), "drift_stream", report_view.stream_in_words(report, view)
        )
        keyboard.part("now_on_drift", report_view.now_html(here, report, here.step), scene)


def draw_change(main: Change) -> None:
    pairs = [name for name in views if main.before[name].any() or main.after[name].any()]
    pairs = sorted(pairs, key=lambda name: -main.sizes[name])[:2]  # three would not fit a narrow screen
    for column, name in zip(st.columns(len(pairs), gap="medium"), pairs, strict=True):
        with column:
            title = {"category": "What", "area": "Where", "hour": "When"}[name]
            chart(before_after(main, name, report.levels[name], title, colours), f"pairs_{name}", f"{title}: {main.words}")


def draw_space(main: Change | None) -> None:
    """Numbers, map and hours; events apart before and after what lasted, home and work where it was a move."""
    lasting = main if main is not None and main.kind != "temporary" else None
    anchors = report_view.anchors(here, report, lasting if lasting is not None and lasting.kind == "place" else None)
    if report.space.gap is not None or report.space.radius is not None:
        st.html(report_view.facts(report, anchors))
    if report.times is None and report.places is None:
        return
    left, right = st.columns([11, 10], gap="medium")
    with left:
        view = cache.map_view(dataset, here.user)
        if view is not None and report.places is not None and len(report.space.path):
            found = movement_map(report, view, lasting.step if lasting else None, anchors, colours)
            chart(found, "movement", "The places of all events, home and work, and the middle of every four weeks.")
            st.caption(
                "Orange: the stretch of time on the slider. Its middle draws the line. Rings: home, by evenings and nights, and working days."
            )
    with right:
        if report.times is not None and len(report.times) > 1:
            chart(hour_ridges(report, colours), "ridges", "The hours of the day in stretches of time.")
            chart(calendar_map(report, dataset.noun, colours), "calendar", "Events on every day.")


def draw_model() -> None:
    with error_boundary():
        replay = cache.replay(dataset, here.model, here.user, here.device)
        ranks = replay.ranks
        model = MODELS[cache.checkpoints(dataset)[here.model].card.model].title
        marks = [(str(number), change.step, change.kind != "temporary") for number, change in enumerate(report.changes, start=1)]
        chart(
            hit_line(ranks, [str(each) for each in replay.splits], marks, model, colours),
            "hits",
            f"The share of hits of {model} along the timeline.",
        )
        said = report_view.consequences(report, ranks, replay.splits, model)
        if said:
            st.html(said)


def frames(wanted: Iterable[int]) -> dict[int, dict[str, str]]:
    """The cursor on the pictures at each of these steps."""
    return {
        step: {
            "now_on_drift": report_view.now_html(here, report, step),
            **{f"now_on_{name}": embedding_drift.now_html(way, step) for name, way in ways.items()},
        }
        for step in wanted
    }


st.title(escape_markdown(f"How {cache.user_name(dataset, here.user)}’s interest moved"))
html.lead(report_view.lead(report, dataset.noun))
if len(here.history) and views:
    main = report_view.main_of(report)
    draw_stream(main)
    if report.changes:
        st.html(report_view.cards(report))
    st.caption(report_view.footnote(report))
    if main is not None and main.kind not in ("novelty", "return"):  # where kinds, areas and hours are as before
        draw_change(main)
    draw_space(main)
    ways: dict[str, Trajectory] = {}
    with error_boundary():
        ways = embedding_drift.draw(here, report, scene)
    draw_model()
    with error_boundary():
        population.draw_forecast(here, report)
    keyboard.walk(frames, scene)
else:
    st.info("Nothing is known of what this person’s events are about. Take another person or dataset.")
population.draw_population(here, report)

"""How one person's interest moved through time and space, where it changed, and what that did to the model."""

from collections.abc import Iterable

import streamlit as st

from pages import angles, cursor, drifting, everybody, loaders, look, steps
from pages.boundary import boundary, plain
from recsys.drift import Change
from recsys.drift.trajectory import Trajectory
from recsys.figures.drift import before_after, calendar_map, drift_stream, hit_line, hour_ridges, tints_of
from recsys.figures.movement import movement_map
from recsys.models import MODELS

here = cursor.now()
dataset, colours = here.dataset, look.colours()
report = loaders.drift(dataset, here.user)
views = drifting.views_of(report)
scene = angles.scene(here)


def chart(figure: object, key: str, words: str) -> None:
    look.chart(figure, key=key, alt=words)


def draw_stream(main: Change | None) -> None:
    default = drifting.MAIN.get(main.kind, "category") if main is not None else "category"
    view = default if default in views else next(iter(views))
    if len(views) > 1:
        view = st.segmented_control(
            "Counted by", list(views), default=view, required=True,
            format_func=views.__getitem__, key=f"drift_view_{here.dataset.name}_{here.user}", label_visibility="collapsed",
        )  # fmt: skip
    tints = tints_of(report, view, loaders.category_tints(dataset, colours), colours)
    with st.container(key="stream_box"):
        chart(drift_stream(report, view, drifting.STREAMS[view], tints, colours), "drift_stream", drifting.stream_in_words(report, view))
        steps.part("now_on_drift", drifting.now_html(here, report, here.step), scene)


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
    anchors = drifting.anchors(here, report, lasting if lasting is not None and lasting.kind == "place" else None)
    if report.space.gap is not None or report.space.radius is not None:
        st.html(drifting.facts(report, anchors))
    if report.times is None and report.places is None:
        return
    left, right = st.columns([11, 10], gap="medium")
    with left:
        view = loaders.map_view(dataset, here.user)
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
    with boundary():
        replay = loaders.replay(dataset, here.model, here.user, here.device)
        ranks = replay.ranks
        model = MODELS[loaders.checkpoints(dataset)[here.model].card.model].title
        marks = [(str(number), change.step, change.kind != "temporary") for number, change in enumerate(report.changes, start=1)]
        chart(
            hit_line(ranks, [str(each) for each in replay.splits], marks, model, colours),
            "hits",
            f"The share of hits of {model} along the timeline.",
        )
        said = drifting.consequences(report, ranks, replay.splits, model)
        if said:
            st.html(said)


def frames(wanted: Iterable[int]) -> dict[int, dict[str, str]]:
    """The cursor on the pictures at each of these steps."""
    return {
        step: {
            "now_on_drift": drifting.now_html(here, report, step),
            **{f"now_on_{name}": angles.now_html(way, step) for name, way in ways.items()},
        }
        for step in wanted
    }


st.title(plain(f"How {loaders.person_name(dataset, here.user)}’s interest moved"))
look.lead(drifting.lead(report, dataset.noun))
if len(here.history) and views:
    main = drifting.main_of(report)
    draw_stream(main)
    if report.changes:
        st.html(drifting.cards(report))
    st.caption(drifting.footnote(report))
    if main is not None and main.kind not in ("novelty", "return"):  # where kinds, areas and hours are as before
        draw_change(main)
    draw_space(main)
    ways: dict[str, Trajectory] = {}
    with boundary():
        ways = angles.draw(here, report, scene)
    draw_model()
    with boundary():
        everybody.draw_forecast(here, report)
    steps.walk(frames, scene)
else:
    st.info("Nothing is known of what this person’s events are about. Take another person or dataset.")
everybody.draw_population(here, report)

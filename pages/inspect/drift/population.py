"""The two parts of the page on drift that are asked for: what everybody's interest does, and what the model expects of a day."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import streamlit as st

from pages import cache
from pages.inspect.drift import model_impact
from pages.shell import cursor
from pages.shell.cursor import Cursor
from pages.ui import charts, html, theme
from pages.ui.errors import escape_markdown
from recsys.core import Traces
from recsys.drift import DriftReport
from recsys.figures.population import distance_line, forecast_map, gain_bars
from recsys.models import MODELS

AREAS = 10


def draw_population(here: Cursor, report: DriftReport) -> None:
    """What rises and falls, how far from the beginning, and how many people changed."""
    if not st.toggle("How everybody’s interest moves", key="drift_everybody"):
        return
    if here.dataset.times is None:
        st.info("This data knows the order of events but not their times, so nobody knows what everybody did at the same time.")
    else:
        _draw_shares(here, report)
    _cohort(here)


def _draw_shares(here: Cursor, report: DriftReport) -> None:
    """What rises and falls and how far from the beginning, for kinds and areas."""
    colours, drawn = theme.theme_palette(), []
    for view, what in (("category", "Groups" if report.clustered else "Kinds"), ("area", "Areas")):
        if report.levels.get(view):
            found = cache.population(here.dataset, view)
            drawn.append((gain_bars(found, what, colours), f"gains_{view}", f"{what} that rise and fall."))
            drawn.append(
                (distance_line(found, what, colours), f"far_{view}", f"How far the shares of {what.lower()} are from the first period.")
            )
    for at in range(0, len(drawn), 2):
        for column, (figure, key, words) in zip(st.columns(2, gap="medium"), drawn[at : at + 2], strict=False):
            with column:
                charts.chart(figure, key=key, alt=words)
    st.caption(
        "Left: by how much a share of all events grew or shrank from the first third of the time to the last. Right: how unlike each stretch of time is to the first, measured in two "
        "ways: blue from 0, the same, to 1, nothing in common (Jensen-Shannon); grey as industry does it, where above 0.1 is worth a look "
        "and above 0.25 is another crowd (population stability index). Bands and thin bars: 95 % if other people had been watched."
    )


def _cohort(here: Cursor) -> None:
    """How many changed, and the ten with the largest change; computed for everybody once, with progress."""
    counted = cache.cohort(here.dataset)
    if counted is None:
        seconds = len(here.dataset.user_ids) // 15
        st.caption(
            f"How many of the {len(here.dataset.user_ids):,} people changed is not counted yet; it takes about {max(seconds, 1):,} seconds."
        )
        if not st.button("Look at everybody", key="look_at_everybody"):
            return
        with charts.progress("Looking at everybody", lambda done, total: f"{done:,} of {total:,} people") as report:
            for done, _ in enumerate(cache.detect_drift_of_everyone(here.dataset), start=1):
                if done % 10 == 0:
                    report(done, len(here.dataset.user_ids))
        counted = cache.cohort(here.dataset)
    if counted is None:
        return
    people, strongest = counted
    st.html(f'<p class="rs-quiet"><b>{people:,} of {len(here.dataset.user_ids):,} people</b> have a lasting change. The largest:</p>')
    for user, words in strongest:
        left, right = st.columns([1, 4], vertical_alignment="center")
        left.button(
            escape_markdown(cache.user_name(here.dataset, user)),
            key=f"cohort_{user}",
            on_click=cursor.move_cursor,
            kwargs={"user": user},
            width="stretch",
        )
        right.html(f'<p class="rs-quiet">{html.escape_html(words)}</p>')
    model_impact.draw(here)


def draw_forecast(here: Cursor, report: DriftReport) -> None:
    """Hour by area, for the cursor's day and another, by models that are told the time and give probabilities."""
    found = cache.loaded(here.dataset, here.model, here.device) if here.trained else None
    able = found is not None and isinstance(found.model, Traces) and "time" in MODELS[found.card.model].aware
    if not able or found is None or "area" not in report.levels or here.history.times is None or not here.step:
        return
    if not st.toggle("Where the model expects them, hour by hour", key="drift_forecast"):
        return
    offset, today = _today(here)
    other = st.date_input(
        "Beside it, the day", today + timedelta(days=(5 - today.weekday()) % 7 or 7), key=f"forecast_{here.user}_{here.step}"
    )
    days = [today, other]
    moments = [datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() - offset * 60 for day in days]
    maps = [cache.forecast(here.dataset, found, here.user, here.step, moment, offset) for moment in moments]
    shown = np.argsort(-sum(each.shares.sum(axis=0) for each in maps), kind="stable")[:AREAS].tolist()
    highest = max(float(each.shares[:, shown].max()) for each in maps)
    for column, day, each in zip(st.columns(2, gap="medium"), days, maps, strict=True):
        title = f"{day:%A} {day.day} {day:%B %Y}"
        with column:
            charts.chart(forecast_map(each, shown, highest, title, theme.theme_palette()), key=f"forecast_{day}_{day is other}", alt=title)
    st.caption(
        "Darker: a greater part of the model’s list, by its own probabilities, lies there at that hour. Asked after the cursor’s step, from the place of the last event."
    )


def _today(here: Cursor) -> tuple[float, date]:
    """The clock's minutes ahead of UTC and the day, at the cursor."""
    history, at = here.history, min(here.step, len(here.history) - 1)
    assert history.times is not None
    offset = 0.0 if history.utc_offsets is None or not np.isfinite(history.utc_offsets[at]) else float(history.utc_offsets[at])
    known = history.times[np.isfinite(history.times)]
    moment = float(history.times[at]) if np.isfinite(history.times[at]) else float(known[-1])
    return offset, datetime.fromtimestamp(moment + offset * 60, tz=UTC).date()

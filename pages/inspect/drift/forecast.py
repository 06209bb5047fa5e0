"""Forecast of areas by hour, for the cursor's day and another one, by a model that uses time."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import charts, theme
from recsys.core.formatting import format_weekday_date
from recsys.core.translation import _
from recsys.drift import DriftReport
from recsys.figures.population import forecast_map
from recsys.models import find_model_spec

SHOWN = 10  # areas


def draw(here: Cursor, report: DriftReport) -> None:
    """Draw hour by area, on request, where the model uses time and gives probabilities."""
    loaded = cache.loaded(here.dataset, here.model, here.device) if here.trained else None
    if loaded is None:
        return
    spec = find_model_spec(loaded.card.model)
    if not (spec.gradient or spec.parts) or "time" not in spec.aware:
        return
    if "area" not in report.levels or here.history.times is None or not here.step:
        return
    if not st.toggle(_("Forecast of areas by hour"), key="drift_forecast"):
        return
    offset, today = _find_today(here)
    next_weekend = today + timedelta(days=(5 - today.weekday()) % 7 or 7)
    other = st.date_input(_("Day to compare with"), next_weekend, key=f"forecast_{here.user}_{here.step}")
    days = [today, other]
    moments = [datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() - offset * 60 for day in days]
    forecasts = [cache.forecast(here.dataset, loaded, here.user, here.step, moment, offset) for moment in moments]
    shown = np.argsort(-sum(each.shares.sum(axis=0) for each in forecasts), kind="stable")[:SHOWN].tolist()
    highest = max(float(each.shares[:, shown].max()) for each in forecasts)
    for column, day, each in zip(st.columns(2, gap="medium"), days, forecasts, strict=True):
        title = format_weekday_date(day)
        with column:
            figure = forecast_map(each, shown, highest, title, theme.theme_palette())
            charts.chart(figure, key=f"forecast_{day}_{day is other}", alt=_("Forecast for {day}, areas by hour.", day=title))
    st.caption(
        _(
            "Stronger colour: the model gives a larger share of its probability to items in that area at that hour. The forecast is made at the "
            "current step, from the place of the last event."
        )
    )


def _find_today(here: Cursor) -> tuple[float, date]:
    """Return the clock's minutes ahead of UTC and the day, at the cursor."""
    history, at = here.history, min(here.step, len(here.history) - 1)
    assert history.times is not None
    offset = 0.0 if history.utc_offsets is None or not np.isfinite(history.utc_offsets[at]) else float(history.utc_offsets[at])
    known = history.times[np.isfinite(history.times)]
    moment = float(history.times[at]) if np.isfinite(history.times[at]) else float(known[-1])
    return offset, datetime.fromtimestamp(moment + offset * 60, tz=UTC).date()

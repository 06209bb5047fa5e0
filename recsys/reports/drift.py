"""The section about the drift of the user's interest."""

from collections.abc import Mapping
from typing import Any

from recsys.core.translation import _
from recsys.drift import DriftReport, FeatureSpace, detect_drift
from recsys.drift.report_wording import (
    STREAM_TITLES,
    VIEW_OF_KIND,
    choosable_views,
    describe_evidence,
    describe_report,
    footnote,
    main_change,
    stream_text,
)
from recsys.figures.drift import drift_stream, level_colours
from recsys.figures.palette import LIGHT
from recsys.reports.sections import Figure, Section, make_figure
from recsys.reports.step import Step


def make_drift_section(here: Step, space: FeatureSpace, settings: Mapping[str, Any]) -> Section:
    """Return the changes of the user's interest in words with their evidence, and the stream of the kept view."""
    report = detect_drift(here.dataset, space, here.user)
    has_views = bool(len(here.history) and choosable_views(report))
    return Section(
        "drift",
        _("Drift of interest"),
        lead=describe_report(report, here.dataset.noun),
        figures=(_draw_stream(here, report, settings),) if has_views else (),
        points=tuple((each.heading, each.sentence, " · ".join(each.facts)) for each in describe_evidence(report)),
        notes=(footnote(report),) if has_views else (),
    )


def _draw_stream(here: Step, report: DriftReport, settings: Mapping[str, Any]) -> Figure:
    views, main = choosable_views(report), main_change(report)
    kept = settings.get(f"drift_view_{here.dataset.name}_{here.user}")
    default = VIEW_OF_KIND.get(main.kind, "category") if main is not None else "category"
    view = next(each for each in (kept, default, *views) if each in [*views])  # a list, since what was kept may be any JSON value
    tints = level_colours(report, view, here.tints, LIGHT)
    return make_figure("interest", drift_stream(report, view, _(STREAM_TITLES[view]), tints, LIGHT), stream_text(report, view))

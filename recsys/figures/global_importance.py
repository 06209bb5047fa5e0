"""A model in general: effects of past events by kind of event, and of one category on another."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import plotly.graph_objects as go

from recsys.core.formatting import format_fixed, format_share
from recsys.core.nouns import count_events
from recsys.core.translation import N_, _
from recsys.explain.global_.global_importance import BEHAVIOUR, GlobalImportance, ImportanceLine
from recsys.figures.chart import Chart, axis_title, shorten_label
from recsys.figures.palette import Palette, escape_label, mix_colours

DOTS = 160  # drawn in a row; more would only be darker
ROW = 30
UNIT = N_("drop of the score without the event, in standard deviations of all scores")


def beeswarm(importance: GlobalImportance, lines: Sequence[ImportanceLine], colours: Palette, seed: int = 0) -> go.Figure:
    """A row for each value of each feature: a dot for each event, a mark at the mean with its 95 % interval.

    The outermost half percent of the dots at either end stands at the edge.
    """
    groups = [(feature, list(each)) for feature, each in groupby(lines, key=lambda line: line.feature)]
    figure = Chart(_("Effect of past events on the score, by kind of event"), colours, 90 + ROW * (len(lines) + len(groups)))
    random, at, ticks, labels = np.random.default_rng(seed), 0, [], []
    low, high = np.quantile(importance.values, [0.005, 0.995])
    left, right = min([low, *(line.low for line in lines)]), max([high, *(line.high for line in lines)])
    room = max(float(right - left), 1e-6)
    for feature, values in groups:
        ticks.append(at)
        labels.append(f"<b>{escape_label(_(feature))}</b>")
        note = _("explains {share} of the variance", share=format_share(importance.importance(feature)))
        figure.add_annotation(
            xref="paper", x=1, xanchor="right", yref="y", y=at, text=note, showarrow=False, font=dict(size=12, color=colours.quiet)
        )
        for line in values:
            at += 1
            ticks.append(at)
            labels.append(_level_label(line))
            _add_row(figure, importance, line, at, (float(low), float(high)), random, colours)
        at += 1
    figure.add_shape(type="line", xref="x", yref="paper", x0=0, x1=0, y0=0, y1=1, line=dict(color=colours.faint, width=1), layer="below")
    figure.update_xaxes(range=[left - 0.05 * room, right + 0.05 * room], nticks=7, title=axis_title(_(UNIT), colours))
    figure.update_yaxes(
        tickvals=ticks, ticktext=labels, range=[at - 0.4, -0.8], tickfont=dict(color=colours.text, size=13), showline=False, automargin=True
    )
    figure.update_layout(margin=dict(l=170, r=10, t=40, b=50))
    return figure.to_figure()


def _add_row(
    figure: Chart,
    importance: GlobalImportance,
    line: ImportanceLine,
    at: int,
    ends: tuple[float, float],
    random: np.random.Generator,
    colours: Palette,
) -> None:
    codes, names = importance.features[line.feature]
    values = importance.values[codes == names.index(line.name)]
    shown = values if len(values) <= DOTS else random.choice(values, DOTS, replace=False)
    figure.add_trace(
        dict(
            type="scatter", mode="markers", x=np.clip(shown, *ends).astype(np.float32),
            y=(at + 0.28 * (2 * random.random(len(shown)) - 1)).astype(np.float32),
            marker=dict(size=5, color=[colours.accent if value > 0 else colours.miss for value in shown], opacity=0.6), hoverinfo="skip",
        )
    )  # fmt: skip
    mean, low, high = (format_fixed(value, 3, sign=True) for value in (line.mean, line.low, line.high))
    events = count_events(line.events, "event")
    text = _("{name}: {mean} [{low}, {high}] on average of {events}", name=_level_label(line), mean=mean, low=low, high=high, events=events)
    figure.add_trace(
        dict(
            type="scatter", mode="markers", x=[line.mean], y=[at], text=[text], hovertemplate="%{text}<extra></extra>",
            marker=dict(symbol="line-ns", size=17, line=dict(width=3.5, color=colours.text)),
            error_x=dict(type="data", symmetric=False, array=[line.high - line.mean], arrayminus=[line.mean - line.low], color=colours.text, thickness=1.3, width=3),
        )
    )  # fmt: skip


def _level_label(line: ImportanceLine) -> str:
    """The level of a line; only behaviours come from data and are not translated."""
    return escape_label(line.name if line.feature == BEHAVIOUR else _(line.name))


def category_map(names: Sequence[str], means: np.ndarray, colours: Palette) -> go.Figure:
    """Heat map of the mean effect of an event of a row's category on a recommendation of a column's.

    Blue raises the score, orange lowers it, empty cells hold too few events.
    """
    figure = Chart(_("Effect of an event’s category on the recommended category"), colours, 150 + 32 * len(names))
    largest = max(float(np.nanmax(np.abs(means), initial=0.0)), 1e-9)
    scale = [[0, colours.miss], [0.5, mix_colours(colours.surface, colours.background, 0.5)], [1, colours.accent]]
    short = [shorten_label(name, 22) for name in names]
    template, few = _("event: {event}<br>recommended: {recommended}<br>effect: {effect}"), _("too few events")
    positions = list(range(len(names)))
    figure.add_trace(
        dict(
            type="heatmap", z=_signed_roots(means, largest), x=positions, y=positions, colorscale=scale, zmin=-1, zmax=1, showscale=False, xgap=2, ygap=2,
            text=[
                [
                    template.format(event=row, recommended=column, effect=few if np.isnan(means[r, c]) else format_fixed(means[r, c], 3, sign=True))
                    for c, column in enumerate(short)
                ]
                for r, row in enumerate(short)
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(
        tickvals=positions,
        ticktext=short,
        tickangle=-40,
        side="bottom",
        showline=False,
        title=axis_title(_("category of the recommended item"), colours),
    )
    figure.update_yaxes(
        tickvals=positions,
        ticktext=short,
        autorange="reversed",
        showline=False,
        title=axis_title(_("category of the event"), colours),
        automargin=True,
    )
    figure.update_layout(margin=dict(l=150, r=10, t=40, b=120))
    return figure.to_figure()


def _signed_roots(means: np.ndarray, largest: float) -> np.ndarray:
    """Square roots with their signs, so that small effects are seen beside the large ones of a category on itself."""
    return np.asarray(np.sign(means) * np.sqrt(np.abs(means) / largest))

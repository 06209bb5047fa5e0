"""A model in general by its boosted surrogate: Shapley values of named features, one feature in detail, and interactions."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recsys.core.formatting import format_fixed, format_number
from recsys.core.translation import N_, _
from recsys.explain.global_.boosted_surrogate import BoostedSurrogate
from recsys.explain.global_.item_features import NEVER, TITLES
from recsys.figures.chart import Chart, axis_title
from recsys.figures.palette import Palette, escape_label, mix_colours

DOTS = 400  # drawn in a row
ROW = 54
UNIT = N_("contribution to the score, in standard deviations of the scores of a case")


def shap_beeswarm(found: BoostedSurrogate, colours: Palette, seed: int = 0) -> go.Figure:
    """A row of dots for each feature, the most important first: contributions for items, coloured by the feature from low to high."""
    order = np.argsort(-found.importance, kind="stable")
    figure = Chart(_("Contribution of each feature to the score of an item"), colours, 90 + ROW * len(order))
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(found.values))[:DOTS]
    low, high = np.quantile(found.values[chosen], [0.002, 0.998])
    for row, feature in enumerate(order):
        values = found.values[chosen, feature]
        figure.add_trace(
            dict(
                type="scatter", mode="markers", x=np.clip(values, low, high).astype(np.float32),
                y=(row + _spread(np.clip(values, low, high), random)).astype(np.float32), hoverinfo="skip",
                marker=dict(size=5, opacity=0.75, color=_ranks(found.data[chosen, feature]), cmin=0, cmax=1, colorscale=_scale(colours)),
            )
        )  # fmt: skip
    figure.add_shape(type="line", xref="x", yref="paper", x0=0, x1=0, y0=0, y1=1, line=dict(color=colours.faint, width=1), layer="below")
    figure.update_xaxes(nticks=7, title=axis_title(_(UNIT), colours))
    figure.update_yaxes(
        tickvals=list(range(len(order))), ticktext=[_wrap(_(TITLES[found.features[each]])) for each in order],
        range=[len(order) - 0.45, -0.55], tickfont=dict(color=colours.text, size=13), showline=False, automargin=True,
    )  # fmt: skip
    figure.update_layout(margin=dict(l=190, r=10, t=40, b=50))
    return figure.to_figure()


def shap_dependence(found: BoostedSurrogate, feature: int, colours: Palette, seed: int = 0) -> go.Figure:
    """Contributions of one feature by its value, coloured by the feature that it interacts with most; "never" and unknown stand at the right."""
    partner = found.strongest_partner(feature)
    chosen = np.random.default_rng(seed).permutation(len(found.values))[: 4 * DOTS]
    x, is_never = _place_never(found.data[chosen, feature])
    figure = Chart(_("Contribution of one feature by its value"), colours, 340)
    marker = dict(size=5, opacity=0.75, color=colours.accent)
    if partner is not None:
        marker |= dict(color=_ranks(found.data[chosen, partner]), cmin=0, cmax=1, colorscale=_scale(colours))
    figure.add_trace(
        dict(type="scatter", mode="markers", x=x, y=found.values[chosen, feature].astype(np.float32), marker=marker, hoverinfo="skip")
    )
    figure.add_shape(type="line", xref="paper", yref="y", x0=0, x1=1, y0=0, y1=0, line=dict(color=colours.faint, width=1), layer="below")
    figure.update_xaxes(title=axis_title(_(TITLES[found.features[feature]]), colours), nticks=8)
    if is_never.any():
        ticks = _round_ticks(x[~is_never])
        figure.update_xaxes(tickvals=[*ticks, float(x[is_never][0])], ticktext=[*map(format_number, ticks), _("none")])
    figure.update_yaxes(title=axis_title(_("contribution"), colours), nticks=6)
    figure.update_layout(margin=dict(l=60, r=10, t=40, b=50))
    return figure.to_figure()


def shap_interactions(found: BoostedSurrogate, colours: Palette) -> go.Figure:
    """Heat map of mean absolute interaction values of pairs of features; the diagonal, what each does alone, is left out."""
    order = np.argsort(-found.importance, kind="stable")
    shown = found.interactions[np.ix_(order, order)].copy()
    shown[np.triu_indices(len(order))] = np.nan  # a pair once
    names = [_wrap(_(TITLES[found.features[each]])) for each in order]
    figure = Chart(_("Interactions of two features"), colours, 150 + 44 * len(order))
    at = list(range(len(order)))
    figure.add_trace(
        dict(
            type="heatmap", z=shown, x=at, y=at, colorscale=[[0, colours.surface], [1, colours.accent]], zmin=0, showscale=False, xgap=2, ygap=2,
            text=[["" if np.isnan(value) else format_fixed(float(value), 3) for value in row] for row in shown],
            texttemplate="%{text}", textfont=dict(size=12), hoverinfo="skip", hoverongaps=False,
        )
    )  # fmt: skip
    figure.update_xaxes(
        tickvals=at[:-1], ticktext=names[:-1], range=[-0.5, len(at) - 1.5], tickangle=0, showline=False, tickfont=dict(size=12)
    )
    figure.update_yaxes(tickvals=at[1:], ticktext=names[1:], range=[len(at) - 0.5, 0.5], showline=False, automargin=True)
    figure.update_layout(margin=dict(l=190, r=10, t=40, b=70))
    return figure.to_figure()


def _scale(colours: Palette) -> list[list[object]]:
    """The colours of a feature's values, from low to high."""
    return [[0, mix_colours(colours.miss, colours.background, 0.9)], [0.5, colours.other], [1, colours.accent]]


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks (n,) from 0 to 1, equal for equal values: features are too skewed for a scale of their values."""
    _levels, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    middles = np.cumsum(counts) - (counts + 1) / 2
    return np.asarray((middles / max(len(values) - 1, 1))[codes].astype(np.float32))


def _spread(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return heights (n,) of the dots in a row, wider where there are many of a value."""
    counts, edges = np.histogram(values, 40)
    share = counts[np.clip(np.searchsorted(edges, values, side="right") - 1, 0, 39)] / max(counts.max(), 1)
    return np.asarray(0.36 * np.sqrt(share) * (2 * random.random(len(values)) - 1))


def _place_never(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return positions (n,), NEVER a tenth of the range to the right of all others, and which these are."""
    is_never = values >= NEVER
    known = values[~is_never]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return np.where(is_never, high + max(high - low, 1.0) / 10, values), is_never


def _round_ticks(values: np.ndarray) -> Sequence[float]:
    """Return about five round positions from the least to the largest value."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    step = 10.0 ** np.floor(np.log10(max((high - low) / 4, 1e-9)))
    step *= next(each for each in (1, 2, 5, 10) if (high - low) / (each * step) <= 6)
    return [float(each) for each in np.arange(np.ceil(low / step) * step, high + step / 1e6, step)]


def _wrap(title: str, width: int = 26) -> str:
    """Return an escaped title in lines."""
    lines = [""]
    for word in title.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(escape_label(line) for line in lines)

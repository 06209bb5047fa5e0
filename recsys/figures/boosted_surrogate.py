"""A model in general by its boosted surrogate: Shapley values of named features, one feature in detail, and interactions."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recsys.core.formatting import format_fixed, format_number
from recsys.core.translation import N_, _
from recsys.explain.global_.boosted_surrogate import BoostedSurrogate
from recsys.explain.global_.item_features import MEASURES, NEVER, TITLES
from recsys.figures.chart import Chart, axis_title
from recsys.figures.palette import Palette, escape_label

DOTS = 400  # drawn in a row
ROW = 54
PAIRS = 6
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
    figure.update_xaxes(title=axis_title(_wrap(_(MEASURES[found.features[feature]]), 36), colours), nticks=8)
    if is_never.any():
        ticks = _round_ticks(x[~is_never])
        figure.update_xaxes(tickvals=[*ticks, float(x[is_never][0])], ticktext=[*map(format_number, ticks), _("none")])
    figure.update_yaxes(title=axis_title(_("contribution"), colours), nticks=6)
    figure.update_layout(margin=dict(l=60, r=10, t=40, b=64))
    return figure.to_figure()


def shap_interactions(found: BoostedSurrogate, colours: Palette) -> go.Figure:
    """Bars of the strongest interactions: the mean size of what two features do together beyond what each does alone."""
    rows, columns = np.triu_indices(len(found.features), 1)
    sizes = 2 * found.interactions[rows, columns]  # shap gives half of it to either feature
    order = np.argsort(-sizes, kind="stable")[:PAIRS]
    figure = Chart(_("Strongest interactions of two features"), colours, 90 + ROW * len(order))
    figure.add_trace(
        dict(
            type="bar", orientation="h", x=sizes[order].astype(np.float32), y=list(range(len(order))), marker=dict(color=colours.accent), width=0.5,
            text=[format_fixed(float(size), 3) for size in sizes[order]], textposition="outside", cliponaxis=False, hoverinfo="skip",
        )
    )  # fmt: skip
    labels = [
        escape_label(_(TITLES[found.features[rows[at]]])) + " ×<br>" + escape_label(_(TITLES[found.features[columns[at]]])) for at in order
    ]
    figure.update_xaxes(range=[0, 1.25 * max(float(sizes.max(initial=0)), 1e-9)], nticks=4)
    figure.update_yaxes(
        tickvals=list(range(len(order))),
        ticktext=labels,
        range=[len(order) - 0.45, -0.55],
        tickfont=dict(size=12),
        showline=False,
        automargin=True,
    )
    figure.update_layout(margin=dict(l=170, r=30, t=40, b=40))
    return figure.to_figure()


def _scale(colours: Palette) -> list[list[object]]:
    """The colours of a feature's values, from low to high."""
    return [[0, colours.miss], [0.5, colours.other], [1, colours.accent]]


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

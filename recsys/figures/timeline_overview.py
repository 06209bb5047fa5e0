"""The overview of a long timeline: the share of hits in bins of steps, over all the steps replayed."""

import datetime as dt
from collections.abc import Sequence

import plotly.graph_objects as go

from recsys.core import TOP_K
from recsys.core.formatting import format_date, format_number, format_share
from recsys.core.translation import _, ngettext
from recsys.evaluation.replay_bins import RankBins
from recsys.figures.chart import Chart, PlotArea, percent_ticks
from recsys.figures.palette import Palette, mix_colours
from recsys.figures.timeline import STRIP

OVERVIEW = PlotArea(height=132, left=STRIP.left, right=STRIP.right, top=40, bottom=38)
PALE = 0.45


def hit_overview(bins: RankBins, moments: Sequence[dt.datetime | None] | None, title: str, colours: Palette) -> go.Figure:
    """A bar for each bin, as high as its share of hits; pale where most of its events are training events.

    `moments` (B + 1,) are the local times at the edges of the bins, None for data without times. Bars carry the first step of their
    bin as customdata. `locate_on_overview` returns the place of a step.
    """
    count = int(bins.counts[0])
    note = ngettext("{count} event a bar", "{count} events a bar", count)
    figure = Chart(title, colours, OVERVIEW.height, note)
    shares = bins.hits / bins.counts
    pale = mix_colours(colours.hit, colours.background, PALE)
    figure.add_trace(
        dict(
            type="bar",
            x=(bins.edges[:-1] + bins.edges[1:]) / 2,
            width=bins.counts,
            y=shares * 100,
            marker=dict(color=[pale if most else colours.hit for most in 2 * bins.trained > bins.counts], line=dict(width=0)),
            selected=dict(marker=dict(opacity=1)),
            unselected=dict(marker=dict(opacity=1)),
            customdata=bins.edges[:-1],
            text=_hover_texts(bins, moments),
            textposition="none",
            hovertemplate="%{text}<extra></extra>",
        )
    )
    top = max(10.0, 100 * float(shares.max()))
    figure.update_yaxes(range=[0, 1.05 * top], **percent_ticks(0, top))
    figure.update_xaxes(range=[int(bins.edges[0]), int(bins.edges[-1])], **_ticks(bins, moments))
    figure.update_layout(margin=OVERVIEW.margin, clickmode="event+select", bargap=0)
    return figure.to_figure()


def locate_on_overview(bins: RankBins, step: int) -> float:
    """Return the place of a step as a fraction from the left."""
    share = (step - bins.edges[0] + 0.5) / (bins.edges[-1] - bins.edges[0])
    return float(min(max(share, 0.0), 1.0))


def _hover_texts(bins: RankBins, moments: Sequence[dt.datetime | None] | None) -> list[str]:
    texts = []
    for at, (hits, count, median) in enumerate(zip(bins.hits, bins.counts, bins.medians, strict=True)):
        text = _(
            "Steps {first} to {last}: {share} in the top {k}, median rank {median}",
            first=format_number(int(bins.edges[at])),
            last=format_number(int(bins.edges[at + 1]) - 1),
            share=format_share(float(hits / count)),
            k=TOP_K,
            median=format_number(float(median), 1),
        )
        moment = None if moments is None else moments[at]
        texts.append(text if moment is None else f"{text}<br>{format_date(moment)}")
    return texts


def _ticks(bins: RankBins, moments: Sequence[dt.datetime | None] | None) -> dict[str, list[str] | list[int]]:
    """Some six edges of bins with the day below each."""
    every = max(len(bins.counts) // 6, 1)
    chosen = list(range(every // 2, len(bins.counts), every))
    labels = []
    for at in chosen:
        moment = None if moments is None else moments[at]
        label = format_number(int(bins.edges[at]))
        labels.append(label if moment is None else f"{label}<br>{format_date(moment)}")
    return dict(tickvals=[int(bins.edges[at]) for at in chosen], ticktext=labels)

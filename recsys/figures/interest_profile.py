"""Recent interest as a stream over all steps."""

import numpy as np
import plotly.graph_objects as go

from recsys.analysis.interest_profile import InterestProfile
from recsys.figures.chart import Chart, PlotArea, axis_title
from recsys.figures.palette import Palette, escaped

STREAM = PlotArea(height=250, left=52, right=8, top=36, bottom=36)


def now_on_stream(interest: InterestProfile, step: int) -> float:
    """How far from left to right the cursor lies in the plot."""
    return (step + 0.6) / (len(interest.short) - 1 + 1.2)


def strongest(interest: InterestProfile, count: int) -> list[int]:
    """The categories that matter most on this timeline, in the dataset's order."""
    best = np.argsort(-interest.short.mean(axis=0), kind="stable")[:count]
    return sorted(int(each) for each in best)


def interest_stream(interest: InterestProfile, colour_of: dict[str, str], colours: Palette, count: int = 7) -> go.Figure:
    """Shares of the recent window over all steps, stacked, with the rest in grey. The same at every step, like the rank strip."""
    figure = Chart(f"What the last {interest.window} events were about", colours, STREAM.height)
    steps = np.arange(1, len(interest.short))
    edge = 0.5 if len(steps) <= 400 else 0.0  # between narrow steps the edges would be all there is to see
    shown = strongest(interest, count)
    layers = [(interest.categories[each], interest.short[1:, each], colour_of[interest.categories[each]]) for each in shown]
    rest = 1.0 - interest.short[1:, shown].sum(axis=1)
    if len(interest.categories) > len(shown):
        layers.append(("everything else", np.maximum(rest, 0), colours.faint))
    for name, share, colour in layers:
        figure.add_trace(
            dict(
                type="scatter",
                x=steps,
                y=(share * 100).astype(np.float32),
                name=escaped(name),
                stackgroup="interest",
                mode="lines",
                line=dict(width=edge, color=colours.background),
                fillcolor=colour,
                hovertemplate=f"{escaped(name)}: %{{y:.0f}} %<extra></extra>",
            )
        )
    figure.update_yaxes(range=[0, 100], tickvals=[0, 50, 100], ticktext=["0", "50 %", "100 %"])
    figure.update_xaxes(range=[-0.6, len(interest.short) - 1 + 0.6], title=axis_title("step", colours))
    figure.update_layout(margin=STREAM.margin)
    return figure.drawn()

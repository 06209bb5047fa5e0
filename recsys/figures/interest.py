"""Recent interest as a stream over all steps."""

import hashlib

import numpy as np
import plotly.graph_objects as go

from recsys.figures.palette import Palette, escaped
from recsys.figures.sketch import Sketch, axis_title
from recsys.interest import Interest


def strongest(interest: Interest, count: int) -> list[int]:
    """The categories that matter most on this timeline, in the dataset's order."""
    best = np.argsort(-interest.short.mean(axis=0), kind="stable")[:count]
    return sorted(int(each) for each in best)


def interest_stream(interest: Interest, step: int, colour_of: dict[str, str], colours: Palette, count: int = 7) -> go.Figure:
    """Shares of the recent window over all steps, stacked, with the rest in grey; the accent line is now."""
    figure = Sketch(f"What the last {interest.window} events were about", colours, 250)
    steps = np.arange(1, len(interest.short))
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
                line=dict(width=0.5, color=colours.background),
                fillcolor=colour,
                hovertemplate=f"{escaped(name)}: %{{y:.0f}} %<extra></extra>",
            )
        )
    figure.add_shape(type="line", x0=step, x1=step, y0=0, y1=100, line=dict(color=colours.accent, width=2))
    figure.update_yaxes(range=[0, 100], tickvals=[0, 50, 100], ticktext=["0", "50 %", "100 %"])
    figure.update_xaxes(range=[-0.6, len(interest.short) - 0.4], title=axis_title("step", colours))
    figure.update_layout(margin=dict(l=52, r=8, t=36, b=36), datarevision=_revision(interest, colour_of))
    return figure.drawn()


def _revision(interest: Interest, colour_of: dict[str, str]) -> str:
    """Tells the browser whether the layers are the ones it has drawn already: a step moves only the line."""
    tints = ",".join(colour_of[name] for name in interest.categories)
    return hashlib.blake2b(interest.short.tobytes() + tints.encode(), digest_size=8).hexdigest()

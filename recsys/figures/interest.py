"""Long-term against recent interest: a stream over all steps, and the two side by side at one step."""

import numpy as np
import plotly.graph_objects as go

from recsys.figures.palette import Palette, escaped
from recsys.figures.sketch import Sketch, axis_title
from recsys.interest import Interest


def _strongest(interest: Interest, count: int) -> list[int]:
    """The categories that matter most on this timeline, in the dataset's order."""
    best = np.argsort(-interest.short.mean(axis=0), kind="stable")[:count]
    return sorted(int(each) for each in best)


def interest_stream(interest: Interest, step: int, colour_of: dict[str, str], colours: Palette, count: int = 7) -> go.Figure:
    """Shares of the recent window over all steps, stacked, with the rest in grey; the accent line is now."""
    figure = Sketch(f"What the last {interest.window} events were about", colours, 250)
    steps = np.arange(1, len(interest.short))
    shown = _strongest(interest, count)
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
    figure.update_layout(margin=dict(l=52, r=8, t=36, b=36))
    return figure.drawn()


def interest_pairs(interest: Interest, step: int, colour_of: dict[str, str], colours: Palette, count: int = 7) -> go.Figure:
    """At one step: a ring for the share among all events so far, a dot for the latest, joined by a line."""
    figure = Sketch("Lately (dot) against always (ring)", colours, 250)
    shown = [each for each in _strongest(interest, count) if interest.long[step, each] + interest.short[step, each] > 0][::-1]
    names = [_short(interest.categories[each]) for each in shown]
    always, lately = interest.long[step, shown] * 100, interest.short[step, shown] * 100
    tints = [colour_of[interest.categories[each]] for each in shown]
    for name, low, high, tint in zip(names, always, lately, tints, strict=True):
        figure.add_shape(type="line", x0=low, x1=high, y0=name, y1=name, line=dict(color=tint, width=3), opacity=0.5)
    figure.add_trace(
        dict(
            type="scatter", x=always, y=names, mode="markers", marker=dict(size=11, color=colours.background, line=dict(color=tints, width=2)),
            hovertemplate="%{y}: always %{x:.0f} %<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        dict(
            type="scatter",
            x=lately,
            y=names,
            mode="markers",
            marker=dict(size=12, color=tints),
            hovertemplate="%{y}: lately %{x:.0f} %<extra></extra>",
        )
    )
    figure.update_xaxes(
        range=[-2, max(float(max(always.max(), lately.max())) * 1.06, 10.0)],
        ticksuffix=" %",
        nticks=5,
        showgrid=True,
        gridcolor=colours.surface,
    )
    figure.update_yaxes(tickfont=dict(size=13, color=colours.text), automargin=True)
    figure.update_layout(margin=dict(l=8, r=8, t=36, b=28))
    return figure.drawn()


def _short(name: str, most: int = 24) -> str:
    return escaped(name if len(name) <= most else name[: most - 1] + "…")

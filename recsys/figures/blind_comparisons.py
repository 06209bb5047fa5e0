"""Win rates of blind comparisons with their intervals."""

from collections.abc import Sequence
from textwrap import wrap

import plotly.graph_objects as go

from recsys.core.translation import _
from recsys.feedback.blind_comparison import PairSummary
from recsys.figures.chart import Chart, axis_title, percent_ticks
from recsys.figures.palette import Palette, escape_label

ROW = 44  # pixels
LINE = 32  # letters of a label on one line


def win_rates(pairs: Sequence[PairSummary], labels: Sequence[str], colours: Palette) -> go.Figure:
    """A row for each pair: how often its first model was preferred, with the 95 % interval; in the accent colour where it excludes one half."""
    figure = Chart(
        _("How often the first model was preferred"), colours, 96 + ROW * len(pairs), _("bar: 95% interval · line: no preference")
    )
    rows = list(range(len(pairs)))[::-1]  # the first pair at the top
    rates = [100 * pair.win_rate for pair in pairs]
    bars = [(100 * pair.interval[1] - rate, rate - 100 * pair.interval[0]) for pair, rate in zip(pairs, rates, strict=True)]
    figure.add_shape(type="line", x0=50, x1=50, y0=-0.5, y1=len(pairs) - 0.5, line=dict(color=colours.quiet, dash="dash", width=1.2))
    figure.add_trace(
        dict(
            type="scatter",
            x=rates,
            y=rows,
            mode="markers",
            marker=dict(size=12, color=[colours.quiet if pair.is_open else colours.accent for pair in pairs]),
            error_x=dict(
                type="data", symmetric=False, array=[high for high, _low in bars], arrayminus=[low for _high, low in bars],
                color=colours.quiet, thickness=2, width=0,
            ),
            customdata=[[escape_label(label), pair.first_wins, pair.decided] for label, pair in zip(labels, pairs, strict=True)],
            hovertemplate=_("%{customdata[0]}: %{customdata[1]} of %{customdata[2]}<extra></extra>"),
            cliponaxis=False,
        )
    )  # fmt: skip
    figure.update_xaxes(
        title=axis_title(_("share of the picks with a preference"), colours), range=[0, 100], showgrid=True, gridcolor=colours.surface,
        **percent_ticks(0, 25, 50, 75, 100),
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=rows, ticktext=["<br>".join(map(escape_label, wrap(label, LINE))) for label in labels], range=[-0.5, len(pairs) - 0.5], automargin=True,
        showticklabels=True,
    )  # fmt: skip
    figure.update_layout(margin=dict(l=8, r=20, t=44, b=48))
    return figure.to_figure()

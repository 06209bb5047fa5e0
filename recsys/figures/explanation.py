"""Why an item has its score: contributions as a waterfall with other methods beside it, and what deleting events does."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recsys.explain.explanation import Explanation
from recsys.explain.fidelity.deletion import Fidelity
from recsys.figures.chart import Chart, axis_title
from recsys.figures.palette import Palette, escaped, mixed

SHOWN = 10
LABEL = 34  # characters of a name, before it is cut
ROW, TOP, BOTTOM, LEFT = 36, 70, 44, 230
WATERFALL, VALUES, BESIDE = (0.0, 0.52), 0.535, (0.63, 1.0)
UNITS = {"logit": "the model’s score", "probability": "share of all recommendations", "margin": "score above place 10"}
ERRORS = 2.0  # standard errors drawn to each side
FLAT = 0.02  # of the score: the least width of the picture, so that nothing is not drawn large
FELT = 1e-3  # of the width of the picture: smaller errors are not drawn
LEFT_OVER = 5e-3  # of the way from baseline to score: a residual worth a row


def contribution_bars(
    explanation: Explanation, names: Sequence[str], notes: Sequence[str], beside: Mapping[str, np.ndarray | None], colours: Palette
) -> go.Figure:
    """From what is expected with nothing known to the score, a bar for each of the strongest players, the rest in one.

    `names` and `notes` (P,) say who the players are; `beside` holds other methods' values (P,) by title, None while they are not
    there yet, each drawn to its own scale. Whiskers are two standard errors; the others together have none, since their errors hang
    together. Everything may come from data.
    """
    rows = _rows(explanation, names, notes)
    height = TOP + BOTTOM + ROW * len(rows)
    figure = Chart("What pushes it up, and what down", colours, height)
    ends = np.array([explanation.baseline, *(explanation.baseline + np.cumsum([row.value for row in rows[1:-1]])), explanation.score])
    reach = ERRORS * np.nan_to_num([row.error for row in rows[:-1]])
    low, high = float((ends[:-1] - reach).min()), float((ends[:-1] + reach).max())
    low, high = min(low, explanation.score), max(high, explanation.score)
    room = max(high - low, FLAT * max(abs(low), abs(high)), 1e-9)
    position = np.arange(len(rows), dtype=np.float64)
    middle = range(1, len(rows) - 1)
    figure.add_trace(_floating(rows, ends, position, room, explanation.target, colours))
    for at in range(len(rows) - 1):
        dash = dict(color=colours.faint, width=1, dash="dot")
        figure.add_shape(type="line", xref="x", yref="y", x0=ends[at], x1=ends[at], y0=at, y1=at + 1, line=dash, layer="below")
    for at, words in ((0, _plain(explanation.baseline, room)), (len(rows) - 1, f"<b>{_plain(explanation.score, room)}</b>")):
        mark = dict(color=colours.text, width=2.5)
        figure.add_shape(type="line", xref="x", yref="y", x0=ends[at], x1=ends[at], y0=at - 0.36, y1=at + 0.36, line=mark)
        figure.add_annotation(**_text(words, VALUES, at, colours.text))
    for at in middle:
        tint = colours.quiet if rows[at].quiet else colours.accent if rows[at].value > 0 else colours.miss
        figure.add_annotation(**_text(_signed(rows[at].value, room), VALUES, at, tint))
    _columns(figure, rows, beside, explanation, colours)
    figure.update_xaxes(
        domain=list(WATERFALL), range=[(low + high - 1.14 * room) / 2, (low + high + 1.14 * room) / 2], nticks=6, showgrid=True, gridcolor=colours.surface,
        title=axis_title(UNITS[explanation.target], colours),
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=position,
        ticktext=[row.label(colours) for row in rows],
        range=[len(rows) - 0.5, -0.5],
        tickfont=dict(color=colours.text, size=13),
        showline=False,
    )
    figure.update_layout(margin=dict(l=LEFT, r=8, t=TOP, b=BOTTOM), bargap=0.35)
    return figure.drawn()


class _Row:
    """One line of the waterfall; `at` is the player's position, None for sums and ends."""

    def __init__(self, name: str, note: str, value: float, error: float, at: int | None = None, quiet: bool = False):
        self.name, self.note, self.value, self.error, self.at, self.quiet = name, note, value, error, at, quiet

    def label(self, colours: Palette) -> str:
        name = self.name if len(self.name) <= LABEL else f"{self.name[: LABEL - 1]}…"
        note = f"<br><span style='font-size:11px;color:{colours.quiet}'>{escaped(self.note)}</span>" if self.note else ""
        return f"{escaped(name)}{note}"


def _rows(explanation: Explanation, names: Sequence[str], notes: Sequence[str]) -> list[_Row]:
    values, errors = explanation.values, explanation.standard_errors
    room = SHOWN if len(values) > SHOWN + 1 else SHOWN + 1
    order = explanation.strongest(len(values))
    rows = [_Row("With nothing known", "", 0.0, 0.0, quiet=True)]
    rows += [_Row(names[at], notes[at], float(values[at]), float(errors[at]), int(at)) for at in order[:room]]
    rest = order[room:]
    if len(rest):
        rows.append(_Row(f"{len(rest):,} others together", "", float(values[rest].sum()), np.nan, quiet=True))
    if abs(explanation.residual) > LEFT_OVER * max(abs(explanation.score - explanation.baseline), 1e-9):
        rows.append(_Row("Left over", "what this method cannot place", explanation.residual, 0.0, quiet=True))
    return [*rows, _Row("In all", "", 0.0, 0.0, quiet=True)]


def _floating(rows: list[_Row], ends: np.ndarray, position: np.ndarray, room: float, target: str, colours: Palette) -> dict[str, Any]:
    inner = slice(1, len(rows) - 1)
    tints = [colours.other if row.quiet else colours.accent if row.value > 0 else colours.miss for row in rows[inner]]
    return dict(
        type="bar",
        orientation="h",
        y=position[inner],
        x=np.array([row.value for row in rows[inner]]),
        base=ends[:-2],
        marker=dict(color=tints),
        error_x=dict(
            type="data",
            # a list would lose NaN, and draw it as 0
            array=np.array([ERRORS * row.error if row.error > FELT * room else np.nan for row in rows[inner]]),
            color=colours.text,
            thickness=1.3,
            width=4,
        ),
        text=[f"{escaped(row.name)}<br>{row.value:+.3g}{_give(row.error)} of {UNITS[target]}" for row in rows[inner]],
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
    )


def _give(error: float) -> str:
    return f" ± {ERRORS * error:.1g}" if error > 0 else ""


def _columns(figure: Chart, rows: list[_Row], beside: Mapping[str, np.ndarray | None], explanation: Explanation, colours: Palette) -> None:
    """Other methods' values of the same players, a narrow chart each."""
    width = (BESIDE[1] - BESIDE[0]) / max(len(beside), 3)
    for number, (title, values) in enumerate(beside.items(), start=2):
        left = BESIDE[0] + (number - 2) * width
        heading = dict(xref="paper", yref="paper", x=left, y=1, yshift=6, xanchor="left", yanchor="bottom", showarrow=False, align="left")
        figure.add_annotation(text=escaped(title).replace(" ", "<br>", 1), font=dict(size=11, color=colours.quiet), **heading)
        axis = dict(domain=[left, left + 0.86 * width], visible=False, fixedrange=True, range=[-1.05, 1.05], anchor="y")
        figure.update_layout(**{f"xaxis{number}": axis})
        line = dict(color=colours.faint, width=1)
        figure.add_shape(type="line", xref=f"x{number}", yref="y", x0=0, x1=0, y0=-0.4, y1=len(rows) - 0.6, line=line, layer="below")
        if values is None:
            continue
        known = [(y, row) for y, row in enumerate(rows) if row.at is not None]
        largest = max(float(np.abs(values).max(initial=0.0)), 1e-12)
        shares = np.array([values[row.at] for _, row in known]) / largest
        soft = [mixed(colours.accent if share > 0 else colours.miss, colours.background, 0.25) for share in shares]
        figure.add_trace(
            dict(
                type="bar", orientation="h", y=[y for y, _ in known], x=shares, xaxis=f"x{number}", yaxis="y", marker=dict(color=soft),
                text=[f"{escaped(row.name)}<br>{escaped(title)}: {values[row.at]:.3g}" for _, row in known],
                textposition="none", hovertemplate="%{text}<extra></extra>",
            )
        )  # fmt: skip


def _text(words: str, x: float, y: float, tint: str) -> dict[str, Any]:
    return dict(xref="paper", yref="y", x=x, y=y, xanchor="left", text=words, showarrow=False, font=dict(size=13, color=tint))


def _plain(value: float, room: float) -> str:
    return _signed(value, room).lstrip("+")


def _signed(value: float, room: float) -> str:
    """A value with as many digits as the whole picture needs."""
    digits = int(np.clip(np.ceil(-np.log10(room)) + 2, 1, 4))
    return f"{value:+.{digits}f}".replace("-", "−") if round(value, digits) else f"{0:.{digits}f}"


def deletion_curves(found: Fidelity, titles: Mapping[str, str], target: str, colours: Palette) -> go.Figure:
    """What is left of the score while events are taken away, those that a method calls most important first, against random orders.

    Methods without a title are left out.
    """
    figure = Chart("With the most important gone first", colours, 270)
    shares = 100 * found.random[0].shares
    left = np.array([curve.deleted for curve in found.random])
    band = np.concatenate([left.max(axis=0), left.min(axis=0)[::-1]])
    figure.add_trace(
        dict(type="scatter", x=np.concatenate([shares, shares[::-1]]), y=band, fill="toself", fillcolor=colours.surface, line=dict(width=0), mode="lines", hoverinfo="skip")
    )  # fmt: skip
    figure.add_trace(_line(shares, left.mean(axis=0), "random order", colours.other, "dot"))
    tints = curve_tints(titles, colours)
    for name, curve in ((titles[method], curve) for method, curve in found.curves.items() if method in titles):
        figure.add_trace(_line(100 * curve.shares, curve.deleted, name, tints[name], "solid"))
    figure.update_xaxes(
        range=[0, 100], tickvals=[0, 25, 50, 75, 100], ticktext=["0", "25 %", "50 %", "75 %", "100 %"], title=axis_title("of the events taken away", colours)
    )  # fmt: skip
    figure.update_yaxes(title=axis_title(UNITS[target], colours), nticks=5, showgrid=True, gridcolor=colours.surface)
    figure.update_layout(margin=dict(l=58, r=26, t=40, b=44))
    return figure.drawn()


def _line(x: np.ndarray, y: np.ndarray, name: str, tint: str, dash: str) -> dict[str, Any]:
    return dict(
        type="scatter", x=x, y=y, mode="lines", name=escaped(name),
        line=dict(color=tint, width=2.2 if dash == "solid" else 1.8, dash=dash),
        hovertemplate=f"{escaped(name)}: %{{y:.2f}} with %{{x:.0f}} % gone<extra></extra>",
    )  # fmt: skip


def curve_tints(titles: Mapping[str, str], colours: Palette) -> dict[str, str]:
    """The colour of each method's line, by its title: for a legend beside the figure, which finds no room in it."""
    tints = (colours.accent, colours.hit, colours.miss, colours.categories[0], colours.categories[2])
    return dict(zip(titles.values(), tints, strict=False))

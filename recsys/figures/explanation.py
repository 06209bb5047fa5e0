"""Explanation of a score: contributions as a waterfall with other methods beside it, and deletion curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from recsys.core.formatting import format_fixed
from recsys.core.translation import N_, _, ngettext
from recsys.explain.explanation import Explanation
from recsys.explain.fidelity.deletion import Fidelity
from recsys.figures.chart import Chart, axis_title, percent_ticks, shorten_label
from recsys.figures.palette import Palette, escape_label, mix_colours

SHOWN = 10
LABEL = 34  # characters of a name
ROW, TOP, BOTTOM, LEFT = 36, 70, 44, 230
WATERFALL, VALUES, BESIDE = (0.0, 0.52), 0.535, (0.63, 1.0)
UNITS = {"logit": N_("score of the model"), "probability": N_("probability"), "margin": N_("score minus that of rank 10")}
ERRORS = 2.0  # standard errors drawn to each side
FLAT = 0.02  # of the score: the smallest range of the axis, so that negligible contributions are not drawn large
VISIBLE = 1e-3  # of the range of the axis: smaller errors are not drawn
RESIDUAL = 5e-3  # of the difference between score and baseline: a smaller residual has no row


def contribution_bars(
    explanation: Explanation, names: Sequence[str], notes: Sequence[str], beside: Mapping[str, np.ndarray | None], colours: Palette
) -> go.Figure:
    """Waterfall from the baseline to the score: a bar for each of the strongest players, all others in one.

    `names` and `notes` (P,) describe the players; `beside` holds other methods' values (P,) by title, None while they are being
    computed, each drawn to its own scale. Whiskers are two standard errors; the sum of the others has none, since their errors are
    correlated. All texts may come from data.
    """
    rows = _rows(explanation, names, notes)
    height = TOP + BOTTOM + ROW * len(rows)
    figure = Chart(_("Contributions to the score"), colours, height)
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
    for at, text in ((0, _plain(explanation.baseline, room)), (len(rows) - 1, f"<b>{_plain(explanation.score, room)}</b>")):
        mark = dict(color=colours.text, width=2.5)
        figure.add_shape(type="line", xref="x", yref="y", x0=ends[at], x1=ends[at], y0=at - 0.36, y1=at + 0.36, line=mark)
        figure.add_annotation(**_text(text, VALUES, at, colours.text))
    for at in middle:
        tint = colours.quiet if rows[at].quiet else colours.accent if rows[at].value > 0 else colours.miss
        figure.add_annotation(**_text(_signed(rows[at].value, room), VALUES, at, tint))
    _columns(figure, rows, beside, explanation, colours)
    figure.update_xaxes(
        domain=list(WATERFALL), range=[(low + high - 1.14 * room) / 2, (low + high + 1.14 * room) / 2], nticks=6, showgrid=True, gridcolor=colours.surface,
        title=axis_title(_(UNITS[explanation.target]), colours),
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=position,
        ticktext=[row.format_label(colours) for row in rows],
        range=[len(rows) - 0.5, -0.5],
        tickfont=dict(color=colours.text, size=13),
        showline=False,
    )
    figure.update_layout(margin=dict(l=LEFT, r=8, t=TOP, b=BOTTOM), bargap=0.35)
    return figure.to_figure()


class _Row:
    """One row of the waterfall; `at` is the player's position, None for sums and ends."""

    def __init__(self, name: str, note: str, value: float, error: float, at: int | None = None, quiet: bool = False):
        self.name, self.note, self.value, self.error, self.at, self.quiet = name, note, value, error, at, quiet

    def format_label(self, colours: Palette) -> str:
        note = f"<br><span style='font-size:11px;color:{colours.quiet}'>{escape_label(self.note)}</span>" if self.note else ""
        return f"{shorten_label(self.name, LABEL)}{note}"


def _rows(explanation: Explanation, names: Sequence[str], notes: Sequence[str]) -> list[_Row]:
    values, errors = explanation.values, explanation.standard_errors
    room = SHOWN if len(values) > SHOWN + 1 else SHOWN + 1
    order = explanation.strongest(len(values))
    rows = [_Row(_("Baseline"), _("score without history, time or place"), 0.0, 0.0, quiet=True)]
    rows += [_Row(names[at], notes[at], float(values[at]), float(errors[at]), int(at)) for at in order[:room]]
    rest = order[room:]
    if len(rest):
        rows.append(
            _Row(ngettext("{count} other", "{count} others together", len(rest)), "", float(values[rest].sum()), np.nan, quiet=True)
        )
    if abs(explanation.residual) > RESIDUAL * max(abs(explanation.score - explanation.baseline), 1e-9):
        rows.append(_Row(_("Residual"), _("not attributed by this method"), explanation.residual, 0.0, quiet=True))
    return [*rows, _Row(_("Total"), "", 0.0, 0.0, quiet=True)]


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
            # an array, since in a list NaN would be drawn as 0
            array=np.array([ERRORS * row.error if row.error > VISIBLE * room else np.nan for row in rows[inner]]),
            color=colours.text,
            thickness=1.3,
            width=4,
        ),
        text=[_hover_text(row, target) for row in rows[inner]],
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
    )


def _hover_text(row: _Row, target: str) -> str:
    values = dict(name=escape_label(row.name), value=_significant(row.value, 3, sign=True), unit=_(UNITS[target]))
    if row.error > 0:
        return _("{name}<br>{value} ± {error} ({unit})", error=_significant(ERRORS * row.error, 1), **values)
    return _("{name}<br>{value} ({unit})", **values)


def _significant(value: float, digits: int, sign: bool = False) -> str:
    """A number with so many significant digits."""
    places = int(np.clip(digits - 1 - np.floor(np.log10(abs(value))), 0, 8)) if value else 0
    return format_fixed(value, places, sign).replace("-", "−")


def _columns(figure: Chart, rows: list[_Row], beside: Mapping[str, np.ndarray | None], explanation: Explanation, colours: Palette) -> None:
    """Draw other methods' values of the same players, a narrow chart for each method."""
    width = (BESIDE[1] - BESIDE[0]) / max(len(beside), 3)
    for number, (title, values) in enumerate(beside.items(), start=2):
        left = BESIDE[0] + (number - 2) * width
        heading = dict(xref="paper", yref="paper", x=left, y=1, yshift=6, xanchor="left", yanchor="bottom", showarrow=False, align="left")
        label = escape_label(title)
        label = label.replace(" ", "<br>", 1) if " " in label else label.replace("-", "-<br>", 1)
        figure.add_annotation(text=label, font=dict(size=11, color=colours.quiet), **heading)
        axis = dict(domain=[left, left + 0.86 * width], visible=False, fixedrange=True, range=[-1.05, 1.05], anchor="y")
        figure.update_layout(**{f"xaxis{number}": axis})
        line = dict(color=colours.faint, width=1)
        figure.add_shape(type="line", xref=f"x{number}", yref="y", x0=0, x1=0, y0=-0.4, y1=len(rows) - 0.6, line=line, layer="below")
        if values is None:
            continue
        known = [(y, row) for y, row in enumerate(rows) if row.at is not None]
        largest = max(float(np.abs(values).max(initial=0.0)), 1e-12)
        shares = np.array([values[row.at] for _y, row in known]) / largest
        soft = [mix_colours(colours.accent if share > 0 else colours.miss, colours.background, 0.25) for share in shares]
        figure.add_trace(
            dict(
                type="bar", orientation="h", y=[y for y, _row in known], x=shares, xaxis=f"x{number}", yaxis="y", marker=dict(color=soft),
                text=[
                    _("{name}<br>{method}: {value}", name=escape_label(row.name), method=escape_label(title), value=_significant(float(values[row.at]), 3))
                    for _y, row in known
                ],
                textposition="none", hovertemplate="%{text}<extra></extra>",
            )
        )  # fmt: skip


def _text(text: str, x: float, y: float, tint: str) -> dict[str, Any]:
    return dict(xref="paper", yref="y", x=x, y=y, xanchor="left", text=text, showarrow=False, font=dict(size=13, color=tint))


def _plain(value: float, room: float) -> str:
    return _signed(value, room).lstrip("+")


def _signed(value: float, room: float) -> str:
    """A value with as many decimals as the range of the axis needs."""
    digits = int(np.clip(np.ceil(-np.log10(room)) + 2, 1, 4))
    return format_fixed(value, digits, sign=True).replace("-", "−") if round(value, digits) else format_fixed(0, digits)


def deletion_curves(fidelity: Fidelity, titles: Mapping[str, str], target: str, colours: Palette) -> go.Figure:
    """The score while events are deleted, the most important ones of each method first, against random orders.

    Methods without a title are left out.
    """
    figure = Chart(_("Deletion curves"), colours, 270)
    shares = 100 * fidelity.random[0].shares
    left = np.array([curve.deleted for curve in fidelity.random])
    band = np.concatenate([left.max(axis=0), left.min(axis=0)[::-1]])
    figure.add_trace(
        dict(type="scatter", x=np.concatenate([shares, shares[::-1]]), y=band, fill="toself", fillcolor=colours.surface, line=dict(width=0), mode="lines", hoverinfo="skip")
    )  # fmt: skip
    figure.add_trace(_line(shares, left.mean(axis=0), _("random order"), colours.other, "dot"))
    tints = curve_colours(titles, colours)
    for name, curve in ((titles[method], curve) for method, curve in fidelity.curves.items() if method in titles):
        figure.add_trace(_line(100 * curve.shares, curve.deleted, name, tints[name], "solid"))
    figure.update_xaxes(
        range=[0, 100], **percent_ticks(0, 25, 50, 75, 100), title=axis_title(_("share of events deleted"), colours)
    )  # fmt: skip
    figure.update_yaxes(title=axis_title(_(UNITS[target]), colours), nticks=5, showgrid=True, gridcolor=colours.surface)
    figure.update_layout(margin=dict(l=58, r=26, t=40, b=44))
    return figure.to_figure()


def _line(x: np.ndarray, y: np.ndarray, name: str, tint: str, dash: str) -> dict[str, Any]:
    return dict(
        type="scatter", x=x, y=y, mode="lines", name=escape_label(name),
        line=dict(color=tint, width=2.2 if dash == "solid" else 1.8, dash=dash),
        hovertemplate=_("{name}: %{{y:.2f}} with %{{x:.0f}}% deleted<extra></extra>", name=escape_label(name)),
    )  # fmt: skip


def curve_colours(titles: Mapping[str, str], colours: Palette) -> dict[str, str]:
    """Return the colour of each method's line by its title, for a legend beside the figure, in which there is no room."""
    tints = (colours.accent, colours.hit, colours.miss, colours.categories[0], colours.categories[2])
    return dict(zip(titles.values(), tints, strict=False))

"""The fidelity of the methods for one recommendation, as HTML: a verdict, a table, and the legend of the deletion curves."""

from collections.abc import Mapping

import numpy as np

from pages.ui import html
from recsys.core.formatting import format_fixed, format_number, join_words
from recsys.core.translation import N_, _
from recsys.explain import METHODS
from recsys.explain.explained_item import ExplainedItem
from recsys.explain.progressive import SHAPLEY, ProgressiveExplanation, reasons_not_offered
from recsys.explain.wording import describe_fidelity, format_beaten_orders
from recsys.figures.explanation import curve_colours
from recsys.figures.palette import Palette

HIGH, LOW = 0.7, 0.3  # correlations from which, and up to which, the agreement is called so
COLUMNS_HELP = N_(
    "Beats random: how many random orders change the score less than this method’s order does, when events are removed and added. "
    "Agreement: the rank correlation of its values with the Shapley values, from −1 to 1."
)


def fidelity_html(explained: ExplainedItem, answer: ProgressiveExplanation) -> str:
    """Return the verdict and a row for each method; empty before the fidelity is known."""
    fidelity = answer.fidelity
    if fidelity is None:
        return ""
    titles = {name: _(method.title) for name, method in METHODS.items()}
    rows = "".join(_row(explained, answer, at, titles[name]) for at, name in enumerate(fidelity.curves))
    method, beaten, agreement = _("Method"), _("Beats random"), _("Agreement")
    columns = f'<th>{method}</th><th class="n">{beaten}</th><th class="n">{agreement}</th>'
    head = html.list_head(_("Fidelity of each method"), "")
    summary = f'<p class="rs-quiet" style="margin-bottom:.4rem">{html.escape_html(describe_fidelity(fidelity, titles))}</p>'
    table = f'<table class="rs-table"><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>'
    return f"{head}{summary}{table}{_small(_(COLUMNS_HELP))}{_small(_unavailable(reasons_not_offered(answer, explained.game), titles))}"


def _row(explained: ExplainedItem, answer: ProgressiveExplanation, at: int, title: str) -> str:
    fidelity = answer.fidelity
    assert fidelity is not None
    names = list(fidelity.curves)
    name, main, weights = names[at], names.index(SHAPLEY), fidelity.weights[names[at]]
    if len(weights) and weights.max() > 0:
        first = explained.player_name(explained.event_player(int(explained.game.steps[int(np.argmax(weights))])))
        strongest = _("Strongest event: <b>{item}</b>", item=html.escape_html(first))
    else:
        strongest = _("No event has a positive value")
    random = len(fidelity.random)
    share = _("{beaten} of {count}", beaten=format_beaten_orders(fidelity.share_beaten(name), random), count=format_number(random))
    agreement = "–" if at == main else _agreement(float(fidelity.agreement[at, main]))
    return (
        f"<tr><td>{html.escape_html(title)}<small>{html.escape_html(_(METHODS[name].summary))}</small><small>{strongest}</small></td>"
        f'<td class="n">{share}</td><td class="n">{agreement}</td></tr>'
    )


def _small(text: str) -> str:
    return f'<p class="rs-quiet" style="font-size:.82rem">{text}</p>' if text else ""


def _unavailable(reasons: Mapping[str, str], titles: Mapping[str, str]) -> str:
    """Return the methods that this model or item does not allow, those with the same reason together, as HTML."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        by_reason.setdefault(reason, []).append(titles[name])
    parts = [_("{methods} ({reason})", methods=join_words(names), reason=reason) for reason, names in by_reason.items()]
    return html.escape_html(_("Not available here: {methods}.", methods=", ".join(parts))) if parts else ""


def legend_html(titles: Mapping[str, str], colours: Palette) -> str:
    """Return the legend of the deletion curves as HTML."""
    lines = {**curve_colours(titles, colours), _("random order"): colours.other}
    return (
        '<div class="rs-keys">'
        + "".join(f"<span>{html.dot(tint)}{html.escape_html(name)}</span>" for name, tint in lines.items())
        + "</div>"
    )


def _agreement(correlation: float) -> str:
    if not np.isfinite(correlation):
        return "–"
    value = format_fixed(correlation, 2)
    if correlation >= HIGH:
        return _("high, {correlation}", correlation=value)
    return _("low, {correlation}", correlation=value) if correlation <= LOW else _("medium, {correlation}", correlation=value)

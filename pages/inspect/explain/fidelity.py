"""What a recommendation hangs on, and which methods can be trusted about it, as HTML."""

from collections.abc import Mapping

import numpy as np

from pages import cache
from pages.inspect.explain.case import Case
from pages.ui import formatting, html, item_card, theme
from recsys.explain import METHODS
from recsys.explain.counterfactual.removal import Counterfactual
from recsys.explain.explanation import Player
from recsys.explain.progressive import SHAPLEY, ProgressiveExplanation
from recsys.explain.wording import MOST_TAKEN, beaten, hangs_on, verdict
from recsys.figures.explanation import curve_tints
from recsys.figures.palette import Palette

AGREES, HARDLY = 0.7, 0.3
COLUMNS = (
    "Beats chance: taking away first what the method names first moves the score more than so many random orders do. "
    "Agrees: whether it ranks the events as the Shapley values do, from −1 to 1."
)


def hangs_html(case: Case, found: Counterfactual) -> str:
    """The fewest events without which the item is gone, and what comes instead."""
    head = html.list_head(
        "What it hangs on", f"checked by asking the model again, {formatting.plural(found.evaluations, 'question')} in all"
    )
    if not found.verified:
        return head + '<p class="rs-quiet">Nothing: it stays in the list even with the whole history taken away.</p>'
    removed = case.removed(found)
    if len(removed) > MOST_TAKEN:
        told = hangs_on(found, [""] * len(removed), None)
        return f'{head}<p class="rs-quiet">{told}</p>'
    tints = cache.category_tints(case.dataset, theme.theme_palette())
    rows = "".join(
        html.row_html(f"{each.steps[-1] + 1:,}", case.name(each), _about(case, each, tints), None, note=_times(len(each.steps)))
        for each in removed
    )
    which = "this one event" if len(found.removed) == 1 else f"these {len(found.removed):,} events"
    comes = f" <b>{html.escape_html(case.dataset.title_of(found.replacement))}</b> takes the free place." if found.replacement else ""
    told = f'<p class="rs-quiet">Without {which} it falls from place {found.rank_before} to <b>{found.rank_after:,}</b>.{comes}</p>'
    return f'{head}<ol class="rs-list">{rows}</ol>{told}'


def _about(case: Case, player: Player, tints: dict[str, str]) -> str:
    about = item_card.about_item(case.dataset, str(player.item_id), tints)
    ago = html.escape_html(case.ago(player.steps[-1]))
    return f"{ago} · {about}" if about else ago


def _times(count: int) -> str:
    return "" if count == 1 else f"{count} times"


def trust_html(case: Case, answer: ProgressiveExplanation) -> str:
    """The verdict, and a line for each method: what it asks, what it names first, how many random orders it beats, whether it agrees with Shapley."""
    found = answer.fidelity
    if found is None:
        return ""
    titles = {name: method.title for name, method in METHODS.items()}
    names = list(found.curves)
    main = names.index(SHAPLEY)
    rows = ""
    for at, name in enumerate(names):
        weights = found.weights[name]
        first = case.name(case.event(int(case.game.steps[int(np.argmax(weights))]))) if len(weights) and weights.max() > 0 else "nothing"
        alike = "–" if at == main else _agreement(float(found.agreement[at, main]))
        rows += (
            f"<tr><td>{html.escape_html(titles[name])}<small>{METHODS[name].summary}</small><small>Names first: <b>{html.escape_html(first)}</b></small></td>"
            f'<td class="n">{beaten(found.trust(name), len(found.random))} of {len(found.random)}</td><td class="n">{alike}</td></tr>'
        )
    head = '<th>Method</th><th class="n">Beats chance</th><th class="n">Agrees</th>'
    told = f'<p class="rs-quiet" style="margin-bottom:.4rem">{html.escape_html(verdict(found, titles))}</p>'
    table = f'<table class="rs-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f"{html.list_head('Which method to trust', '')}{told}{table}{_small(COLUMNS)}{_small(_without(answer.not_offered, titles))}"


def _small(text: str) -> str:
    return f'<p class="rs-quiet" style="font-size:.82rem">{text}</p>' if text else ""


def _without(not_offered: Mapping[str, str], titles: Mapping[str, str]) -> str:
    """The methods that this model or item does not allow, those with the same reason together."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in not_offered.items():
        by_reason.setdefault(reason, []).append(titles[name])
    parts = [f"{' and '.join(names)} ({reason})" for reason, names in by_reason.items()]
    return html.escape_html(f"Not shown here: {', '.join(parts)}.") if parts else ""


def legend_html(titles: Mapping[str, str], colours: Palette) -> str:
    """What the lines of the curves are."""
    lines = {**curve_tints(titles, colours), "random order": colours.other}
    return (
        '<div class="rs-keys">'
        + "".join(f"<span>{html.dot(tint)}{html.escape_html(name)}</span>" for name, tint in lines.items())
        + "</div>"
    )


def _agreement(correlation: float) -> str:
    if not np.isfinite(correlation):
        return "–"
    word = "yes" if correlation >= AGREES else "hardly" if correlation <= HARDLY else "partly"
    return f"{word}, {correlation:.2f}".replace("-", "−")

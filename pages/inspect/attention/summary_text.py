"""Sentences, rows and titles that describe the attention at one step."""

import numpy as np
import pandas as pd

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import html, item_card, theme
from recsys.analysis.attention import AttentionSummary
from recsys.analysis.attention_wording import describe_age, describe_attention
from recsys.core.formatting import format_distance, format_share, join_words
from recsys.core.translation import N_, _
from recsys.figures.attention import TERMS

LISTED = 10
SAME_PLACE = 0.05  # km
# For each unit of the gaps, the titles where the attention falls, rises, hardly changes and does not change at all with the gap.
GAP_TITLES = {
    "hours": (
        N_("Older events get less attention"),
        N_("Older events get more attention"),
        N_("Attention hardly depends on age"),
        N_("Equal attention at every age"),
    ),
    "kilometres": (
        N_("Distant events get less attention"),
        N_("Distant events get more attention"),
        N_("Attention hardly depends on distance"),
        N_("Equal attention at every distance"),
    ),
}
TREND = 0.15  # the correlation from which the attention is said to rise or fall
# Titles of the gates of a model, and a sentence about the other side of each.
GATES = {
    "long-term": (
        N_("Weight of long-term interest: {now} at this step, {mean} on average"),
        N_("The rest of the weight is on short-term interest."),
    ),
    "own history": (
        N_("Weight of the user’s own events: {now} at this step, {mean} on average"),
        N_("The rest of the weight is on items that fit the hour and the place."),
    ),
}


class AttentionText:
    """One attention summary in words. Text from data is escaped in HTML; `titles` are plain, figures escape them."""

    def __init__(self, here: Cursor, summary: AttentionSummary) -> None:
        self.here, self.summary, self.dataset = here, summary, here.dataset
        self.history = here.history
        self.colours = theme.theme_palette()
        self.tint_of = cache.category_tints(self.dataset, self.colours)
        self.titles = [self.dataset.title_of(str(self.history.items[event])) for event in summary.events]

    def lead_html(self) -> str:
        """Return the main finding as HTML."""
        return describe_attention(self.summary, self.titles, self.dataset.noun)

    def list_html(self) -> str:
        """Return the events with most attention as rows of HTML."""
        best = self.summary.heaviest(LISTED)
        top = max(float(self.summary.weights[best].max(initial=0)), 1e-9)
        rows = "".join(
            item_card.row_html(
                str(int(self.summary.events[at]) + 1), self.dataset, str(self.history.items[self.summary.events[at]]), self.tint_of,
                100 * float(self.summary.weights[at]) / top, about=self._about(int(at)),
                tag=f' <span class="rs-note">{format_share(float(self.summary.weights[at]), 1)}</span>',
            )
            for at in best
        )  # fmt: skip
        return html.list_head(_("Events with most attention"), _("event number and share")) + f'<ol class="rs-list">{rows}</ol>'

    def tints(self) -> list[str]:
        """Return the colour of each event's category; the accent where there are none."""
        if "category" not in self.dataset.items:
            return [self.colours.quiet] * len(self.summary.events)
        categories = self.dataset.items["category"].to_numpy(dtype=object)
        codes = self.dataset.vocabulary.encode(self.history.items[self.summary.events])
        return [self.tint_of.get(str(categories[code - 1]), self.colours.other) if code else self.colours.other for code in codes]

    def event_titles(self, steps: np.ndarray) -> list[str]:
        """Return the titles of the events at these steps; −1 is the start token."""
        return [_("the start token") if step < 0 else self.dataset.title_of(str(self.history.items[step])) for step in steps]

    def arcs_text(self) -> str:
        """Return the strongest arcs as plain text."""
        best = [f"{self.titles[at]} {format_share(float(self.summary.weights[at]))}" for at in self.summary.heaviest(3)]
        return _("Arcs from step {step} back to the events with most attention: {events}.", step=self.here.step, events=join_words(best))

    def shares_text(self, shares: dict[str, np.ndarray]) -> str:
        """Return the mean shares of the terms of the attention logits as plain text."""
        parts = [
            _("{term} {share}", term=_(TERMS.get(name, name)), share=format_share(float(values.mean()))) for name, values in shares.items()
        ]
        return _("Shares of the terms of the attention logits: {shares}.", shares=join_words(parts))

    def _about(self, at: int) -> str:
        """Return how long ago and how far away an event was, and its category, as HTML."""
        about = item_card.about_item(self.dataset, str(self.history.items[self.summary.events[at]]), self.tint_of)
        parts = (html.escape_html(describe_age(self.summary, at, self.dataset.noun)), self._distance(at), about)
        return " · ".join(part for part in parts if part)

    def _distance(self, at: int) -> str:
        if self.summary.kilometres is None or not np.isfinite(self.summary.kilometres[at]):
            return ""
        distance = float(self.summary.kilometres[at])
        return _("same place") if distance < SAME_PLACE else _("{distance} away", distance=format_distance(distance))


def has_spread(values: np.ndarray) -> bool:
    """Return whether there are gaps to draw: some that are known and not all alike."""
    known = values[np.isfinite(values)]
    return len(known) > 2 and float(np.ptp(known)) > 0


def gap_title(weights: np.ndarray, gaps: np.ndarray, unit: str) -> str:
    """Return the title of the chart of weights against gaps, by their rank correlation."""
    less, more, hardly, equal = GAP_TITLES[unit]
    known = np.isfinite(gaps)
    if np.ptp(weights[known]) == 0:
        return _(equal)
    # Spearman's correlation by hand: importing scipy.stats for it takes longer than all else on the page.
    first, second = (pd.Series(values[known]).rank() for values in (gaps, weights))
    correlation = float(np.corrcoef(first, second)[0, 1])
    return _(less if correlation < -TREND else more if correlation > TREND else hardly)


def gate_text(name: str, gate: np.ndarray, step: int) -> tuple[str, str]:
    """Return the title of a gate with its weight at this step, and a description of the whole line."""
    title, rest = GATES.get(name, (N_("Weight of {name}: {now} at this step, {mean} on average"), ""))
    title = _(title, name=name, now=format_share(float(gate[step])), mean=format_share(float(gate.mean())))
    low, high = format_share(float(gate.min())), format_share(float(gate.max()))
    return title, " ".join([_("{title}. It ranges from {low} to {high}.", title=title, low=low, high=high), *([_(rest)] if rest else [])])

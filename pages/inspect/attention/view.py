"""The words and rows of the attention page."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages import cache
from pages.shell import cursor
from pages.shell.cursor import Cursor
from pages.ui import formatting, html, item_card, theme
from pages.ui.errors import escape_markdown
from recsys.analysis.attention import AttentionSummary
from recsys.core import Dataset
from recsys.models import MODELS

SHARE_MEANING = (
    "A share is how much one part of the model’s sum differs from event to event (its standard deviation), against the other parts. "
    "A part that is alike for all events decides nothing."
)
ROLLOUT_MEANING = (
    "Attention followed down through all blocks to the events (rollout). It takes half of every block as staying where it is, "
    "so the latest event always has a good part."
)
LISTED = 10


class AttentionWords:
    """One look as text and HTML. Everything from data is escaped here, except `titles`, which figures escape."""

    def __init__(self, here: Cursor, seen: AttentionSummary) -> None:
        self.here, self.seen, self.dataset = here, seen, here.dataset
        self.history = here.history
        self.colours = theme.theme_palette()
        self.tint_of = cache.category_tints(self.dataset, self.colours)
        self.titles = [self.dataset.title_of(str(self.history.items[event])) for event in seen.events]

    def sentence(self) -> str:
        """HTML: how much of the look falls where, and what that does not mean."""
        warning = "This is where the model looks, <b>not an explanation</b> of what it answers."
        if not len(self.seen.events):
            return warning
        best = int(self.seen.heaviest(1)[0])
        half = formatting.plural(self.seen.half(), "event")
        start = f", {self.seen.start:.0%} on the start before all events" if self.seen.start >= 0.05 else ""
        title = html.escape_html(self.titles[best])
        when = self._ago(best)
        told = f"Half of the look falls on <b>{half}</b> of {len(self.seen.events):,}, most on <b>{title}</b> ({self.seen.weights[best]:.0%}{when}){start}."
        return f"{told} {warning}"

    def list_html(self) -> str:
        """The events looked at most, as rows."""
        best = self.seen.heaviest(LISTED)
        top = max(float(self.seen.weights[best].max(initial=0)), 1e-9)
        rows = "".join(
            html.row_html(str(int(self.seen.events[at]) + 1), self.titles[at], self._about(int(at)), 100 * float(self.seen.weights[at]) / top,
                          tag=f' <span class="rs-note">{self.seen.weights[at]:.1%}</span>')
            for at in best
        )  # fmt: skip
        return html.list_head("Looked at most", "event number, and share of the look") + f'<ol class="rs-list">{rows}</ol>'

    def tints(self) -> list[str]:
        """The colour of each event's category; the accent where there are none."""
        if "category" not in self.dataset.items:
            return [self.colours.quiet] * len(self.seen.events)
        kinds = self.dataset.items["category"].to_numpy(dtype=object)
        codes = self.dataset.vocabulary.encode(self.history.items[self.seen.events])
        return [self.tint_of.get(str(kinds[code - 1]), self.colours.other) if code else self.colours.other for code in codes]

    def all_titles(self, steps: np.ndarray) -> list[str]:
        return ["the start" if step < 0 else self.dataset.title_of(str(self.history.items[step])) for step in steps]

    def arcs_in_words(self) -> str:
        best = self.seen.heaviest(3)
        told = ", ".join(f"{self.titles[at]} {self.seen.weights[at]:.0%}" for at in best)
        return f"Arcs from step {self.here.step} back to the events looked at: {told}."

    def shares_in_words(self, shares: dict[str, np.ndarray]) -> str:
        return "What decides the look: " + ", ".join(f"{name} {values.mean():.0%}" for name, values in shares.items()) + "."

    def _about(self, at: int) -> str:
        """HTML: the kind of item, and how long ago and how far away it was."""
        about = item_card.about_item(self.dataset, str(self.history.items[self.seen.events[at]]), self.tint_of)
        gap = self._ago(at).removeprefix(", ")
        far = self._far(at)
        return " · ".join(part for part in (gap, far, about) if part)

    def _ago(self, at: int) -> str:
        if self.seen.hours is None or not np.isfinite(self.seen.hours[at]):
            back = int(self.here.step - self.seen.events[at])
            return f", {formatting.plural(back, self.dataset.noun)} back"
        return f", {formatting.duration(float(self.seen.hours[at]))} before"

    def _far(self, at: int) -> str:
        if self.seen.kilometres is None or not np.isfinite(self.seen.kilometres[at]):
            return ""
        far = float(self.seen.kilometres[at])
        return "same place" if far < 0.05 else f"{far * 1000:.0f} m away" if far < 1 else f"{far:,.1f} km away"


def some(values: np.ndarray) -> bool:
    """Whether there is anything to draw: gaps that are known and not all alike."""
    known = values[np.isfinite(values)]
    return len(known) > 2 and float(np.ptp(known)) > 0


def trend(weights: np.ndarray, gaps: np.ndarray) -> str:
    """less, more, or neither: the rank correlation of weights with gaps."""
    known = np.isfinite(gaps)
    if np.ptp(weights[known]) == 0:
        return "as much"
    # Spearman's correlation by hand: importing scipy.stats for it takes longer than all else on the page.
    first, second = (pd.Series(values[known]).rank() for values in (gaps, weights))
    strength = float(np.corrcoef(first, second)[0, 1])
    return "less" if strength < -0.15 else "more" if strength > 0.15 else "about as much"


GATES = {
    "long-term": ("How much is long-term interest", "The rest is what is going on now"),
    "own history": ("How much of the list comes straight from their own events", "The rest is for what fits the hour and the place"),
}


def gate_in_words(name: str, gate: np.ndarray, step: int) -> tuple[str, str]:
    """A title with the share at this step, and a sentence for those who cannot see the chart."""
    title, rest = GATES.get(name, (f"How much is {name}", "The rest is everything else"))
    title = f"{title}: {gate[step]:.0%} here, {gate.mean():.0%} on average"
    return title, f"{title}, from {gate.min():.0%} to {gate.max():.0%} over {len(gate)} steps. {rest}."


def empty(dataset: Dataset, checkpoint: str) -> None:
    """What to do when the cursor's model has no attention: the trained models that have it, or how to train one."""
    found = cache.checkpoints(dataset)
    here = found[checkpoint].card.model
    how = "reads the history into one state" if MODELS[here].gradient else "counts"
    html.lead(f"“{html.escape_html(MODELS[here].title)}” {how}; it does not look at single events, so there is no attention to show.")
    able = [name for name, each in found.items() if MODELS[each.card.model].shows_attention]
    if able:
        st.write("These models look at events. Take one of them:")
        for name in able:
            kind = MODELS[found[name].card.model].title
            st.button(
                escape_markdown(kind if name == found[name].card.model else f"{name} ({kind})"),
                key=f"take_{name}",
                on_click=_take,
                args=(name,),
            )
        return
    could = [spec.title for spec in MODELS.values() if spec.shows_attention and not spec.lacks(dataset.has)]
    st.info(
        f"Models with attention are: {escape_markdown(', '.join(could))}. None of them is trained on this data yet; train one on the page Evaluate, Checkpoints."
    )


def _take(name: Any) -> None:
    cursor.move_cursor(model=name)

"""Sentences about the attention at one step."""

from collections.abc import Sequence
from html import escape

import numpy as np

from recsys.analysis.attention import AttentionSummary
from recsys.core.formatting import format_duration, format_number, format_share
from recsys.core.nouns import count_events
from recsys.core.translation import _, ngettext

START = 0.05  # share of the start token that is worth a sentence


def describe_attention(summary: AttentionSummary, titles: Sequence[str], noun: str) -> str:
    """Return how concentrated the attention is, on which event most falls, and what this does not mean, as HTML.

    `titles` (n,) of the summary's events are plain and escaped here; `noun` is the dataset's word for an event.
    """
    warning = _("Attention is <b>not an explanation</b> of the recommendations.")
    if not len(summary.events):
        return warning
    best = int(summary.heaviest(1)[0])
    sentences = [
        ngettext(
            "Half of the attention falls on <b>{count} event</b> of {total}, most on <b>{item}</b> ({share}, {before}).",
            "Half of the attention falls on <b>{count} events</b> of {total}, most on <b>{item}</b> ({share}, {before}).",
            summary.half(),
            total=format_number(len(summary.events)),
            item=escape(titles[best]),
            share=format_share(float(summary.weights[best])),
            before=escape(describe_age(summary, best, noun)),
        )
    ]
    if summary.start >= START:
        sentences.append(_("{share} falls on the start token before all events.", share=format_share(float(summary.start))))
    return " ".join([*sentences, warning])


def describe_age(summary: AttentionSummary, at: int, noun: str) -> str:
    """Return how long before the step an event was, or how many events before where times are unknown."""
    if summary.hours is None or not np.isfinite(summary.hours[at]):
        return _("{events} back", events=count_events(int(summary.step - summary.events[at]), noun))
    return _("{duration} before", duration=format_duration(float(summary.hours[at])))

"""Recent interest compared with the interest over the whole history, by category."""

from collections.abc import Mapping

from pages.ui import html
from recsys.analysis.interest_profile import InterestProfile
from recsys.core.formatting import format_share, join_words
from recsys.core.translation import _
from recsys.figures.interest_profile import strongest_categories

CATEGORIES = 7
WIDTH = 92  # percent of the track that the largest share takes, so that its mark stays inside


def describe_interest(interest: InterestProfile) -> str:
    """Return the alt text of the interest stream."""
    return _(
        "Share of each category among the last {window} events, at every step; the largest are {categories}.",
        window=interest.window,
        categories=join_words(interest.categories[each] for each in strongest_categories(interest, 3)),
    )


def interest_html(interest: InterestProfile, step: int, tints: Mapping[str, str]) -> str:
    """Return each category's share of the latest events and of all events so far: a dot and a ring on one line."""
    recent, overall = interest.short[step], interest.long[step]
    shown = [each for each in strongest_categories(interest, CATEGORIES) if recent[each] + overall[each] > 0]
    shown.sort(key=lambda each: -recent[each])
    largest = max((float(max(recent[each], overall[each])) for each in shown), default=1.0)
    rows = "".join(
        _row(interest.categories[each], tints[interest.categories[each]], float(recent[each]), float(overall[each]), largest)
        for each in shown
    )
    head = html.list_head(_("Recent and overall interest"), _("dot: last {window} events · ring: all so far", window=interest.window))
    return f'{head}<div class="rs-pairs">{rows}</div>'


def _row(category: str, tint: str, recent: float, overall: float, largest: float) -> str:
    name = html.escape_html(category)
    dot, ring = WIDTH * recent / largest, WIDTH * overall / largest
    marks = (
        f'<i class="rs-line" style="left:{min(dot, ring):.1f}%;width:{abs(dot - ring):.1f}%;background:{tint}"></i>'
        f'<i class="rs-ring" style="left:{ring:.1f}%;border-color:{tint}"></i>'
        f'<i class="rs-spot" style="left:{dot:.1f}%;background:{tint}"></i>'
    )
    hint = _(
        "{category}: {recent} of the latest events, {overall} of all events so far",
        category=name,
        recent=format_share(recent),
        overall=format_share(overall),
    )
    return (
        f'<div class="rs-pair" title="{hint}"><span>{name}</span><span class="rs-track">{marks}</span>'
        f"<span>{format_share(recent)}</span></div>"
    )

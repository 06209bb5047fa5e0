"""Sections about the step itself: the strip of ranks, the list then, other models' lists, and the map."""

from collections.abc import Sequence

import numpy as np

from recsys.core import TOP_K
from recsys.core.formatting import format_number
from recsys.core.rank_text import format_rank
from recsys.core.translation import _, ngettext
from recsys.datasets.outline import read_outline
from recsys.evaluation.replay import Replay
from recsys.figures.maps import find_item_places, fit_user_view
from recsys.figures.palette import LIGHT
from recsys.figures.route_chart import route_chart
from recsys.figures.route_map import Route
from recsys.figures.strip_view import StripView
from recsys.figures.timeline import rank_strip
from recsys.reports.sections import Row, Section, Table, make_figure
from recsys.reports.step import Step

LATEST_PLACES = 25
TICK = "✓"


def make_timeline_section(here: Step) -> Section:
    """Return the ranks around the step."""
    strip = StripView(here.replay, here.step)
    events = range(strip.first, strip.first + len(strip.splits))
    title = strip.title() if here.replay.is_whole else _stretch_title(here.replay)
    figure = rank_strip(strip.ranks, strip.splits, here.moments(events), LIGHT, strip.first, title, here.step)
    return Section("timeline", _("Timeline"), figures=(make_figure("ranks", figure, strip.describe(), strip.locate(here.step)[0]),))


def _stretch_title(replay: Replay) -> str:
    first, last = format_number(replay.first), format_number(replay.first + len(replay.item_ids) - 1)
    return _("Rank of the next item, steps {first} to {last}", first=first, last=last)


def make_list_section(here: Step, was_changed: bool) -> Section:
    """Return the list at the step, with the next item marked, or added below where the list does not contain it.

    `was_changed` says that the kept page may have shown another list, such as one with filters.
    """
    items = [str(item) for item in here.replay.top_items[here.at] if item]
    scores = here.replay.top_scores[here.at][: len(items)]
    rows = [
        _row(here, format_number(rank), item, share) for rank, (item, share) in enumerate(zip(items, _bars(scores), strict=True), start=1)
    ]
    if here.next_item is not None and here.next_item not in items:
        rows.append(_row(here, "–" if np.isnan(here.rank) else format_rank(here.rank), here.next_item, None))
    reason = here.replay.fallbacks[here.at]
    notes = [_("Fallback list – {reason}", reason=_(reason))] if reason else []
    if not items:
        notes.append(_("No item to recommend at this step."))
    if was_changed:
        notes.append(
            _("This is the list of the recorded timeline. What was tried on the page, such as filters or likes, is not applied to it.")
        )
    return Section("recommend", _("Recommendations at this step"), rows=tuple(rows), notes=tuple(notes))


def _row(here: Step, number: str, item: str, share: float | None) -> Row:
    about, colour = here.about(item)
    is_next = item == here.next_item
    mark = "" if not is_next else "missed" if share is None else "hit"
    tag = "" if not is_next else _("next item") if share is None else f"{TICK} {_('next item')}"
    return Row(number, here.dataset.title_of(item), about, colour, mark, tag, share, *here.picture(item))


def _bars(scores: np.ndarray) -> list[float]:
    """Lengths of bars (n,): 1 for the first score, .12 for the last, square roots between."""
    span = float(np.ptp(scores)) if len(scores) else 0.0
    return [1.0 if span <= 0 else float(0.12 + 0.88 * np.sqrt((score - scores.min()) / span)) for score in scores.astype(np.float64)]


def make_comparison_section(here: Step, titles: Sequence[str], replays: Sequence[Replay]) -> Section:
    """Return the lists of several models at the step side by side; each replay has this step."""
    lists = [[str(item) for item in replay.top_items[here.step - replay.first] if item] for replay in replays]
    ranks = [float(replay.ranks[here.step - replay.first]) for replay in replays]

    def cell(items: list[str], at: int) -> str:
        if at >= len(items):
            return ""
        title = here.dataset.title_of(items[at])
        return f"{TICK} {title}" if items[at] == here.next_item else title

    body = [[format_number(at + 1), *(cell(items, at) for items in lists)] for at in range(max(map(len, lists), default=0))]
    if here.next_item is not None:
        body.append([_("Rank of the next item"), *("–" if np.isnan(rank) else format_rank(rank) for rank in ranks)])
    return Section("compare", _("Models side by side"), table=Table(["", *titles], body))


def make_map_section(here: Step) -> Section | None:
    """Return the map of the latest places and the list; None for data without places."""
    view = fit_user_view(here.dataset, here.user, read_outline(here.dataset.name))
    if view is None or here.history.places is None:
        return None
    first = max(here.step - LATEST_PLACES, 0)
    path = here.history.places[first : here.step]
    known = np.isfinite(path).all(axis=1)
    items = [str(item) for item in here.replay.top_items[here.at] if item]
    route = Route(
        path=path[known],
        path_titles=[here.dataset.title_of(str(item)) for item in here.history.items[first : here.step][known]],
        recommended=find_item_places(here.dataset, items),
        titles=[here.dataset.title_of(item) for item in items],
        next_place=None if here.next_item is None else find_item_places(here.dataset, [here.next_item])[0],
        next_title="" if here.next_item is None else here.dataset.title_of(here.next_item),
        hit=here.is_hit,
    )
    alt = ngettext(
        "Map of the latest {count} place and of the top {k} at step {step}.",
        "Map of the latest {count} places and of the top {k} at step {step}.",
        int(known.sum()),
        k=TOP_K,
        step=format_number(here.step),
    )
    legend = [_("blue dot: current place"), _("line: latest places"), _("rings: recommendations"), _("star: next item")]
    figure = make_figure("map", route_chart(view, route, LIGHT), alt)
    return Section("map", _("Map"), figures=(figure,), notes=(" · ".join(legend),))

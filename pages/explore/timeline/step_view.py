"""One step of a user's timeline as HTML: heading, recommendations, history or map, and interest profile."""

import datetime as dt
from collections.abc import Iterable
from copy import copy
from textwrap import shorten

import numpy as np
import plotly.graph_objects as go

from pages import cache
from pages.cache.explanations import explanation_key
from pages.explore.timeline import next_behaviour
from pages.explore.timeline.interest_comparison import interest_html
from pages.shell.cursor import Cursor
from pages.ui import html, item_card, theme
from recsys.analysis.interest_profile import InterestProfile
from recsys.core import TOP_K
from recsys.core.formatting import format_moment, format_number, format_short_moment, join_words, local_time
from recsys.core.nouns import count_events
from recsys.core.rank_text import format_rank
from recsys.core.translation import _, current_language, ngettext
from recsys.core.user_names import name_user
from recsys.evaluation.replay import Replay
from recsys.figures.interest_profile import STREAM, interest_stream, locate_on_stream
from recsys.figures.maps import MapView, find_item_places
from recsys.figures.route_map import Route, has_marks_outside, route_html
from recsys.figures.strip_view import StripView
from recsys.figures.timeline import STRIP, rank_strip
from recsys.figures.timeline_overview import OVERVIEW, locate_on_overview

LATEST_PLACES = 25
LATEST_EVENTS = 10
TEXT_LENGTH = 80  # letters shown of a search or comment


class StepView:
    """One user's timeline replayed under one model, shown at one step. Text from data is escaped here."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.dataset = cursor.dataset
        self.step = cursor.step
        self.history = cursor.history
        self.found = cache.loaded(cursor.dataset, cursor.model, cursor.device)
        self.replay = self._replay_around(cursor.step)
        self.interest = cache.interest_profile(cursor.dataset, cursor.user)
        self.colours = theme.theme_palette()
        self.tints = cache.category_tints(self.dataset, self.colours)
        self.user = name_user(self.dataset, cursor.user)
        self.map_view = cache.map_view(self.dataset, cursor.user)
        self.strip = StripView(self.replay, cursor.step)

    def frames(self, steps: Iterable[int]) -> dict[int, dict[str, str]]:
        """Return the parts of the page that change with the step, for each of these steps."""
        here, strip, store = self.cursor, self.strip, cache.step_parts()
        drawn_on = (strip.first, len(strip.ranks), strip.bins is not None, self.replay.first, len(self.replay.ranks))
        key = explanation_key(here.dataset, self.found, here.user, drawn_on, current_language(), self.colours.background)
        frames = {step: store.get((*key, step)) for step in steps}
        missing = [step for step, parts in frames.items() if parts is None]
        for step, prediction in zip(missing, next_behaviour.predictions_html(here, self.found, missing), strict=True):
            frames[step] = self.at(step).parts(prediction)
            store.put((*key, step), frames[step])
        return frames

    def at(self, step: int) -> "StepView":
        """Return the view of another step of the same timeline."""
        other = copy(self)
        other.step = step
        if step not in self.replay.steps:  # in another part of a long timeline
            other.replay = self._replay_around(step)
        return other

    def moments(self, events: Iterable[int]) -> list[dt.datetime | None] | None:
        """Return the local times of these events; None for data without times."""
        return None if self.history.times is None else [self._local_time(event) for event in events]

    def strip_figure(self) -> go.Figure:
        """Return the strip of ranks around the step."""
        here, strip = self.cursor, self.strip

        def make() -> go.Figure:
            moments = self.moments(range(strip.first, strip.first + len(strip.splits)))
            return rank_strip(strip.ranks, strip.splits, moments, self.colours, strip.first, strip.title())

        part = (self.replay.first, strip.first, len(strip.splits))
        return cache.figure(make, "strip", here.dataset, self.found, here.user, part, strip.title(), self.colours)

    def stream_figure(self, interest: InterestProfile) -> go.Figure:
        """Return the stream of interests over the timeline."""
        key = ("stream", self.dataset, self.cursor.user, self.colours)
        return cache.figure(lambda: interest_stream(interest, self.tints, self.colours), *key)

    def _replay_around(self, step: int) -> Replay:
        return cache.replay_loaded(self.dataset, self.found, self.cursor.user, step)

    def parts(self, behaviours: str) -> dict[str, str]:
        """Return the HTML of every part of the page that changes with the step, by name; assets/keyboard.js swaps these."""
        parts = {
            "head": f"<h1>{html.escape_html(self.title)}</h1>{html.lead_html(self.summary_html())}{behaviours}",
            "now_on_strip": html.now_over(STRIP, *self.strip.locate(self.step)),
            "list": self.list_html(),
            "beside": self.history_html() if self.map_view is None else self.map_html(self.map_view),
        }
        if self.strip.bins is not None:
            parts["now_on_overview"] = html.now_over(OVERVIEW, locate_on_overview(self.strip.bins, self.step))
        if self.interest is None:
            return parts
        cursor_mark = html.now_over(STREAM, locate_on_stream(self.interest, self.step))
        return parts | {"now_on_stream": cursor_mark, "pairs": interest_html(self.interest, self.step, self.tints)}

    @property
    def _at(self) -> int:
        """The position of this step in the arrays of its replay."""
        return self.step - self.replay.first

    @property
    def title(self) -> str:
        events = count_events(len(self.history), self.dataset.noun)
        return _("{user} after {step} of {events}", user=self.user, step=format_number(self.step), events=events)

    def summary_html(self) -> str:
        """Return the line under the title: moment, main interests, next item and its rank."""
        facts = [fact for fact in (self._moment(), self._main_interests()) if fact]
        return " · ".join([*facts, self._next_item_html() if self.step < len(self.history) else _("the timeline ends here")])

    def _next_item_html(self) -> str:
        title = html.escape_html(self.dataset.title_of(self.history.items[self.step]))
        rank = self.replay.ranks[self._at]
        if not np.isfinite(rank):
            note = _("no list at this step") if np.isnan(rank) else _("not listed")
            return _("next item: <b>{title}</b>, {note}", title=title, note=f"<b>{note}</b>")
        colour = self.colours.hit if rank <= TOP_K else self.colours.miss
        help_text = html.escape_html(_("Tied with other items: this is the middle of the ranks they share"))
        tied = "" if rank == int(rank) else f' title="{help_text}"'
        shown = f'<b style="color:{colour}"{tied}>{_("rank {rank}", rank=format_number(rank, 1))}</b>'
        values = dict(title=title, rank=shown, items=format_number(len(self.dataset.item_ids)))
        event = self._describe_event()
        if event:
            return _("next item: <b>{title}</b> ({event}), {rank} of {items}", event=event, **values)
        return _("next item: <b>{title}</b>, {rank} of {items}", **values)

    def _describe_event(self) -> str:
        """Return the behaviour and the text of the next event as HTML, "" where it has neither."""
        kinds, text = self.history.behaviours, self._text_of(self.step)
        behaviour = None if kinds is None else kinds[self.step]
        if not isinstance(behaviour, str) or not behaviour:
            return html.escape_html(text)
        if not text:
            return html.escape_html(behaviour)
        return _("{behaviour}: {text}", behaviour=html.escape_html(behaviour), text=html.escape_html(text))

    def _text_of(self, event: int) -> str:
        """Return the text of an event itself in quotation marks, such as a search query; "" where it has none."""
        texts = self.history.texts
        return _("“{text}”", text=shorten(texts[event], TEXT_LENGTH)) if texts is not None and texts[event] else ""

    def _local_time(self, event: int) -> dt.datetime | None:
        times, offsets = self.history.times, self.history.utc_offsets
        return None if times is None else local_time(times[event], None if offsets is None else offsets[event])

    def _moment(self) -> str:
        """Return the time of the next event, of the last one at the end, or the step for data without times."""
        if self.history.times is None:
            return _("step {step}", step=format_number(self.step))
        if not len(self.history):
            return ""
        moment = self._local_time(min(self.step, len(self.history) - 1))
        if moment is None:
            return ""
        return format_moment(moment) if self.history.utc_offsets is not None else _("{moment} UTC", moment=format_moment(moment))

    def _main_interests(self) -> str:
        if self.interest is None or self.step == 0:
            return ""
        shares = self.interest.long[self.step]
        best = [self.interest.categories[at] for at in np.argsort(-shares, kind="stable")[:2] if shares[at] > 0]
        return _("so far mostly {categories}", categories=html.escape_html(join_words(best))) if best else ""

    def list_html(self, k: int = TOP_K) -> str:
        """Return the top-k list of this step as rows with the next item marked, or added below where it is not in the list."""
        items = [str(item) for item in self.replay.top_items[self._at][:k] if item]
        widths = html.bar_widths(self.replay.top_scores[self._at][: len(items)])
        next_item = str(self.history.items[self.step]) if self.step < len(self.history) else None
        rows = "".join(
            self._row(rank, item, width, item == next_item) for rank, (item, width) in enumerate(zip(items, widths, strict=True), 1)
        )
        note = item_card.fallback_label(self.replay.fallbacks[self._at])
        head = html.list_head(_("Recommendations at this step"), _("bar: score, relative to this list"))
        missed = self._missed_row(next_item) if next_item is not None and next_item not in items else ""
        empty = "" if items else f'<p class="rs-lead">{html.escape_html(item_card.empty_list_text(self.dataset))}</p>'
        return f'{head}{note}{empty}<ol class="rs-list">{rows}</ol>{missed}'

    def _row(self, rank: int, item: str, width: float, hit: bool) -> str:
        tag = f' <span class="rs-tag">{html.TICK} {_("next item")}</span>' if hit else ""
        return item_card.row_html(format_number(rank), self.dataset, item, self.tints, width, "hit" if hit else "", tag)

    def _missed_row(self, item: str) -> str:
        tag = f' <span class="rs-tag">{_("next item")}</span>'
        found = self.replay.ranks[self._at]
        rank = "–" if np.isnan(found) else format_rank(found)
        return item_card.row_html(rank, self.dataset, item, self.tints, kind="missed", tag=tag)

    def history_html(self) -> str:
        """Return the latest events as rows, newest first, for data without places."""
        start = max(self.step - LATEST_EVENTS, 0)
        rows = "".join(self._past_row(event) for event in range(self.step - 1, start - 1, -1))
        empty = f'<p class="rs-lead" style="margin:0">{_("No events yet: this is the start of the timeline.")}</p>'
        return html.list_head(_("Latest events, newest first"), "") + (f'<ol class="rs-list">{rows}</ol>' if rows else empty)

    def _past_row(self, event: int) -> str:
        item, text = str(self.history.items[event]), html.escape_html(self._text_of(event))
        about = " · ".join(each for each in (item_card.about_item(self.dataset, item, self.tints), text) if each)
        date = ""
        if self.history.times is not None:
            moment = self._local_time(event)
            date = format_short_moment(moment) if moment else _("no time")
        return item_card.row_html(format_number(event + 1), self.dataset, item, self.tints, note=date, about=about)

    def map_html(self, view: MapView) -> str:
        """Return the latest places and the recommendations as marks to lay over the base map."""
        route = self._route()
        alt = ngettext(
            "Map of the latest {count} place and of the top {k} at step {step}.",
            "Map of the latest {count} places and of the top {k} at step {step}.",
            min(self.step, LATEST_PLACES),
            k=TOP_K,
            step=format_number(self.step),
        )
        return route_html(view, route, alt, self.colours) + self._legend_html(has_marks_outside(view, route))

    def _route(self) -> Route:
        places = self.history.places
        assert places is not None
        first = max(self.step - LATEST_PLACES, 0)
        path = places[first : self.step]
        known = np.isfinite(path).all(axis=1)
        titles = [self.dataset.title_of(str(item)) for item in self.history.items[first : self.step][known]]
        items = [str(item) for item in self.replay.top_items[self._at] if item]
        next_item = str(self.history.items[self.step]) if self.step < len(self.history) else None
        return Route(
            path=path[known],
            path_titles=titles,
            recommended=find_item_places(self.dataset, items),
            titles=[self.dataset.title_of(item) for item in items],
            next_place=None if next_item is None else find_item_places(self.dataset, [next_item])[0],
            next_title="" if next_item is None else self.dataset.title_of(next_item),
            hit=bool(next_item is not None and self.replay.ranks[self._at] <= TOP_K),
        )

    def _legend_html(self, has_outside: bool) -> str:
        marks = [_("blue dot: current place"), _("line: latest places"), _("rings: recommendations"), _("star: next item")]
        if has_outside:
            marks.append(_("diamond: outside this map"))
        return f'<div class="rs-legend">{" · ".join(f"<span>{mark}</span>" for mark in marks)}</div>'

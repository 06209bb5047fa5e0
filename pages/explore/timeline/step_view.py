"""The words and rows of the timeline page: who, when, where, what the model said and what really came."""

from copy import copy
from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import formatting, html, item_card, theme
from recsys.analysis.interest_profile import InterestProfile
from recsys.core import TOP_K
from recsys.figures.interest_profile import STREAM, now_on_stream, strongest
from recsys.figures.maps import MapView
from recsys.figures.route_map import Route, any_beyond, route_html
from recsys.figures.timeline import STRIP, now_on_strip

if TYPE_CHECKING:
    from recsys.evaluation.replay import Replay

LATEST = 25  # events drawn as the way here
SAID = 80  # letters of a search or comment


class StepView:
    """One step of one person's timeline, as text and HTML. Everything from data is escaped here."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.dataset = cursor.dataset
        self.step = cursor.step
        self.history = cursor.history
        self.colours = theme.theme_palette()
        self.tints = cache.category_tints(self.dataset, self.colours)
        self.who = cache.user_name(self.dataset, cursor.user)
        self.view = cache.map_view(self.dataset, cursor.user)
        self.dates = self._dates()

    def at(self, step: int) -> "StepView":
        """The same story at another step."""
        other = copy(self)
        other.step = step
        return other

    def parts(self, replay: "Replay", interest: InterestProfile | None, behaviours: str) -> dict[str, str]:
        """What the page shows of this step, as HTML by name; assets/steps.js swaps these."""
        parts = {
            "head": f"<h1>{html.escape_html(self.title)}</h1>{html.lead_html(self.sentence(replay))}{behaviours}",
            "now_on_strip": html.now_over(STRIP, *now_on_strip(replay.ranks, self.step)),
            "list": self.list_html(replay),
            "beside": self.recent_html() if self.view is None else self.map_html(self.view, replay),
        }
        if interest is None:
            return parts
        return parts | {"now_on_stream": html.now_over(STREAM, now_on_stream(interest, self.step)), "pairs": self.pairs_html(interest)}

    def map_html(self, view: MapView, replay: "Replay") -> str:
        """The way here and where the list points, to be laid over the ground."""
        way = self.way(replay)
        return route_html(view, way, self.map_in_words(replay), self.colours) + self.legend_html(any_beyond(view, way))

    @property
    def title(self) -> str:
        return f"{self.who} after {self.step:,} of {formatting.plural(len(self.history), self.dataset.noun)}"

    def sentence(self, replay: "Replay") -> str:
        """HTML: when it is, what this person is about, what came next and where it ranked."""
        parts = [part for part in (self._moment(), self._mostly()) if part]
        if self.step == len(self.history):
            return " · ".join([*parts, "the timeline ends here"])
        title = html.escape_html(self.dataset.title_of(self.history.items[self.step]))
        rank = replay.ranks[self.step]
        colour = self.colours.hit if rank <= TOP_K else self.colours.miss
        tied = "" if rank == int(rank) else ' title="Between two whole numbers: it is tied with others, and counts as the middle of them"'
        verdict = f'<b style="color:{colour}"{tied}>rank {rank:,g}</b> of {len(self.dataset.item_ids):,}'
        return " · ".join([*parts, f"next came <b>{title}</b>{self._behaviour()}: {verdict}"])

    def _behaviour(self) -> str:
        """What was done next and what was said with it, in brackets."""
        kinds = self.history.behaviours
        kind = None if kinds is None else kinds[self.step]
        told = ": ".join(each for each in (kind, self._said(self.step)) if isinstance(each, str) and each)
        return f" ({html.escape_html(told)})" if told else ""

    def _said(self, event: int) -> str:
        """The words of an event itself, such as a search; "" where it has none."""
        texts = self.history.texts
        return f"“{shorten(texts[event], SAID)}”" if texts is not None and texts[event] else ""

    def _dates(self) -> list[str] | None:
        """When each event happened, None for data that has order only."""
        times, offsets = self.history.times, self.history.utc_offsets
        if times is None:
            return None
        moments = [formatting.local_time(time, None if offsets is None else offsets[at]) for at, time in enumerate(times)]
        return [f"{moment.day} {moment:%b %Y, %H:%M}" if moment else "no time" for moment in moments]

    def list_html(self, replay: "Replay", k: int = TOP_K) -> str:
        """The ten of this step as rows, the real next item marked, and told below when it is not among them."""
        items = [str(item) for item in replay.top_items[self.step][:k] if item]
        scores = replay.top_scores[self.step][: len(items)]
        came = str(self.history.items[self.step]) if self.step < len(self.history) else None
        rows = "".join(
            self._row(at, item, width, item == came) for at, (item, width) in enumerate(zip(items, html.bar_widths(scores), strict=True))
        )
        label = replay.fallbacks[self.step]
        head = html.list_head("What it recommended then", "bar: score, tenth to first")
        note = f'<span class="rs-label">Not a personal list: {html.escape_html(label)}</span>' if label else ""
        return f'{head}{note}<ol class="rs-list">{rows}</ol>{self._missed(came, items, replay)}'

    def _row(self, at: int, item: str, width: float, hit: bool) -> str:
        tag = f' <span class="rs-tag">{html.TICK} came next</span>' if hit else ""
        return html.row_html(str(at + 1), self.dataset.title_of(item), self.about(item), width, "hit" if hit else "", tag)

    def _missed(self, came: str | None, items: list[str], replay: "Replay") -> str:
        if came is None or came in items:
            return ""
        tag = ' <span class="rs-tag">came next</span>'
        return html.row_html(f"{replay.ranks[self.step]:,g}", self.dataset.title_of(came), self.about(came), None, "missed", tag)

    def about(self, item: str) -> str:
        """HTML under a title: the category with its colour, and the district where known."""
        return item_card.about_item(self.dataset, item, self.tints)

    def recent_html(self, count: int = 10) -> str:
        """The latest events as rows, newest first, for data without places."""
        start = max(self.step - count, 0)
        rows = [self._past(at) for at in range(self.step - 1, start - 1, -1)]
        empty = '<p class="rs-lead" style="margin:0">Nothing yet: this is the start of the timeline.</p>'
        return html.list_head("What came before, newest first", "") + (f'<ol class="rs-list">{"".join(rows)}</ol>' if rows else empty)

    def _past(self, event: int) -> str:
        item, said = str(self.history.items[event]), self._said(event)
        about = " · ".join(each for each in (self.about(item), html.escape_html(said)) if each)
        return html.row_html(f"{event + 1}", self.dataset.title_of(item), about, None, "", "", self.dates[event] if self.dates else "")

    def way(self, replay: "Replay") -> Route:
        """What the map draws at this step."""
        places = self.history.places
        assert places is not None
        first = max(self.step - LATEST, 0)
        path = places[first : self.step]
        known = np.isfinite(path).all(axis=1)
        titles = [self.dataset.title_of(str(item)) for item in self.history.items[first : self.step][known]]
        items = [str(item) for item in replay.top_items[self.step] if item]
        more = self.step < len(self.history)
        return Route(
            path=path[known],
            path_titles=titles,
            recommended=cache.item_places(self.dataset, items),
            titles=[self.dataset.title_of(item) for item in items],
            came=cache.item_places(self.dataset, [str(self.history.items[self.step])])[0] if more else None,
            came_title=self.dataset.title_of(str(self.history.items[self.step])) if more else "",
            hit=bool(more and replay.ranks[self.step] <= TOP_K),
        )

    def legend_html(self, beyond: bool) -> str:
        """What the marks of the map are."""
        words = ["blue dot: here now", "line: the way here", "rings: the list", "star: came next"] + ["diamond: beyond this map"] * beyond
        return f'<div class="rs-legend">{" · ".join(words)}</div>'

    def strip_in_words(self, ranks: np.ndarray) -> str:
        known = ranks[np.isfinite(ranks)]
        return f"Rank of the next item at each of {len(known)} steps; {(known <= TOP_K).sum()} are within the first ten."

    def map_in_words(self, replay: "Replay") -> str:
        return f"Map of the latest {min(self.step, LATEST)} places and of the {TOP_K} recommended at step {self.step}."

    def interest_in_words(self, interest: InterestProfile) -> str:
        best = ", ".join(interest.categories[each] for each in strongest(interest, 3))
        return f"Shares of categories among the last {interest.window} events over all steps; the strongest are {best}."

    def pairs_html(self, interest: InterestProfile) -> str:
        """Each category's share of the latest events against its share of all: a dot and a ring on one line."""
        lately, always = interest.short[self.step], interest.long[self.step]
        shown = [each for each in strongest(interest, 7) if lately[each] + always[each] > 0]
        shown.sort(key=lambda each: -lately[each])
        most = max((float(max(lately[each], always[each])) for each in shown), default=1.0)
        rows = "".join(self._pair(interest.categories[each], float(lately[each]), float(always[each]), most) for each in shown)
        return (
            html.list_head(f"Last {interest.window} events against all before", "dot: lately · ring: always")
            + f'<div class="rs-pairs">{rows}</div>'
        )

    def _pair(self, category: str, lately: float, always: float, most: float) -> str:
        tint, name = self.tints[category], html.escape_html(category)
        now, then = 92 * lately / most, 92 * always / most
        line = f'<i class="rs-line" style="left:{min(now, then):.1f}%;width:{abs(now - then):.1f}%;background:{tint}"></i>'
        ring = f'<i class="rs-ring" style="left:{then:.1f}%;border-color:{tint}"></i>'
        spot = f'<i class="rs-spot" style="left:{now:.1f}%;background:{tint}"></i>'
        words = f"{name}: {lately:.0%} lately, {always:.0%} always"
        return f'<div class="rs-pair" title="{words}"><span>{name}</span><span class="rs-track">{line}{ring}{spot}</span><span>{lately:.0%}</span></div>'

    def _moment(self) -> str:
        """When the next event happens, or the last one at the end."""
        times, offsets = self.history.times, self.history.utc_offsets
        if times is None or not len(times):
            return f"step {self.step}" if times is None else ""
        at = min(self.step, len(times) - 1)
        moment = formatting.local_time(times[at], None if offsets is None else offsets[at])
        return formatting.format_moment(moment) + ("" if offsets is not None else " UTC") if moment else ""

    def _mostly(self) -> str:
        shares = cache.interest_profile(self.dataset, self.cursor.user)
        if shares is None or self.step == 0:
            return ""
        best = [each for each in np.argsort(-shares.long[self.step], kind="stable")[:2] if shares.long[self.step, each] > 0]
        return html.escape_html("so far mostly " + " and ".join(shares.categories[each] for each in best))

"""Overview of a dataset: its size, key figures, distributions, map and most popular items."""

import datetime as dt
import math
from typing import NamedTuple

import plotly.graph_objects as go
import streamlit as st

from pages import cache
from pages.shell import cursor
from pages.shell.cursor import Cursor
from pages.ui import charts, html, item_card, theme
from recsys.analysis.dataset_stats import DatasetStats
from recsys.core import Dataset
from recsys.core.formatting import format_clock, format_fixed, format_long_date, format_number, format_share, weekday_names
from recsys.core.moments import describe_order
from recsys.core.nouns import count_events
from recsys.core.translation import _, ngettext
from recsys.figures.dataset_stats import hour_map, long_tail, place_map, value_bars, weekly_events

PART = "overview"  # of the page, as in st.session_state["dataset_part"]
CATEGORIES = 9


class Panel(NamedTuple):
    """A chart of the overview; `key` names it in the session."""

    key: str
    figure: go.Figure
    alt: str


def summary_html(dataset: Dataset) -> str:
    """Return the line under the title: the size of the dataset and the period it covers."""
    stats = cache.dataset_stats(dataset)
    events = count_events(stats.events, dataset.noun)
    size = html.escape_html(describe_size(len(dataset.user_ids), len(dataset.item_ids), events, has_places(dataset)))
    if stats.first is None or stats.last is None:
        return _("<b>{size}</b> · the order of each user’s events is known, their times are not", size=size)
    return _("<b>{size}</b> · {first} to {last}", size=size, first=format_long_date(stats.first), last=format_long_date(stats.last))


def describe_size(users: int, items: int, events: str, of_places: bool = False) -> str:
    """Return "12 users, 15 items, 96 events"; `events` is the last of these parts."""
    things = ngettext("{count} place", "{count} places", items) if of_places else ngettext("{count} item", "{count} items", items)
    return _("{users}, {items}, {events}", users=ngettext("{count} user", "{count} users", users), items=things, events=events)


def has_places(dataset: Dataset) -> bool:
    """Return whether items are places."""
    return dataset.item_places is not None


def draw(here: Cursor) -> None:
    """Draw the overview of the cursor's dataset."""
    dataset, stats = here.dataset, cache.dataset_stats(here.dataset)
    if dataset.name in cache.uploads() and not cache.checkpoints(dataset):
        st.info(_("Only you can see this dataset, and it is deleted when you close this browser tab. No model has been trained on it yet."))
        cursor.jump_button(_("Train a model on it"), "evaluate/checkpoints/page.py", "train_own")
    st.html(html.facts(_list_facts(dataset, stats)))
    if describe_order(dataset):
        st.caption(describe_order(dataset))
    panels = _build_panels(dataset, stats)
    for start in range(0, len(panels), 2):
        for column, panel in zip(st.columns(2, gap="medium"), panels[start : start + 2], strict=False):
            with column:
                charts.chart(panel.figure, key=f"chart_{panel.key}", alt=panel.alt)
    wide, narrow = st.columns([6, 5], gap="medium") if has_places(dataset) else (st.container(), st.container())
    with wide:
        _draw_map(dataset)
    with narrow:
        _draw_most_popular(dataset, stats)


def _list_facts(dataset: Dataset, stats: DatasetStats) -> dict[str, str]:
    """Return the key figures that say how much there is to learn from, by their labels."""
    users, items = stats.user_counts, stats.item_counts
    density = stats.events / (len(users) * len(items))
    median_item = _("events of the median place") if has_places(dataset) else _("events of the median item")
    facts = {
        _("events of the median user"): format_number(int(users[len(users) // 2])),
        _("events of the most active user"): format_number(int(users[0])),
        median_item: format_number(int(items[len(items) // 2])),
    }
    if dataset.repeats:
        return facts | {
            _("events per pair of a user and an item"): _format_two_digits(density),
            _("seen items stay candidates"): _("repeats"),
        }
    return facts | {
        _("of all pairs of a user and an item occur"): format_share(density, 2),
        _("seen items are not candidates"): _("no repeats"),
    }


def _format_two_digits(value: float) -> str:
    """Return a positive number with two significant digits."""
    return format_number(value, max(1 - math.floor(math.log10(value)), 0) if value > 0 else 0)


def _build_panels(dataset: Dataset, stats: DatasetStats) -> list[Panel]:
    """Return the charts that this dataset has data for."""
    panels = [_build_long_tail(stats)]
    if stats.hours is not None:
        panels.append(_build_hours(stats))
    if stats.weekly is not None:
        alt = ngettext("Events per week over {count} week.", "Events per week over {count} weeks.", len(stats.weekly))
        panels.append(Panel("weeks", weekly_events(stats, dataset.noun, theme.theme_palette()), alt))
    if stats.behaviours:
        panels.append(_build_behaviours(stats.behaviours))
    if stats.ratings:
        panels.append(_build_ratings(stats.ratings))
    if "category" in dataset.items:
        panels.append(_build_categories(dataset))
    return panels


def _build_long_tail(stats: DatasetStats) -> Panel:
    alt = _("The most popular 10% of items account for {share} of all events.", share=format_share(stats.share_of_top(0.1)))
    return Panel("long_tail", long_tail(stats, theme.theme_palette()), alt)


def _build_hours(stats: DatasetStats) -> Panel:
    busiest = stats.busiest_hour()
    alt = (
        _("No event has a time.")
        if busiest is None
        else _(
            "Events by weekday and hour; most of them on {weekday} at {time}.",
            weekday=weekday_names()[busiest[0]],
            time=format_clock(dt.time(busiest[1])),
        )
    )
    return Panel("hours", hour_map(stats, theme.theme_palette()), alt)


def _build_behaviours(counts: dict[str, int]) -> Panel:
    most = next(iter(counts))
    share = format_share(counts[most] / sum(counts.values()))
    title = (
        _("{share} of all events are “{behaviour}”", share=share, behaviour=most)
        if len(counts) > 1
        else _("Every event is a “{behaviour}”", behaviour=most)
    )
    return Panel("behaviours", value_bars(title, counts, _("events"), theme.theme_palette()), title)


def _build_ratings(counts: dict[float, int]) -> Panel:
    mean = sum(value * count for value, count in counts.items()) / max(sum(counts.values()), 1)
    named = {format_number(value, 2): count for value, count in counts.items()}
    title = _("The mean rating is {mean}", mean=format_fixed(mean, 1))
    return Panel("ratings", value_bars(title, named, _("ratings"), theme.theme_palette()), title)


def _build_categories(dataset: Dataset) -> Panel:
    colours = theme.theme_palette()
    counts = {str(name): int(count) for name, count in dataset.items["category"].dropna().astype(str).value_counts().items()}
    title = ngettext("{count} item category", "{count} item categories", len(counts))
    figure = value_bars(title, counts, _("items"), colours, most=CATEGORIES, tints=cache.category_tints(dataset, colours))
    return Panel("categories", figure, title)


def _draw_map(dataset: Dataset) -> None:
    found = cache.whole_map(dataset)
    if found is None:
        return
    view, counts, titles = found
    alt = ngettext(
        "Map of {count} place; the one with the most events is {place}.",
        "Map of {count} places; the one with the most events is {place}.",
        len(titles),
        place=titles[int(counts.argmax())],
    )
    charts.chart(place_map(view, counts, titles, theme.theme_palette()), key="places", alt=alt)
    st.caption(
        ngettext(
            "{count} place; a larger disc means more events.",
            "{count} places; a larger disc means more events.",
            len(titles),
        )
    )


def _draw_most_popular(dataset: Dataset, stats: DatasetStats) -> None:
    tints = cache.category_tints(dataset, theme.theme_palette())
    widths = html.bar_widths(stats.item_counts[: len(stats.top_items)])
    rows = "".join(
        item_card.row_html(format_number(rank), dataset, item, tints, width)
        for rank, (item, width) in enumerate(zip(stats.top_items, widths, strict=True), start=1)
    )
    title = _("Most popular places") if has_places(dataset) else _("Most popular items")
    st.html(html.list_head(title, _("bar: events, relative to this list")) + f'<ol class="rs-list">{rows}</ol>')

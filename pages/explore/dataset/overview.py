"""The drawn that say what a dataset is."""

import streamlit as st

from pages import cache
from pages.shell import cursor
from pages.shell.cursor import Cursor
from pages.ui import charts, formatting, html, item_card, theme
from pages.ui.errors import escape_markdown
from recsys.analysis.dataset_stats import DatasetStats
from recsys.core import Dataset
from recsys.figures.dataset_stats import hour_map, long_tail, place_map, value_bars, weekly_events


def sentence(dataset: Dataset) -> str:
    """HTML: how many events of how many people on how many things, and from when to when."""
    counted = cache.dataset_stats(dataset)
    who = f"{len(dataset.user_ids):,} people, {formatting.plural(len(dataset.item_ids), thing(dataset))}, {formatting.plural(counted.events, dataset.noun)}"
    if counted.first is None or counted.last is None:
        return f"<b>{html.escape_html(who)}</b> · the order of each person’s events is known, their times are not"
    first, last = (f"{moment.day} {moment:%B %Y}" for moment in (counted.first, counted.last))
    return f"<b>{html.escape_html(who)}</b> · {first} to {last}"


def thing(dataset: Dataset) -> str:
    """What one item is called."""
    return "place" if dataset.item_places is not None else "item"


def draw(here: Cursor) -> None:
    dataset, counted, colours = here.dataset, cache.dataset_stats(here.dataset), theme.theme_palette()
    if dataset.name in cache.uploads() and not cache.checkpoints(dataset):
        st.info("This is your own data: nobody else sees it, and it is gone when you close this window. No model has learnt from it yet.")
        cursor.jump_button("Train a model on it", "evaluate/checkpoints/page.py", "train_own")
    _facts(dataset, counted)
    things = f"{thing(dataset)}s"
    drawn = [
        (
            long_tail(counted, things, colours),
            f"The most popular tenth of the {things} takes {counted.share_of_top(0.1):.0%} of all events.",
        )
    ]
    if counted.hours is not None:
        busiest = counted.busiest_hour()
        drawn.append(
            (hour_map(counted, colours), f"Events by weekday and hour, most on {busiest[0]}s at {busiest[1]}." if busiest else "No hours.")
        )
    if counted.weekly is not None:
        drawn.append((weekly_events(counted, dataset.noun, colours), f"{dataset.noun}s in each of {len(counted.weekly)} weeks."))
    if counted.behaviours:
        most = next(iter(counted.behaviours))
        share = counted.behaviours[most] / sum(counted.behaviours.values())
        title = f"What people do: {share:.0%} is “{most}”" if len(counted.behaviours) > 1 else f"Every event is a “{most}”"
        drawn.append((value_bars(title, counted.behaviours, "events", colours), title))
    if counted.ratings:
        mean = sum(value * count for value, count in counted.ratings.items()) / max(sum(counted.ratings.values()), 1)
        named = {f"{value:g}": count for value, count in counted.ratings.items()}
        title = f"Ratings average {mean:.1f}"
        drawn.append((value_bars(title, named, "ratings", colours), title))
    if "category" in dataset.items:
        kinds = dataset.items["category"].dropna().astype(str).value_counts()
        named = {str(name): int(count) for name, count in kinds.items()}
        title = f"{len(named):,} kinds of {things}"
        drawn.append((value_bars(title, named, things, colours, most=9, tints=cache.category_tints(dataset, colours)), title))
    for start in range(0, len(drawn), 2):
        for column, (figure, words) in zip(st.columns(2, gap="medium"), drawn[start : start + 2], strict=False):
            with column:
                charts.chart(figure, key=f"chart_{start}_{words[:12]}", alt=words)
    wide, narrow = st.columns([6, 5], gap="medium") if dataset.item_places is not None else (st.container(), st.container())
    with wide:
        _map(dataset)
    with narrow:
        _most_popular(dataset, counted)


def _facts(dataset: Dataset, counted: DatasetStats) -> None:
    """The few numbers that say how much there is to learn from."""
    events = counted.user_counts
    density = counted.events / (len(dataset.user_ids) * len(dataset.item_ids))
    pairs, filled = (
        ("events for each pair of a person and an item", f"{density:.2g}")
        if dataset.repeats
        else ("of all possible pairs occur", f"{density:.2%}")
    )
    facts = {
        "events of a usual person": f"{int(events[len(events) // 2]):,}",
        "of the busiest": f"{int(events[0]):,}",
        f"events of a usual {thing(dataset)}": f"{int(counted.item_counts[len(counted.item_counts) // 2]):,}",
        pairs: filled,
        "seen items stay candidates" if dataset.repeats else "seen items are no candidates": "people return"
        if dataset.repeats
        else "once each",
    }
    st.html(html.facts(facts))


def _map(dataset: Dataset) -> None:
    found = cache.whole_map(dataset)
    if found is None:
        return
    view, counts, titles = found
    words = f"Map of {len(titles)} places, drawn from their coordinates; the busiest is {titles[int(counts.argmax())]}."
    figure = place_map(view, counts, titles, theme.theme_palette())
    charts.chart(figure, key="places", alt=words)
    st.caption(f"{len(titles):,} places; the area of a disc is its number of {escape_markdown(dataset.noun)}s.")


def _most_popular(dataset: Dataset, counted: DatasetStats) -> None:
    tints = cache.category_tints(dataset, theme.theme_palette())
    widths = html.bar_widths(counted.item_counts[: len(counted.top_items)])
    rows = "".join(
        html.row_html(str(at + 1), dataset.title_of(item), item_card.about_item(dataset, item, tints), width)
        for at, (item, width) in enumerate(zip(counted.top_items, widths, strict=True))
    )
    st.html(html.list_head(f"The ten most popular {thing(dataset)}s", "bar: events, tenth to first") + f'<ol class="rs-list">{rows}</ol>')

"""Drift of all users: categories and areas that rise and fall, the distance from the beginning, and the users with a lasting change."""

import streamlit as st

from pages import cache
from pages.inspect.drift import model_impact
from pages.shell import cursor
from pages.shell.cursor import Cursor
from pages.ui import charts, html, theme
from pages.ui.errors import escape_markdown
from recsys.core.formatting import format_number, format_seconds
from recsys.core.translation import N_, _, ngettext
from recsys.core.user_names import name_user
from recsys.drift import DriftReport
from recsys.figures.population import distance_line, gain_bars

USERS_PER_SECOND = 15
# For each view, the titles of its two charts and their descriptions.
VIEWS = {
    "category": (
        (N_("Category shares"), N_("Categories with rising and falling shares.")),
        (N_("Drift of categories"), N_("Distance of the shares of categories from the first period.")),
    ),
    "group": (
        (N_("Shares of item groups"), N_("Groups of items with rising and falling shares.")),
        (N_("Drift of item groups"), N_("Distance of the shares of groups of items from the first period.")),
    ),
    "area": (
        (N_("Area shares"), N_("Areas with rising and falling shares.")),
        (N_("Drift of areas"), N_("Distance of the shares of areas from the first period.")),
    ),
}


def draw(here: Cursor, report: DriftReport) -> None:
    """Draw, on request, the shares of all users' events over time and the users with the largest changes."""
    if not st.toggle(_("Drift of all users"), key="drift_everybody"):
        return
    if here.dataset.times is None:
        st.info(_("This dataset has the order of events but no times, so the users’ timelines cannot be compared with one another."))
    else:
        _draw_shares(here, report)
    _draw_largest_changes(here)


def _draw_shares(here: Cursor, report: DriftReport) -> None:
    colours, figures = theme.theme_palette(), []
    for view in ("category", "area"):
        if report.levels.get(view):
            gains, distances = VIEWS["group" if view == "category" and report.clustered else view]
            population = cache.population(here.dataset, view)
            figures.append((gain_bars(population, _(gains[0]), colours), f"gains_{view}", _(gains[1])))
            figures.append((distance_line(population, _(distances[0]), colours), f"far_{view}", _(distances[1])))
    for at in range(0, len(figures), 2):
        for column, (figure, key, alt) in zip(st.columns(2, gap="medium"), figures[at : at + 2], strict=False):
            with column:
                charts.chart(figure, key=key, alt=alt)
    st.caption(
        _(
            "Left: the change of each share of all events from the first third of the time to the last. Right: the distance of each period "
            "from the first, in two measures. Blue: the Jensen-Shannon divergence, from 0 (equal) to 1 (disjoint). Grey: the population "
            "stability index, where 0.1 is commonly taken as noticeable and 0.25 as a different population. Bands and thin bars: 95% "
            "intervals over users."
        )
    )


def _draw_largest_changes(here: Cursor) -> None:
    """Draw the number of users with a lasting change and the ten largest changes; on request, since it takes a while the first time."""
    cohort = cache.cohort(here.dataset)
    total = len(here.dataset.user_ids)
    if cohort is None:
        st.caption(
            ngettext(
                "Changes have not been computed for all users yet. This takes about {duration} for {count} user.",
                "Changes have not been computed for all users yet. This takes about {duration} for {count} users.",
                total,
                duration=format_seconds(max(total // USERS_PER_SECOND, 1)),
            )
        )
        if not st.button(_("Detect changes of all users"), key="look_at_everybody"):
            return
        with charts.progress(_("Detecting changes …"), _describe_progress) as report:
            for done, _user in enumerate(cache.detect_drift_of_all_users(here.dataset), start=1):
                if done % 10 == 0:
                    report(done, total)
        cohort = cache.cohort(here.dataset)
    if cohort is None:
        return
    count, strongest = cohort
    finding = ngettext(
        "<b>{count} of {total} users</b> has a lasting change.", "<b>{count} of {total} users</b> have a lasting change.",
        count, total=format_number(total),
    )  # fmt: skip
    largest = _("The largest changes:") if strongest else ""
    st.html(f'<p class="rs-quiet">{finding} {largest}</p>')
    for user, words in strongest:
        left, right = st.columns([1, 4], vertical_alignment="center")
        left.button(
            escape_markdown(name_user(here.dataset, user)),
            key=f"cohort_{user}",
            on_click=cursor.move_cursor,
            kwargs={"user": user},
            width="stretch",
        )
        right.html(f'<p class="rs-quiet">{html.escape_html(words)}</p>')
    model_impact.draw(here)


def _describe_progress(done: int, total: int) -> str:
    return _("Detecting changes, {done} of {total} users", done=format_number(done), total=format_number(total))

"""Feedback given on the timeline: chips that take each back, and the ways to forget all of it."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from pages import cache
from pages.demo.recommend import session
from pages.shell import view_settings
from pages.shell.cursor import Cursor, move_cursor
from pages.ui.errors import escape_markdown
from recsys.core.formatting import format_number, join_words
from recsys.core.translation import N_, _, ngettext
from recsys.feedback.recording import Feedback
from recsys.feedback.stars import count_stars

MOST = 6
CHIPS = {
    "take": N_("Added: {item}"),
    "like": N_("Liked: {item}"),
    "dislike": N_("Disliked: {item}"),
    "rating": N_("Rated {stars} of 5: {item}"),
}


def draw_chips(cursor: Cursor, given: Sequence[Feedback]) -> None:
    """Draw a chip for everything done at this step, the latest first; a click takes it back."""
    chips = list({(each.action, each.item_id): each for each in given}.values())[::-1]
    if not chips:
        return
    with st.container(horizontal=True, gap="small", key="tried"):
        for at, each in enumerate(chips[:MOST]):
            _draw_chip(cursor, each, at)
        if len(chips) > MOST:
            with st.popover(ngettext("{count} more", "{count} more", len(chips) - MOST), key="tried_more"):
                for at, each in enumerate(chips[MOST:], start=MOST):
                    _draw_chip(cursor, each, at)


def draw_kept(cursor: Cursor, kept: Sequence[Feedback]) -> None:
    """Draw which feedback the list of an open case or link follows in place of one's own, and the button that ends this."""
    named = join_words(_describe(cursor, each) for each in kept)
    words = _("This list follows the feedback of the open view: {feedback}. Your own is not used.", feedback=named)
    if not kept:
        words = _("This list follows no feedback, as the open view did. Your own is not used.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(escape_markdown(words))
        if st.button(_("Use my feedback"), key="use_own"):
            view_settings.forget_restored()
            st.rerun()


def draw_forgetting(cursor: Cursor, timeline: Sequence[Feedback]) -> None:
    """Draw the button that forgets what was tried at this step, and a list of the other steps with feedback."""
    steps = Counter(each.step for each in timeline if each.action in CHIPS)
    if cursor.step in steps:
        st.button(_("Forget what I tried"), key="try_reset", on_click=session.forget, args=(cursor,), width="stretch", wrap=True)
    others = sorted(set(steps) - {cursor.step})
    if not others:
        return
    with st.popover(ngettext("Feedback at {count} other step", "Feedback at {count} other steps", len(others)), width="stretch", wrap=True):
        st.caption(_("Feedback belongs to the step at which it was given."))
        for step in others:
            words = ngettext("Step {step}: {count} click", "Step {step}: {count} clicks", steps[step], step=format_number(step))
            if st.button(words, key=f"go_{step}", type="tertiary", on_click=move_cursor, kwargs={"step": step}):
                st.rerun()
        st.button(_("Forget all feedback on this timeline"), key="forget_all", on_click=session.forget, args=(cursor, True))


def _draw_chip(cursor: Cursor, given: Feedback, at: int) -> None:
    st.button(
        escape_markdown(_describe(cursor, given)),
        key=f"tried_{at}_{given.action}",
        icon=":material/close:",
        help=_("Take it back"),
        on_click=session.withdraw,
        args=(cursor, given.item_id, given.action),
    )


def _describe(cursor: Cursor, given: Feedback) -> str:
    values, title = cache.star_values(cursor.dataset), cursor.dataset.title_of(given.item_id)
    stars = format_number(count_stars(given.rating, values)) if given.rating is not None and values is not None else ""
    return _(CHIPS[given.action], item=title, stars=stars)

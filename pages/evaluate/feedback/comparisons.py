"""Blind comparisons of two models, and who wins them."""

from collections.abc import Mapping, Sequence

import streamlit as st

from pages import cache
from pages.shell import comparisons, cursor, feedback
from pages.shell.cursor import Cursor
from pages.ui import charts, html, theme
from pages.ui.checkpoint_titles import name_checkpoint
from recsys.core.formatting import format_fixed, format_number, format_share
from recsys.core.translation import _, ngettext
from recsys.feedback.blind_comparison import PairSummary
from recsys.figures.blind_comparisons import win_rates

MOST = 12  # pairs drawn


def draw(here: Cursor) -> None:
    """Draw this part of the page."""
    pairs = [each.reversed() if each.second_wins > each.first_wins else each for each in comparisons.load_summaries(here)]
    part = {"compare_view": "blind"}
    if not pairs:
        html.lead(_("Nobody has picked between two models on <b>{dataset}</b> yet.", dataset=html.escape_html(here.dataset.title)))
        st.caption(_("A blind comparison shows the lists of two models without their names. Which one people prefer is counted here."))
        cursor.jump_button(_("Compare two models blind"), "demo/compare/page.py", "to_blind", part)
        return
    titles = {each.card.name: name_checkpoint(name, each.card.model) for name, each in cache.checkpoints(here.dataset).items()}
    html.lead(_finding(pairs, titles))
    drawn = [each for each in pairs if each.decided][:MOST]
    if drawn:
        labels = [_("{winner} over {other}", winner=_name(each.first, titles), other=_name(each.second, titles)) for each in drawn]
        charts.chart(win_rates(drawn, labels, theme.theme_palette()), key="win_rates", alt=_describe(drawn, labels))
    st.html(_table(pairs, titles))
    st.caption(
        _(
            "“No difference” is counted and left out of the share and of the test. The interval is Wilson’s, the p-value that of the exact "
            "binomial test. Both take picks as independent, so many picks of one person count for more than they should."
        )
    )
    if feedback.is_private(here):
        st.caption(_("These picks are on your own upload: they end with this session."))
    cursor.jump_button(_("Compare two models blind"), "demo/compare/page.py", "to_blind", part)


def _name(checkpoint: str, titles: Mapping[str, str]) -> str:
    return titles.get(checkpoint, checkpoint)


def _finding(pairs: Sequence[PairSummary], titles: Mapping[str, str]) -> str:
    """Return the finding as HTML: the clearest preference, or that there is none yet."""
    picks = sum(each.decided + each.ties for each in pairs)
    clear = min((each for each in pairs if not each.is_open), key=lambda each: each.p_value, default=None)
    if clear is None:
        return ngettext(
            "{count} pick so far, and no pair with a clear preference: every interval includes one half.",
            "{count} picks so far, and no pair with a clear preference: every interval includes one half.",
            picks,
        )
    low, high = clear.interval
    return _(
        "The clearest preference: <b>{winner}</b> over <b>{other}</b>, in {wins} of {decided} picks ({share}, 95% interval {low} to {high}).",
        winner=html.escape_html(_name(clear.first, titles)),
        other=html.escape_html(_name(clear.second, titles)),
        wins=format_number(clear.first_wins),
        decided=format_number(clear.decided),
        share=format_share(clear.win_rate),
        low=format_share(low),
        high=format_share(high),
    )


def _describe(pairs: Sequence[PairSummary], labels: Sequence[str]) -> str:
    """Return the alt text of the figure."""
    return " ".join(
        _("{pair}: {wins} of {decided} picks.", pair=label, wins=format_number(each.first_wins), decided=format_number(each.decided))
        for each, label in zip(pairs, labels, strict=True)
    )


def _table(pairs: Sequence[PairSummary], titles: Mapping[str, str]) -> str:
    """Return a row of counts for each pair as HTML."""
    heads = (_("Preferred"), _("Other"), _("Wins"), _("Losses"), _("No difference"), _("Share of wins"), _("p-value"), _("People"))
    rows = "".join(_row(each, titles) for each in pairs)
    head = "".join(f"<th>{name}</th>" for name in heads[:2]) + "".join(f'<th class="n">{name}</th>' for name in heads[2:])
    return f'<table class="rs-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _row(pair: PairSummary, titles: Mapping[str, str]) -> str:
    low, high = (format_share(each) for each in pair.interval)
    share = f"{format_share(pair.win_rate)}<small>{_('{low} to {high}', low=low, high=high)}</small>" if pair.decided else "–"
    p_value = format_fixed(pair.p_value, 3) if pair.decided else "–"
    counts = [format_number(each) for each in (pair.first_wins, pair.second_wins, pair.ties)]
    cells = "".join(f'<td class="n">{each}</td>' for each in (*counts, share, p_value, format_number(pair.accounts)))
    names = "".join(f"<td>{html.escape_html(_name(each, titles))}</td>" for each in (pair.first, pair.second))
    return f"<tr>{names}{cells}</tr>"

"""The parts of the page Compare: the choice of models, their lists side by side, and their scores over the timeline."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import html, item_card, theme
from pages.ui.checkpoint_titles import name_checkpoints
from pages.ui.errors import escape_markdown
from recsys.core import TOP_K
from recsys.core.formatting import format_number, join_words
from recsys.core.nouns import count_events
from recsys.core.rank_text import format_rank
from recsys.core.translation import N_, _, ngettext
from recsys.core.user_names import name_user

if TYPE_CHECKING:
    from recsys.analysis.model_comparison import ReplayComparison
    from recsys.evaluation.replay import Replay
    from recsys.training.checkpoints import CheckpointEntry

BASELINES = ("popularity", "markov")
IN_URL = "beside"
MOST = 3  # besides the model of the sidebar and the baselines
SCORE_NOTE = N_(
    "Best: no other model ranks the next item higher. Test events were used neither to train nor to select any of these models, "
    "so only they show predictive accuracy."
)


def choose_models(here: Cursor, found: Mapping[str, "CheckpointEntry"]) -> list[str]:
    """Return the model of the sidebar, the models picked in the widget drawn here, and the baselines. The URL holds the picked ones."""
    titles = name_checkpoints(found)
    offered = [name for name in found if name != here.model]
    key = f"beside_{here.dataset.name}"
    if key not in st.session_state:
        linked = [name for name in st.query_params.get(IN_URL, "").split(",") if name in offered]
        st.session_state[key] = linked[:MOST] or [name for name in offered if name not in BASELINES][:1]
    elif not set(st.session_state[key]) <= set(offered):
        st.session_state[key] = [name for name in st.session_state[key] if name in offered]
    picked = st.multiselect(
        _("Compare {model} with", model=escape_markdown(titles.get(here.model, here.model))),
        offered,
        key=key,
        max_selections=MOST,
        format_func=titles.__getitem__,
        persist_state="session",
        placeholder=ngettext("up to {count} model", "up to {count} models", MOST),
        help=_("The first column is the model selected in the sidebar. The popularity baseline and the Markov chain are always shown."),
    )
    if st.query_params.get(IN_URL, "") != ",".join(picked):
        st.query_params[IN_URL] = ",".join(picked)
    return list(dict.fromkeys([here.model, *picked, *(name for name in BASELINES if name in found)]))


class ModelColumns:
    """The lists of several models at one step and their scores, as text and HTML; the first model is the reference."""

    def __init__(self, here: Cursor, titles: Mapping[str, str], replays: Mapping[str, "Replay"]) -> None:
        from recsys.analysis.model_comparison import compare_replays

        self.here, self.dataset, self.step = here, here.dataset, here.step
        self.replays = list(replays.values())
        self.titles = [titles[name] for name in replays]
        self.comparison: ReplayComparison = compare_replays(self.replays)
        self.tints = cache.category_tints(self.dataset, theme.theme_palette())
        history = here.history
        self.next_item = str(history.items[self.step]) if self.step < len(history) else None

    @property
    def _at(self) -> int:
        """The position of this step in the comparison and in the replays."""
        return self.step - self.comparison.first

    def part_note(self) -> str:
        """Return what part of a long timeline is compared; empty where it is all of it."""
        replay = self.replays[0]
        if replay.is_whole:
            return ""
        return _(
            "Compared are events {first} to {last} of {total}, the part around this step. All counts cover these events only.",
            first=format_number(replay.first + 1),
            last=format_number(replay.first + len(replay.item_ids)),
            total=format_number(replay.length),
        )

    def sentence(self) -> str:
        """Return two sentences as HTML: the next item and the model that ranks it best, and the model that is best most often."""
        user = html.escape_html(name_user(self.dataset, self.here.user))
        events = count_events(len(self.here.history), self.dataset.noun)
        if self.next_item is None:
            end = _("The timeline of <b>{user}</b> ends here, after {events}.", user=user, events=events)
            return f"{end} {self._most_often()}"
        ranks, best = self.comparison.ranks[:, self._at], self.comparison.best[:, self._at]
        if not best.any():
            first = _(
                "After {step} of {events} of <b>{user}</b>, the next item is <b>{item}</b>; no model lists it.",
                step=format_number(self.step),
                events=events,
                user=user,
                item=html.escape_html(self.dataset.title_of(self.next_item)),
            )
            return f"{first} {self._most_often()}"
        first = _(
            "After {step} of {events} of <b>{user}</b>, the next item is <b>{item}</b>; best rank: <b>{rank}</b>, by {models}.",
            step=format_number(self.step),
            events=events,
            user=user,
            item=html.escape_html(self.dataset.title_of(self.next_item)),
            rank=format_rank(ranks.min()),
            models=_bold([title for title, is_best in zip(self.titles, best, strict=True) if is_best]),
        )
        return f"{first} {self._most_often()}"

    def _most_often(self) -> str:
        """Return a sentence on the model that is best most often, on test events if there are any; empty for a single, current one."""
        unseen = self.comparison.unseen
        tests = int(unseen.sum())
        if not len(unseen) or (tests == 1 and unseen[min(self._at, len(unseen) - 1)]):
            return ""
        wins = self.comparison.count_best(tests > 0)
        models = _bold([title for title, count in zip(self.titles, wins, strict=True) if count == wins.max()])
        most = format_number(wins.max())
        if tests:
            return ngettext(
                "Best at {wins} of {count} test event: {models}.",
                "Most often best, at {wins} of {count} test events: {models}.",
                tests,
                wins=most,
                models=models,
            )
        return ngettext(
            "Best at {wins} of {count} step, which is not a test event: {models}.",
            "Most often best, at {wins} of {count} steps, none of them a test event: {models}.",
            len(unseen),
            wins=most,
            models=models,
        )

    def lists_html(self) -> str:
        """Return one column for each model as HTML."""
        return f'<div class="rs-columns">{"".join(self._column(at) for at in range(len(self.titles)))}</div>'

    def _column(self, at: int) -> str:
        from recsys.analysis.model_comparison import compute_rank_moves, list_top_items

        reference, own = list_top_items(self.replays[0], self.step, TOP_K), list_top_items(self.replays[at], self.step, TOP_K)
        rows = "".join(
            self._row(place + 1, item, "" if at == 0 else _move_label(move))
            for place, (item, move) in enumerate(zip(own, compute_rank_moves(reference, own), strict=True))
        )
        shared = _("{shared} of {count} in common", shared=len(set(reference) & set(own)), count=len(own))
        notes = " · ".join(filter(None, [_("reference") if at == 0 else shared, self._rank_note(at)]))
        label = item_card.fallback_label(self.replays[at].fallbacks[self._at])
        head = f'<div class="rs-column-head"><b>{html.escape_html(self.titles[at])}</b><span>{notes}</span>{label}</div>'
        empty = "" if own else f'<p class="rs-lead">{html.escape_html(item_card.empty_list_text(self.dataset))}</p>'
        return f'<div>{head}{empty}<ol class="rs-list">{rows}{self._missed(at, own)}</ol></div>'

    def _row(self, place: int, item: str, note: str) -> str:
        hit = item == self.next_item
        tag = f' <span class="rs-tag">{html.TICK}</span>' if hit else ""
        return item_card.row_html(format_number(place), self.dataset, item, self.tints, None, "hit" if hit else "", tag, note)

    def _missed(self, at: int, own: list[str]) -> str:
        if self.next_item is None or self.next_item in own:
            return ""
        rank = format_rank(self.comparison.ranks[at, self._at])
        return item_card.row_html(rank, self.dataset, self.next_item, self.tints, kind="missed", note=_("next item"))

    def _rank_note(self, at: int) -> str:
        if self.next_item is None:
            return ""
        rank, best = self.comparison.ranks[at, self._at], self.comparison.best[at, self._at]
        colour = theme.theme_palette().hit if rank <= TOP_K else theme.theme_palette().miss
        number = f'<b style="color:{colour}">{format_rank(rank)}</b>'
        if np.isinf(rank):
            return _("next item not listed")
        return _("next item at {rank}, the best", rank=number) if best else _("next item at {rank}", rank=number)

    def score_table(self) -> str:
        """Return a table as HTML: for each model its wins and hits over the whole timeline and on test events alone."""
        comparison = self.comparison
        steps, tests = comparison.ranks.shape[1], int(comparison.unseen.sum())
        lines = []
        for at, title in enumerate(self.titles):
            cells = ""
            for unseen, total in ((False, steps), (True, tests)):
                wins = comparison.count_best(unseen)
                cells += _share_cell(wins[at], total, wins.max(initial=0)) + _share_cell(comparison.count_hits(TOP_K, unseen)[at], total)
            lines.append(f'<tr class="{"now" if at == 0 else ""}"><td>{html.escape_html(title)}</td>{cells}</tr>')
        k = format_number(TOP_K)
        heads = (_("Model"), _("Best"), _("In top {k}", k=k), _("Best, test events"), _("In top {k}, test events", k=k))
        head = f"<th>{heads[0]}</th>" + "".join(f'<th class="n">{name}</th>' for name in heads[1:])
        return f'<table class="rs-table"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table>'

    def describe_wins(self) -> str:
        """Return the alt text of the chart of ranks."""
        wins = zip(self.titles, self.comparison.count_best(), strict=True)
        counts = join_words(_("{model} {count}", model=title, count=format_number(count)) for title, count in wins)
        return _("Steps at which each model ranks the next item best: {counts}.", counts=counts)


def _bold(names: list[str]) -> str:
    return join_words(f"<b>{html.escape_html(name)}</b>" for name in names)


def _share_cell(count: int, total: int, most: int | None = None) -> str:
    if not total:
        return '<td class="n">–</td>'
    text = _("{part} of {total}", part=format_number(count), total=format_number(total))
    return f'<td class="{"n best" if most and count == most else "n"}">{text}</td>'


def _move_label(places: int | None) -> str:
    if places is None:
        return _("new")
    if places == 0:
        return ""
    number = format_number(abs(places))
    return _("up {places}", places=number) if places > 0 else _("down {places}", places=number)

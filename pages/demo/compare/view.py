"""The parts of the comparison: which models, what they answered, and how they did."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from pages import cache
from pages.shell.cursor import Cursor
from pages.ui import formatting, html, item_card, theme
from pages.ui.checkpoint_titles import checkpoint_titles
from pages.ui.errors import escape_markdown
from recsys.core import TOP_K

if TYPE_CHECKING:
    from recsys.analysis.model_comparison import ReplayComparison
    from recsys.evaluation.replay import Replay
    from recsys.training.checkpoints import Found

ALWAYS = ("popularity", "markov")
IN_URL = "beside"
MOST = 3  # beside the model of the sidebar


def chosen(here: Cursor, found: Mapping[str, "Found"]) -> list[str]:
    """The model of the sidebar, those picked beside it, and the two that are always there. The link carries what is picked."""
    named = checkpoint_titles(found)
    offered = [name for name in found if name != here.model]
    key = f"beside_{here.dataset.name}"
    if key not in st.session_state:
        linked = [name for name in st.query_params.get(IN_URL, "").split(",") if name in offered]
        st.session_state[key] = linked[:MOST] or [name for name in offered if name not in ALWAYS][:1]
    elif not set(st.session_state[key]) <= set(offered):
        st.session_state[key] = [name for name in st.session_state[key] if name in offered]
    picked = st.multiselect(
        f"Beside {escape_markdown(named.get(here.model, here.model))}",
        offered,
        key=key,
        max_selections=MOST,
        format_func=lambda name: escape_markdown(named[name]),
        persist_state="session",
        placeholder="take up to three models",
        help="The first column is the model of the sidebar. What is popular and the Markov chain are always shown beside.",
    )
    if st.query_params.get(IN_URL, "") != ",".join(picked):
        st.query_params[IN_URL] = ",".join(picked)
    return list(dict.fromkeys([here.model, *picked, *(name for name in ALWAYS if name in found)]))


class ModelColumns:
    """The answers of several models at one step, as text and HTML; the first model is what the others are measured against."""

    def __init__(self, here: Cursor, named: Mapping[str, str], replays: Mapping[str, "Replay"]) -> None:
        from recsys.analysis.model_comparison import compare_replays

        self.here, self.dataset, self.step = here, here.dataset, here.step
        self.names, self.replays = list(replays), list(replays.values())
        self.titles = [named[name] for name in self.names]
        self.race: ReplayComparison = compare_replays(self.replays)
        self.tints = cache.category_tints(self.dataset, theme.theme_palette())
        history = here.history
        self.came = str(history.items[self.step]) if self.step < len(history) else None

    def sentence(self) -> str:
        """HTML: what came next, who ranked it best here, and who did most often."""
        if self.came is None:
            return " · ".join(["The timeline ends here", *self._often()])
        ranks = self.race.ranks[:, self.step]
        best = [title for title, top in zip(self.titles, self.race.best[:, self.step], strict=True) if top]
        title = html.escape_html(self.dataset.title_of(self.came))
        return " · ".join([f"Next came <b>{title}</b>: {_named(best)} ranked it best here, at <b>{ranks.min():,g}</b>", *self._often()])

    def _often(self) -> list[str]:
        """Who was best most often where it counts: on events that none of them has seen, if there are any."""
        unseen = int(self.race.unseen.sum())
        wins = self.race.wins(unseen > 0)
        if not len(self.race.unseen):
            return []
        if unseen == 1 and self.race.unseen[min(self.step, len(self.race.unseen) - 1)]:
            return []  # the only one is this one
        most = _named([title for title, count in zip(self.titles, wins, strict=True) if count == wins.max()])
        if unseen:
            return [f"{most} ranked best at {wins.max()} of {formatting.plural(unseen, 'event')} that none of them had seen"]
        return [f"{most} ranked best at {wins.max()} of all {len(self.race.unseen)} steps, but they learnt from these"]

    def lists_html(self) -> str:
        """A column a model."""
        return f'<div class="rs-columns">{"".join(self._column(at) for at in range(len(self.names)))}</div>'

    def _column(self, at: int) -> str:
        from recsys.analysis.model_comparison import rank_moves, top_list

        first, own = top_list(self.replays[0], self.step, TOP_K), top_list(self.replays[at], self.step, TOP_K)
        rows = "".join(
            self._row(place + 1, item, "" if at == 0 else _moved(move))
            for place, (item, move) in enumerate(zip(own, rank_moves(first, own), strict=True))
        )
        same = "measured against" if at == 0 else f"{len(set(first) & set(own))} of {len(own)} the same"
        label = self.replays[at].fallbacks[self.step]
        note = f'<span class="rs-label">Not a personal list: {html.escape_html(label)}</span>' if label else ""
        head = f'<div class="rs-column-head"><b>{html.escape_html(self.titles[at])}</b><span>{same}{self._verdict(at)}</span>{note}</div>'
        return f'<div>{head}<ol class="rs-list">{rows}{self._missed(at, own)}</ol></div>'

    def _row(self, place: int, item: str, note: str) -> str:
        hit = item == self.came
        tag = f' <span class="rs-tag">{html.TICK}</span>' if hit else ""
        about = item_card.about_item(self.dataset, item, self.tints)
        return html.row_html(str(place), self.dataset.title_of(item), about, None, "hit" if hit else "", tag, note)

    def _missed(self, at: int, own: list[str]) -> str:
        if self.came is None or self.came in own:
            return ""
        about = item_card.about_item(self.dataset, self.came, self.tints)
        return html.row_html(
            f"{self.race.ranks[at, self.step]:,g}", self.dataset.title_of(self.came), about, None, "missed", note="came next"
        )

    def _verdict(self, at: int) -> str:
        if self.came is None:
            return ""
        rank, best = self.race.ranks[at, self.step], self.race.best[at, self.step]
        colour = theme.theme_palette().hit if rank <= TOP_K else theme.theme_palette().miss
        return f' · next at <b style="color:{colour}">{rank:,g}</b>{", the best" if best else ""}'

    def score_html(self) -> str:
        """A line a model: wins and hits over the whole timeline and, apart, over what no model has seen."""
        steps, unseen = self.race.ranks.shape[1], int(self.race.unseen.sum())
        lines = []
        for at, title in enumerate(self.titles):
            cells = [_of(self.race.wins()[at], steps, self.race.wins().max(initial=0)), _of(self.race.hits(TOP_K)[at], steps)]
            cells += [
                _of(self.race.wins(True)[at], unseen, self.race.wins(True).max(initial=0)),
                _of(self.race.hits(TOP_K, True)[at], unseen),
            ]
            lines.append(f'<tr class="{"now" if at == 0 else ""}"><td>{html.escape_html(title)}</td>{"".join(cells)}</tr>')
        heads = ("Best", f"In its {TOP_K}", "Best, unseen", f"In its {TOP_K}, unseen")
        head = "<th>Model</th>" + "".join(f'<th class="n">{name}</th>' for name in heads)
        return f'<table class="rs-table"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table>'

    def race_in_words(self) -> str:
        return "Steps at which each model ranked the next item best: " + ", ".join(
            f"{title} {count}" for title, count in zip(self.titles, self.race.wins(), strict=True)
        )


def _named(names: list[str]) -> str:
    bold = [f"<b>{html.escape_html(name)}</b>" for name in names]
    return bold[0] if len(bold) == 1 else f"{', '.join(bold[:-1])} and {bold[-1]}"


def _of(count: int, of: int, most: int | None = None) -> str:
    best = ' class="n best"' if most and count == most else ' class="n"'
    return f"<td{best}>{count:,} of {of:,}</td>" if of else '<td class="n">–</td>'


def _moved(by: int | None) -> str:
    return "new" if by is None else "" if by == 0 else f"{'up' if by > 0 else 'down'} {abs(by)}"

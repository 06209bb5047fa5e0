"""The stretch of a replay that the rank strip shows, and the bins of the overview above it where there are more steps than fit."""

import numpy as np

from recsys.core import TOP_K
from recsys.core.formatting import format_number
from recsys.core.translation import _, ngettext
from recsys.evaluation.replay import Replay
from recsys.evaluation.replay_bins import RankBins, bin_ranks
from recsys.figures.timeline import locate_on_strip

MOST_DOTS = 1_000  # events of a replay that is drawn with a dot for each and no overview
STRETCH = 400  # events on the strip below an overview
MOST_BARS = 200


class StripView:
    """The steps `first` to `first + len(ranks) - 1` on the strip; `bins` of all steps replayed, None where the strip shows them all.

    A stretch begins at a multiple of half its length, so that the strip stays the same at many steps and the cursor is not at its end.
    """

    def __init__(self, replay: Replay, step: int) -> None:
        self.replay = replay
        events = len(replay.item_ids)
        self.bins: RankBins | None = None
        start, stop = 0, events
        if events > MOST_DOTS:
            self.bins = bin_ranks(replay.ranks[:events], replay.splits, replay.first, MOST_BARS)
            half = STRETCH // 2
            start = min(max((step - replay.first + half // 2) // half * half - half, 0), max(events - STRETCH, 0))
            stop = min(start + STRETCH, events)
        self.first, self.ranks = replay.first + start, np.append(replay.ranks[start:stop], np.nan)  # NaN: the end of the strip
        self.splits = [str(each) for each in replay.splits[start:stop]]

    def locate(self, step: int) -> tuple[float, float | None]:
        """Return the place of a step on the strip."""
        return locate_on_strip(self.ranks, step - self.first)

    def title(self) -> str:
        """Return the title of the strip; empty where it shows the whole timeline with a rank at every step."""
        if self.bins is None:
            listed = int((~np.isnan(self.ranks)).sum())
            if listed == len(self.splits):
                return ""
            return ngettext(
                "Rank of the next item at the {count} step with a list, of {total}",
                "Rank of the next item at the {count} steps with a list, of {total}",
                listed,
                total=format_number(len(self.splits)),
            )
        return _(
            "Rank of the next item, steps {first} to {last}",
            first=format_number(self.first),
            last=format_number(self.first + len(self.splits) - 1),
        )

    def overview_title(self) -> str:
        """Return the title of the overview: the part of the timeline that it covers."""
        events = len(self.replay.item_ids)
        values = dict(count=format_number(events), total=format_number(self.replay.length), k=TOP_K)
        if self.replay.is_whole:
            return _("Next items in the top {k} over all {total} events", k=TOP_K, total=values["total"])
        if self.replay.length in self.replay.steps:
            return _("Next items in the top {k} over the last {count} of {total} events", **values)
        first, last = format_number(self.replay.steps[0] + 1), format_number(self.replay.first + events)
        return _(
            "Next items in the top {k} over events {first} to {last} of {total}", first=first, last=last, k=TOP_K, total=values["total"]
        )

    def describe(self) -> str:
        """Return the alt text of the strip."""
        return _describe(self.ranks)

    def describe_overview(self) -> str:
        """Return the alt text of the overview."""
        return f"{self.overview_title()}. {_describe(self.replay.ranks)}"


def _describe(ranks: np.ndarray) -> str:
    known = ranks[~np.isnan(ranks)]
    return ngettext(
        "Rank of the next item at {count} step; the item is in the top {k} at {hits} of them.",
        "Rank of the next item at {count} steps; the item is in the top {k} at {hits} of them.",
        len(known),
        k=TOP_K,
        hits=format_number(int((known <= TOP_K).sum())),
    )

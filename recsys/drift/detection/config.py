"""The settings of drift detection: when a difference counts as a change, how it is dated, what only passed."""

from dataclasses import dataclass, fields

from recsys.core.errors import DataError

POSITIVE = (
    "min_events", "min_blocks", "shuffles", "further_shuffles", "min_spread", "growth_from", "few_events", "date_smoothing",
    "date_clip", "min_segment_events", "max_segment_points", "segment_smoothing",
)  # fmt: skip
SHARES = ("alpha", "window_alpha", "doubtful", "max_date_share", "max_window_share", "alike")


@dataclass(frozen=True)
class DetectionConfig:
    """When a difference between stretches of events counts as a change. Events, days, p-values and shares (0 to 1) as named.

    The defaults were tuned on simulated cities. Strength is how far all clues together are from what shuffles give, in standard
    deviations; it is compared with what is needed times the root of the number of clues.
    """

    alpha: float = 0.06
    """Largest p-value of a lasting change, divided by one more than the changes found around it."""
    window_alpha: float = 0.01
    """Largest p-value of a stretch that passed, and of a season."""
    min_strength: float = 2.05
    """Strength needed."""
    strength_growth: float = 1.6
    """More strength with the logarithm of the events: true changes show more clearly then, and chance has more dates to choose from."""
    growth_from: int = 90
    """Events from which more strength is needed."""
    few_events: int = 75
    """Events below which more strength is needed: the fewer, the likelier that what looks like a change is chance."""
    strength_per_depth: float = 1.2
    """More strength for a second change, and again for a third."""
    max_date_share: float = 0.7
    """A change that may have been anywhere in so much of the time is dropped."""
    min_days: tuple[float, float] = (21.0, 42.0)
    """Bounds on a twelfth of the time: what has lasted for less is not a lasting change yet."""
    min_dated_events: int = 8
    """Events on either side of a date."""
    max_window_share: float = 0.34
    """Longest stretch that can have passed, as a share of the events."""
    merge_days: float = 75
    """Two changes closer than this are one."""
    alike: float = 0.5
    """Before and after are alike if they differ by less than this part of how the time between differs."""
    season_months: tuple[int, ...] = (2, 3)
    """Lengths of the seasons that are tried."""
    min_season_days: float = 400
    """Days of history from which a season can be seen twice."""
    min_events: int = 12
    """Events on either side of a split."""
    min_blocks: int = 4
    """Blocks of time (weeks) that a search needs, twice as many for a season."""
    shuffles: int = 99
    """Shuffles of the first look."""
    further_shuffles: int = 400
    """Shuffles of the second look."""
    doubtful: float = 0.08
    """A p-value above it does not get the second look."""
    min_spread: float = 0.5
    """Standard deviation of G², at the least, where shuffles hardly differ."""
    date_smoothing: float = 8.0
    """Events' worth of both sides together that each side begins with."""
    date_clip: float = 2.5
    """Largest log likelihood ratio of one event in telling gradual from abrupt."""
    date_window: float = 21
    """Days to either side whose chances are summed to find the date."""
    date_temper: float = 0.3
    """How far to trust the dates' likelihood, since clues overlap; nine of ten simulated dates then lie in their interval."""
    ramp_days: tuple[int, ...] = (0, 30, 60, 90)
    """Lengths of gradual changes that are tried; 0, the first, is abrupt."""
    min_ramp_gain: float = 1.0
    """Log likelihood by which gradual must win: one gradual change in five is seen, one abrupt in fourteen taken for gradual."""
    segment_penalty: float = 0.6
    """Penalty of one more segment, times log n and the number of clues."""
    min_segment_events: int = 5
    """Events in a segment."""
    max_segment_points: int = 400
    """Events beyond are put together in order before segmenting."""
    segment_smoothing: float = 2.0
    """Events' worth of chance for every level, so that rare ones do not decide everything."""

    def __post_init__(self) -> None:
        defaults = {each.name: each.default for each in fields(self)}
        for name in POSITIVE:
            if not getattr(self, name) > 0:
                raise DataError(f"setting {name}={getattr(self, name)} must be above 0, for example {name}={defaults[name]}")
        for name in SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise DataError(f"setting {name}={getattr(self, name)} must be from 0 to 1, for example {name}={defaults[name]}")
        if not 0 <= self.min_days[0] <= self.min_days[1]:
            raise DataError(f"setting min_days={self.min_days} must be two numbers of days, the smaller first, for example (21, 42)")
        if len(self.ramp_days) < 2 or self.ramp_days[0] != 0:
            raise DataError(f"setting ramp_days={self.ramp_days} must begin with 0 and go on, for example (0, 30)")
        if not self.season_months or not all(0 < months < 12 for months in self.season_months):
            raise DataError(f"setting season_months={self.season_months} must be numbers of months from 1 to 11, for example (2, 3)")
        if self.alpha > self.doubtful:
            raise DataError(
                f"setting alpha={self.alpha} must not be above doubtful={self.doubtful}, for example alpha=0.06: the second look decides"
            )
        if min(self.alpha, self.window_alpha) < 1 / (self.shuffles + 1):
            least = 1 / (self.shuffles + 1)
            raise DataError(
                f"setting shuffles={self.shuffles} gives p-values from {least:.3g} up, too few for alpha={self.alpha} and window_alpha={self.window_alpha}; take 99"
            )


DETECTION = DetectionConfig()
"""The defaults."""

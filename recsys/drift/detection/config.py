"""Settings of drift detection: the size of a change, its date, and temporary changes."""

from dataclasses import dataclass, fields

from recsys.core.errors import DataError
from recsys.core.translation import _

POSITIVE = (
    "min_events", "min_blocks", "shuffles", "further_shuffles", "min_spread", "growth_from", "few_events", "date_smoothing",
    "date_clip", "min_segment_events", "max_segment_points", "segment_smoothing",
)  # fmt: skip
SHARES = ("alpha", "window_alpha", "doubtful", "max_date_share", "max_window_share", "alike")


@dataclass(frozen=True)
class DetectionConfig:
    """Thresholds from which a difference between stretches of events is a change: events, days, p-values and shares (0 to 1).

    The defaults were tuned on simulated cities. Strength is the distance of all features together from permuted weeks, in standard
    deviations; it is compared with the strength needed times the root of the number of features.
    """

    alpha: float = 0.06
    """Largest p-value of a lasting change, divided by one more than the number of changes around it."""
    window_alpha: float = 0.01
    """Largest p-value of a temporary change, and of a season."""
    min_strength: float = 2.05
    """Strength that a change needs."""
    strength_growth: float = 1.6
    """Further strength times the logarithm of the number of events: real changes are clearer then, and chance has more possible dates."""
    growth_from: int = 90
    """Number of events from which more strength is needed."""
    few_events: int = 75
    """Number of events below which more strength is needed, since apparent changes are more often chance."""
    strength_per_depth: float = 1.2
    """Further strength for a second change, and again for a third."""
    max_date_share: float = 0.7
    """A change whose 90 % interval covers more than this share of the time is dropped."""
    min_days: tuple[float, float] = (21.0, 42.0)
    """Bounds on a twelfth of the time, the shortest duration of a lasting change."""
    min_dated_events: int = 8
    """Events on either side of a date."""
    max_window_share: float = 0.34
    """Longest temporary change, as a share of the events."""
    merge_days: float = 75
    """Two changes closer than this are one."""
    alike: float = 0.5
    """Before and after are alike if they differ by less than this part of the difference of the time between."""
    season_months: tuple[int, ...] = (2, 3)
    """Lengths of the seasons that are tested, in months."""
    min_season_days: float = 400
    """Days of history that a season needs, so that it recurs."""
    min_events: int = 12
    """Events on either side of a split."""
    min_blocks: int = 4
    """Blocks of time (weeks) that a search needs, twice as many for a season."""
    shuffles: int = 99
    """Permutations of the first test."""
    further_shuffles: int = 400
    """Further permutations of the second test."""
    doubtful: float = 0.08
    """Largest p-value that gets the second test."""
    min_spread: float = 0.5
    """Smallest standard deviation of G², for permutations that hardly differ."""
    date_smoothing: float = 8.0
    """Prior of each side in events, with the shares of both sides together."""
    date_clip: float = 2.5
    """Largest log likelihood ratio of one event when a gradual change is compared with an abrupt one."""
    date_window: float = 21
    """Days to either side whose probabilities are summed to find the date."""
    date_temper: float = 0.3
    """Exponent of the dates' likelihood, since features overlap; nine of ten simulated dates then lie in their interval."""
    ramp_days: tuple[int, ...] = (0, 30, 60, 90)
    """Lengths of gradual changes that are tested, in days; 0, the first, is abrupt."""
    min_ramp_gain: float = 1.0
    """Log likelihood that a gradual change needs over an abrupt one: one gradual change in five is detected, one abrupt in fourteen called gradual."""
    segment_penalty: float = 0.6
    """Penalty of one more segment, times log n and the number of features."""
    min_segment_events: int = 5
    """Events in a segment."""
    max_segment_points: int = 400
    """Most points of a segmentation; more events are grouped in order."""
    segment_smoothing: float = 2.0
    """Prior in events for every level, so that rare levels do not dominate."""

    def __post_init__(self) -> None:
        defaults = {each.name: each.default for each in fields(self)}
        for name in POSITIVE:
            if not getattr(self, name) > 0:
                raise DataError(
                    _(
                        "setting {name}={value} must be above 0, for example {name}={default}",
                        name=name,
                        value=getattr(self, name),
                        default=defaults[name],
                    )
                )
        for name in SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise DataError(
                    _(
                        "setting {name}={value} must be from 0 to 1, for example {name}={default}",
                        name=name,
                        value=getattr(self, name),
                        default=defaults[name],
                    )
                )
        if not 0 <= self.min_days[0] <= self.min_days[1]:
            raise DataError(
                _("setting min_days={value} must be two numbers of days, the smaller first, for example (21, 42)", value=self.min_days)
            )
        if len(self.ramp_days) < 2 or self.ramp_days[0] != 0:
            raise DataError(
                _("setting ramp_days={value} must begin with 0 and have another length, for example (0, 30)", value=self.ramp_days)
            )
        if not self.season_months or not all(0 < months < 12 for months in self.season_months):
            raise DataError(
                _("setting season_months={value} must be numbers of months from 1 to 11, for example (2, 3)", value=self.season_months)
            )
        if self.alpha > self.doubtful:
            raise DataError(
                _(
                    "setting alpha={alpha} must not be above doubtful={doubtful}, the largest p-value that gets the second test; use for example alpha=0.06",
                    alpha=self.alpha,
                    doubtful=self.doubtful,
                )
            )
        if min(self.alpha, self.window_alpha) < 1 / (self.shuffles + 1):
            least = 1 / (self.shuffles + 1)
            raise DataError(
                _(
                    "setting shuffles={shuffles} gives p-values from {least} up, too few for alpha={alpha} and window_alpha={window_alpha}; use for example shuffles=99",
                    shuffles=self.shuffles,
                    least=f"{least:.3g}",
                    alpha=self.alpha,
                    window_alpha=self.window_alpha,
                )
            )


DETECTION = DetectionConfig()
"""The default settings."""

"""Where the models of a dataset stand: their lines, what was measured of them before, how to get the rest, what each idea is worth."""

from recsys.leaderboard.ideas import IDEAS, Idea, Worth, worth
from recsys.leaderboard.kept import Kept, find_kept, keep, kept_stamp, measure
from recsys.leaderboard.run import Measuring, Skipped, Training, leaderboard, why_not
from recsys.leaderboard.speed import request_milliseconds
from recsys.leaderboard.standings import Standing, groups, measured, standing

__all__ = [
    "IDEAS",
    "Idea",
    "Kept",
    "Measuring",
    "Skipped",
    "Standing",
    "Training",
    "Worth",
    "find_kept",
    "groups",
    "keep",
    "kept_stamp",
    "leaderboard",
    "measure",
    "measured",
    "request_milliseconds",
    "standing",
    "why_not",
    "worth",
]

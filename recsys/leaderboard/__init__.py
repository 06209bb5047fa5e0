"""Where the models of a dataset stand: their lines, what was measured of them before, how to get the rest, what each idea is worth."""

from recsys.leaderboard.ablations import ABLATIONS, Ablation, AblationEffect, measure_ablation
from recsys.leaderboard.latency import request_milliseconds
from recsys.leaderboard.measurements import Measurement, find_measurement, measure_checkpoint, measurements_stamp, save_measurement
from recsys.leaderboard.rows import LeaderboardRow, comparable_groups, leaderboard_row, measured_row
from recsys.leaderboard.run import Measuring, Skipped, Training, run_leaderboard, why_not

__all__ = [
    "ABLATIONS",
    "Ablation",
    "AblationEffect",
    "LeaderboardRow",
    "Measurement",
    "Measuring",
    "Skipped",
    "Training",
    "comparable_groups",
    "find_measurement",
    "leaderboard_row",
    "measure_ablation",
    "measure_checkpoint",
    "measured_row",
    "measurements_stamp",
    "request_milliseconds",
    "run_leaderboard",
    "save_measurement",
    "why_not",
]

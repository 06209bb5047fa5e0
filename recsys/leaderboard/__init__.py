"""Leaderboard of the models of a dataset: rows, stored measurements, runs that train and measure the rest, ablations, latency."""

from recsys.leaderboard.ablations import ABLATIONS, Ablation, AblationEffect, measure_ablation
from recsys.leaderboard.latency import measure_request_latency
from recsys.leaderboard.measurements import Measurement, find_measurement, measure_checkpoint, read_measurements_stamp, save_measurement
from recsys.leaderboard.rows import LeaderboardRow, add_measurement, build_leaderboard_row, group_comparable_rows
from recsys.leaderboard.run import MeasurementStarted, ModelSkipped, TrainingProgress, explain_exclusion, run_leaderboard

__all__ = [
    "ABLATIONS",
    "Ablation",
    "AblationEffect",
    "LeaderboardRow",
    "Measurement",
    "MeasurementStarted",
    "ModelSkipped",
    "TrainingProgress",
    "add_measurement",
    "build_leaderboard_row",
    "explain_exclusion",
    "find_measurement",
    "group_comparable_rows",
    "measure_ablation",
    "measure_checkpoint",
    "measure_request_latency",
    "read_measurements_stamp",
    "run_leaderboard",
    "save_measurement",
]

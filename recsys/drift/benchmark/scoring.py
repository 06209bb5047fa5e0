"""Judging what was found against the truth of a simulated city.

An abrupt, total change counts as found within 21 days of its date, a partial or gradual one within 60 days of its midpoint. Only
changes with 15 events on each side are asked for; what is found near another is neither right nor wrong. Changes said to be
temporary are no findings, and temporary ones in the truth ask for none: a lasting change reported there is a false one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

DAY = 86_400.0
NEAR, FAR = 21.0, 60.0
LEAST_EVENTS = 15
RESAMPLES = 1000
ACTIVITY = ((0, 80), (80, 120), (120, 200), (200, 10**9))


@dataclass(frozen=True)
class Finding:
    """A lasting change that was reported: seconds UTC, and its kind if one was named."""

    time: float
    kind: str = ""


@dataclass(frozen=True)
class Verdict:
    """One person: `right` of the `reported` findings match a change asked for; `asked` holds one row for each of those."""

    stable: bool
    reported: int
    right: int
    asked: tuple[dict[str, Any], ...]


def score_findings(found: Mapping[str, list[Finding]], truth: pd.DataFrame, lengths: Mapping[str, int]) -> dict[str, Any]:
    """The figures of the drift-score command; `found` has every user, `lengths` their numbers of events."""
    by_user = {str(user): rows for user, rows in truth.groupby("user_id")}
    verdicts = [_verdict(findings, by_user.get(user), lengths[user]) for user, findings in found.items()]
    asked = pd.DataFrame([row for verdict in verdicts for row in verdict.asked], columns=list(COLUMNS))
    return {**_figures(verdicts), **_parts(asked), "intervals": _intervals(verdicts), "changes": len(asked), "users": len(verdicts)}


COLUMNS = ("kind", "size", "events", "found", "delay", "named")
NAMES = {"home": "place", "work": "place", "taste-up": "taste", "taste-down": "taste", "rhythm": "rhythm"}


def _verdict(findings: list[Finding], rows: pd.DataFrame | None, length: int) -> Verdict:
    if rows is None:
        return Verdict(True, len(findings), 0, ())
    left, asked, ignored = list(findings), [], 0
    for row in rows[rows["kind"] != "temporary"].itertuples():
        middle = (row.from_time.timestamp() + row.to_time.timestamp()) / 2
        within = NEAR if (row.size, row.pace) == ("total", "abrupt") else FAR
        near = sorted(left, key=lambda finding: abs(finding.time - middle))[:1]
        match = near[0] if near and abs(near[0].time - middle) <= within * DAY else None
        if match is not None:
            left.remove(match)
        if min(row.events_before, row.events_after) < LEAST_EVENTS:
            ignored += match is not None
            continue
        delay = np.nan if not near else (near[0].time - middle) / DAY
        named = match is not None and match.kind == NAMES[str(row.kind)]
        asked.append(dict(zip(COLUMNS, (row.kind, f"{row.pace} {row.size}", length, match is not None, delay, named), strict=True)))
    right = sum(bool(row["found"]) for row in asked)
    return Verdict(False, len(findings) - ignored, right, tuple(asked))


def _figures(verdicts: list[Verdict]) -> dict[str, float | None]:
    reported, right = sum(each.reported for each in verdicts), sum(each.right for each in verdicts)
    asked, stable = [row for each in verdicts for row in each.asked], [each for each in verdicts if each.stable]
    precision, recall = _part(right, reported), _part(right, len(asked))
    delays = [abs(row["delay"]) for row in asked if row["size"] == "abrupt total" and np.isfinite(row["delay"])]
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision and recall else 0.0,
        "median_delay_days": float(np.median(delays)) if delays else None,
        "false_alarms_per_stable_user": _part(sum(each.reported for each in stable), len(stable)),
    }


def _part(some: int, all_: int) -> float | None:
    return some / all_ if all_ else None


def _parts(asked: pd.DataFrame) -> dict[str, Any]:
    activity = {f"{low} to {high - 1} events" if high < 10**9 else f"{low} events or more": (low, high) for low, high in ACTIVITY}
    return {
        "by_kind": {str(kind): _part_figures(rows, True) for kind, rows in asked.groupby("kind")},
        "by_size": {str(size): _part_figures(rows) for size, rows in asked.groupby("size")},
        "by_activity": {
            name: _part_figures(asked[(asked["events"] >= low) & (asked["events"] < high)]) for name, (low, high) in activity.items()
        },
    }


def _part_figures(rows: pd.DataFrame, named: bool = False) -> dict[str, Any]:
    """Delays are of all reports of these people, hits or not, without sign."""
    hits = rows[rows["found"].astype(bool)]
    figures = {
        "changes": len(rows),
        "recall": _part(len(hits), len(rows)),
        "median_delay_days": float(rows["delay"].abs().median()) if rows["delay"].notna().any() else None,
    }
    return figures | ({"named_right": _part(int(hits["named"].sum()), len(hits))} if named else {})


def _intervals(verdicts: list[Verdict]) -> dict[str, tuple[float, float]]:
    """95 % by bootstrap over people."""
    table = np.array([(each.reported, each.right, len(each.asked), each.stable, each.stable * each.reported) for each in verdicts], float)
    rng = np.random.default_rng(0)
    weights = rng.multinomial(len(table), np.full(len(table), 1 / len(table)), size=RESAMPLES)
    with np.errstate(divide="ignore", invalid="ignore"):
        reported, right, asked, stable, alarms = (weights @ table).T
        drawn = {
            "precision": right / reported,
            "recall": right / asked,
            "f1": 2 * right / (reported + asked),
            "false_alarms_per_stable_user": alarms / stable,
        }
    return {name: tuple(np.nanquantile(values, (0.025, 0.975)).tolist()) for name, values in drawn.items() if np.isfinite(values).any()}

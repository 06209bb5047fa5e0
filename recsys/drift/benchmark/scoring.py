"""Precision, recall and delay of detected changes against the truth of a simulated city.

An abrupt, total change counts as detected within 21 days of its date, a partial or gradual one within 60 days of its midpoint. Only
changes with 15 events on each side are required; a finding near another change is neither right nor wrong. Changes reported as
temporary are not findings, and temporary changes in the truth are not required: a lasting change reported there is a false alarm.
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
    """A reported lasting change: seconds UTC, and its kind where the method names one."""

    time: float
    kind: str = ""


@dataclass(frozen=True)
class UserMatches:
    """Matches of one user: `right` of the `reported` findings match a required change; `required` holds a row for each required change."""

    stable: bool
    reported: int
    right: int
    required: tuple[dict[str, Any], ...]


def score_findings(found: Mapping[str, list[Finding]], truth: pd.DataFrame, lengths: Mapping[str, int]) -> dict[str, Any]:
    """Return the metrics of the drift-score command; `found` has every user, `lengths` their numbers of events."""
    by_user = {str(user): rows for user, rows in truth.groupby("user_id")}
    matches = [_match(findings, by_user.get(user), lengths[user]) for user, findings in found.items()]
    required = pd.DataFrame([row for each_user in matches for row in each_user.required], columns=list(COLUMNS))
    return {
        **_metrics(matches),
        **_metrics_by_group(required),
        "intervals": _intervals(matches),
        "changes": len(required),
        "users": len(matches),
    }


COLUMNS = ("kind", "size", "events", "found", "delay", "named")
NAMES = {"home": "place", "work": "place", "taste-up": "taste", "taste-down": "taste", "rhythm": "rhythm"}


def _match(findings: list[Finding], rows: pd.DataFrame | None, length: int) -> UserMatches:
    if rows is None:
        return UserMatches(True, len(findings), 0, ())
    left, required, ignored = list(findings), [], 0
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
        required.append(dict(zip(COLUMNS, (row.kind, f"{row.pace} {row.size}", length, match is not None, delay, named), strict=True)))
    right = sum(bool(row["found"]) for row in required)
    return UserMatches(False, len(findings) - ignored, right, tuple(required))


def _metrics(matches: list[UserMatches]) -> dict[str, float | None]:
    reported, right = sum(each.reported for each in matches), sum(each.right for each in matches)
    required, stable = [row for each in matches for row in each.required], [each for each in matches if each.stable]
    precision, recall = _ratio(right, reported), _ratio(right, len(required))
    delays = [abs(row["delay"]) for row in required if row["size"] == "abrupt total" and np.isfinite(row["delay"])]
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision and recall else 0.0,
        "median_delay_days": float(np.median(delays)) if delays else None,
        "false_alarms_per_stable_user": _ratio(sum(each.reported for each in stable), len(stable)),
    }


def _ratio(some: int, all_: int) -> float | None:
    return some / all_ if all_ else None


def _metrics_by_group(required: pd.DataFrame) -> dict[str, Any]:
    activity = {f"{low} to {high - 1} events" if high < 10**9 else f"{low} events or more": (low, high) for low, high in ACTIVITY}
    return {
        "by_kind": {str(kind): _group_metrics(rows, True) for kind, rows in required.groupby("kind")},
        "by_size": {str(size): _group_metrics(rows) for size, rows in required.groupby("size")},
        "by_activity": {
            name: _group_metrics(required[(required["events"] >= low) & (required["events"] < high)])
            for name, (low, high) in activity.items()
        },
    }


def _group_metrics(rows: pd.DataFrame, named: bool = False) -> dict[str, Any]:
    """Return recall and delay of some changes; delays are absolute and of the nearest finding, whether it is a match or not."""
    hits = rows[rows["found"].astype(bool)]
    figures = {
        "changes": len(rows),
        "recall": _ratio(len(hits), len(rows)),
        "median_delay_days": float(rows["delay"].abs().median()) if rows["delay"].notna().any() else None,
    }
    return figures | ({"named_right": _ratio(int(hits["named"].sum()), len(hits))} if named else {})


def _intervals(matches: list[UserMatches]) -> dict[str, tuple[float, float]]:
    """Return 95 % intervals by bootstrap over users."""
    table = np.array([(each.reported, each.right, len(each.required), each.stable, each.stable * each.reported) for each in matches], float)
    rng = np.random.default_rng(0)
    weights = rng.multinomial(len(table), np.full(len(table), 1 / len(table)), size=RESAMPLES)
    with np.errstate(divide="ignore", invalid="ignore"):
        reported, right, required, stable, alarms = (weights @ table).T
        drawn = {
            "precision": right / reported,
            "recall": right / required,
            "f1": 2 * right / (reported + required),
            "false_alarms_per_stable_user": alarms / stable,
        }
    return {name: tuple(np.nanquantile(values, (0.025, 0.975)).tolist()) for name, values in drawn.items() if np.isfinite(values).any()}

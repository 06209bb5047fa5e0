"""Scores of findings against a truth that is small enough to count by hand, and the two commands."""

import json
from pathlib import Path

import pandas as pd
import pytest

from recsys.drift.benchmark.scoring import DAY, Finding, score_findings
from recsys.simulation import simulate_city
from tests.cli.test_commands import run

AT = pd.Timestamp("2024-06-01", tz="UTC")


def row(user: str, kind: str = "home", size: str = "total", pace: str = "abrupt", days: int = 0, before: int = 30) -> dict[str, object]:
    return {
        "user_id": user, "kind": kind, "size": size, "pace": pace, "from_time": AT, "to_time": AT + pd.Timedelta(days=days),
        "events_before": before, "events_after": 40,
    }  # fmt: skip


def at(days: float) -> list[Finding]:
    return [Finding(AT.timestamp() + days * DAY, "place")]


def fidelity_of(*cases: tuple[dict[str, object] | None, list[Finding]]) -> dict[str, object]:
    truth = pd.DataFrame([{**case, "user_id": f"u{number}"} for number, (case, _) in enumerate(cases) if case is not None])
    return score_findings(
        {f"u{number}": found for number, (_, found) in enumerate(cases)}, truth, {f"u{n}": 100 for n in range(len(cases))}
    )


def test_abrupt_and_total_within_21_days_others_within_60_of_the_middle() -> None:
    for case, days, hit in (
        (row("a"), 20.9, True), (row("a"), -21.1, False), (row("a", size="partial"), 59, True), (row("a", pace="gradual", days=80), 99, True),
        (row("a", pace="gradual", days=80), -21, False),
    ):  # fmt: skip
        assert fidelity_of((case, at(days)))["recall"] == float(hit), (case, days)


def test_temporary_and_sparse_changes_are_not_required() -> None:
    found = fidelity_of(
        (row("hit"), at(5)),
        (row("missed"), []),
        (row("twice"), at(2) + at(150)),
        (row("not asked for", before=14), at(1)),
        (row("a trip, taken for a move", kind="temporary"), at(1)),
        (None, at(0)),
        (None, []),
    )
    assert found["precision"] == pytest.approx(2 / 5)  # reported: a hit, two, one at a trip, one of a stable person
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["false_alarms_per_stable_user"] == pytest.approx(1 / 2)
    assert found["median_delay_days"] == pytest.approx(3.5)
    assert found["by_kind"]["home"]["named_right"] == 1.0  # type: ignore[index]


def test_metrics_without_changes_are_none() -> None:
    found = fidelity_of((row("a"), []))
    assert found["precision"] is None and found["recall"] == 0 and found["false_alarms_per_stable_user"] is None


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cities") / "datasets" / "little"
    simulate_city(seed=11, people=60, places=120, days=500, out=folder, name="little")
    return folder


def test_drift_score_reports_metrics_and_baselines(city: Path) -> None:
    found = run("drift-score", city, "--json").json
    assert set(found) >= {"precision", "recall", "f1", "median_delay_days", "false_alarms_per_stable_user", "by_kind", "by_size"}
    assert found["f1"] > 0.5
    assert all(found["f1"] > plain["f1"] for plain in found["baselines"].values())
    assert run("drift-score", city.parent).code == 2


def test_drift_of_one_user_and_of_all(city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_HOME", str(city.parent.parent))
    lines = [json.loads(line) for line in run("drift", "little", "--all", "--jsonl").out.splitlines()]
    assert len(lines) == 60
    one = run("drift", "little", "--user", lines[0]["user"], "--json").json
    assert {**one, "seconds": 0} == {**lines[0], "seconds": 0}
    assert {"user", "events", "changes", "windows", "space", "seconds"} <= set(one)
    changes = [change for line in lines for change in line["changes"]]
    assert changes and all(list(change) == ["time", "kind", "size", "p_value", "from", "to", "words"] for change in changes)
    for line in lines:
        assert sum(window["events"] for window in line["windows"]) == line["events"]
        assert all(abs(sum(window["shares"].values()) - 1) < 0.01 for window in line["windows"] if window["events"])
    again = run("drift", "little", "--all", "--jsonl")
    assert [json.loads(line) for line in again.out.splitlines()] == lines, "read from where it was kept, seconds and all"


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo-city"],
        ["demo-city", "--all", "--user", "p0001"],
        ["demo-city", "--user", "p0001", "--jsonl"],
        ["demo-city", "--user", "nobody"],
    ],
)
def test_wrong_use_is_one_line(arguments: list[str]) -> None:
    found = run("drift", *arguments)
    assert found.code == 2 and found.err.count("\n") == 1

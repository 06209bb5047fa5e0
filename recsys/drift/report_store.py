"""Store of the drift reports of all users of a dataset, one line of JSON each, so that they are computed once."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recsys.core import Dataset
from recsys.drift.detection.feature_space import build_feature_space
from recsys.drift.report import DriftReport, detect_drift
from recsys.storage.atomic_files import write_file_atomically
from recsys.storage.paths import home
from recsys.storage.serialization import to_json

VERSION = 8  # of the reports: stored ones of another version are ignored


def reports_path(dataset: Dataset) -> Path:
    """Return the file of a dataset's reports."""
    return home(dataset.name) / "drift" / f"{dataset.name}-{dataset.fingerprint}-{VERSION}.jsonl"


def read_reports(dataset: Dataset) -> list[dict[str, Any]] | None:
    """Return the stored reports of all users in the order of the dataset; None where they are not complete.

    They are as the command line prints them, and every change has its `terms` too, for `wording.word_kept_change`.
    """
    path = reports_path(dataset)
    if not path.is_file():
        return None
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    except ValueError:  # damaged: ignored
        return None
    return lines if len(lines) == len(dataset.user_ids) else None


def detect_drift_of_all(dataset: Dataset, keep: bool = True) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the report of every user as a line of JSON for the command line, and as stored; stored on disk when complete, and read from there later."""
    stored = read_reports(dataset) if keep else None
    if stored is not None:
        yield from ((json.dumps(_without_terms(report)), report) for report in stored)
        return
    feature_space, lines = build_feature_space(dataset), []
    for user in dataset.user_ids:
        line = to_json(_with_terms(detect_drift(dataset, feature_space, str(user))))
        lines.append(line)
        report = json.loads(line)
        yield json.dumps(_without_terms(report)), report
    if keep:
        write_file_atomically(reports_path(dataset), ("\n".join(lines) + "\n").encode("ascii"))


def _with_terms(report: DriftReport) -> dict[str, Any]:
    plain = report.plain()
    for change, found in zip(plain["changes"], report.changes, strict=True):
        change["terms"] = asdict(found.terms)
    return plain


def _without_terms(report: dict[str, Any]) -> dict[str, Any]:
    changes = [{name: value for name, value in change.items() if name != "terms"} for change in report["changes"]]
    return {**report, "changes": changes}

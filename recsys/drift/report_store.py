"""The reports of all people of a dataset, one after another, kept on disk so that the second time costs nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recsys.core import Dataset
from recsys.drift.detection.feature_space import build_feature_space
from recsys.drift.report import detect_drift
from recsys.storage.files import file_at_once, home
from recsys.storage.serialization import to_json

VERSION = 7  # of what is found: a new one forgets what was kept


def reports_path(dataset: Dataset) -> Path:
    return home() / "drift" / f"{dataset.name}-{dataset.fingerprint}-{VERSION}.jsonl"


def read_reports(dataset: Dataset) -> list[dict[str, Any]] | None:
    """The plain reports of everybody, in the order of the dataset; None where they were never all made."""
    path = reports_path(dataset)
    if not path.is_file():
        return None
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    except ValueError:  # damaged: as if never made
        return None
    return lines if len(lines) == len(dataset.user_ids) else None


def detect_drift_of_all(dataset: Dataset, keep: bool = True) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everybody's report as a line of JSON and as what it says; kept when the last is made, and read from there the next time."""
    kept = read_reports(dataset) if keep else None
    if kept is not None:
        yield from ((json.dumps(report), report) for report in kept)
        return
    scene, lines = build_feature_space(dataset), []
    for user in dataset.user_ids:
        line = to_json(detect_drift(dataset, scene, str(user)).plain())
        lines.append(line)
        yield line, json.loads(line)
    if keep:
        file_at_once(reports_path(dataset), ("\n".join(lines) + "\n").encode("ascii"))

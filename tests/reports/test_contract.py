"""A report on every entry of DATASETS; a new entry is tested unchanged."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from recsys.datasets import DATASETS, open_dataset, prepare_dataset
from recsys.drift import build_feature_space
from recsys.drift.report import detect_drift
from recsys.reports.case_page import Sources, make_case_page
from recsys.reports.explanation import explain_once
from tests.datasets import miniatures
from tests.reports.conftest import make_case


@pytest.mark.parametrize("name", DATASETS)
def test_report_has_the_parts_that_the_data_allows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint_of: Callable[..., object]
) -> None:
    monkeypatch.delenv("RECSYS_DATA", raising=False)
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path / "home"))
    for module in ("recsys.datasets.registry", "recsys.datasets.importing.preparation"):
        monkeypatch.setattr(f"{module}.ASSETS", tmp_path / "assets")
    raw = tmp_path / ("raw" if DATASETS[name].module else "assets/data")
    miniatures.write(name, raw)
    prepare_dataset(name, root=raw)
    dataset = open_dataset(name)
    user = max(dataset.user_ids, key=lambda each: len(dataset.history(each)))
    step = len(dataset.history(user)) - 1
    explain = explain_once(lambda explained: None)
    sources = Sources(lambda _name: dataset, lambda data, _name: checkpoint_of("markov", data), build_feature_space, explain)
    page = make_case_page(make_case(name, checkpoint="markov", user_id=user, step=step), sources)
    sections = {section.key: section for section in page.sections}
    assert ("map" in sections) == ("place" in dataset.has)
    assert {"timeline", "recommend", "explain", "drift", "attention"} <= set(sections)
    assert ("UTC" in sections["drift"].notes[0]) == ("time" in dataset.has) if sections["drift"].notes else True
    report = detect_drift(dataset, build_feature_space(dataset), user)
    assert len(sections["drift"].points) == len(report.changes)
    for section in page.sections:
        for figure in section.figures:
            ET.fromstring(figure.svg)

"""Words about changes: composed from terms when they are shown, in any language, and the same for a stored report."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recsys.core import Dataset
from recsys.core.translation import language
from recsys.drift import DriftReport, build_feature_space, detect_drift
from recsys.drift.detection.feature_space import ClusterName
from recsys.drift.report_store import detect_drift_of_all, read_reports
from recsys.drift.wording import ChangeTerms, LevelTerms, describe_change, level_label, word_kept_change
from tests import translations
from tests.conftest import build
from tests.drift.test_report import ITEMS, TABLE, dataset_of, random_timeline

HOME, AWAY = LevelTerms(kinds=("gym", "office"), area="Northgate", hour="in the morning"), LevelTerms(kinds=("bar",), area="around Odeon")


@pytest.fixture
def pseudo_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("RECSYS_TRANSLATIONS", str(translations.write_pseudo_locale(tmp_path / "translations")))
    return translations.LANGUAGE


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (ChangeTerms(HOME, AWAY), "from gym and office near Northgate in the morning to bar around Odeon"),
        (ChangeTerms(LevelTerms(area="Northgate"), LevelTerms(area="around Odeon")), "from Northgate to around Odeon"),
        (ChangeTerms(LevelTerms(hour="after work"), LevelTerms(hour="at night"), True), "little by little from hours after work to nights"),
        (ChangeTerms(LevelTerms(item="Odeon"), LevelTerms(item="Odeon")), "from Odeon to another Odeon"),
        (ChangeTerms(HOME, AWAY, span="trip", days=1), "away for 1 day: bar around Odeon, then back"),
        (ChangeTerms(HOME, AWAY, span="while", days=20), "for 20 days: bar around Odeon, then back"),
        (ChangeTerms(HOME, AWAY, span="while", days=30), "for 4 weeks: bar around Odeon, then back"),
        (ChangeTerms(HOME, AWAY, span="season", days=20, month=6), "every year from June, for about 1 month: bar around Odeon"),
        (ChangeTerms(LevelTerms(), AWAY, span="steps", steps=80), "for 80 steps: bar around Odeon, then back"),
        (ChangeTerms(LevelTerms(), AWAY), "from the earlier pattern to bar around Odeon"),
    ],
)
def test_every_kind_of_change_has_its_sentence(terms: ChangeTerms, words: str, pseudo_locale: str) -> None:
    assert describe_change(terms) == words
    with language(pseudo_locale):
        assert not set(describe_change(terms)) & set("{}") and describe_change(terms) != words


def test_clusters_and_areas_are_labelled_in_the_language(pseudo_locale: str) -> None:
    name = ClusterName(("Alien", "Brazil"))
    assert name == "things like Alien and Brazil" == level_label("category", name)
    with language(pseudo_locale):
        assert "Alien" in level_label("category", name) and "things" not in level_label("category", name)
        assert "Odeon" in level_label("area", "around Odeon") and "around" not in level_label("area", "around Odeon")
        assert level_label("hour", "at night") != "at night"
        assert level_label("category", "gym") == "gym", "names from the data stay as they are"


def moved() -> Dataset:
    return dataset_of(*random_timeline(np.random.default_rng(3), 150, 520, 260))


def test_a_change_is_worded_in_the_language_of_its_reader(pseudo_locale: str) -> None:
    dataset = moved()
    report: DriftReport = detect_drift(dataset, build_feature_space(dataset), "anna")
    words, plain = report.lasting[0].words, report.plain()
    with language(pseudo_locale):
        assert report.lasting[0].words != words
        assert report.plain() == plain, "the command line stays English"


def test_too_few_events_are_said_in_the_language_of_the_reader(pseudo_locale: str) -> None:
    dataset = dataset_of(np.arange(3.0), np.arange(3))
    report = detect_drift(dataset, build_feature_space(dataset), "anna")
    assert report.untested == "3 events are too few to distinguish a change from chance; at least 24 are needed"
    with language(pseudo_locale):
        assert report.untested and "events" not in report.untested and "24" in report.untested


def test_a_stored_change_is_worded_again_in_any_language(own_home: None, pseudo_locale: str) -> None:
    dataset = moved()
    with language(pseudo_locale):
        lines = [json.loads(line) for line, _report in detect_drift_of_all(dataset)]
    stored = read_reports(dataset)
    assert stored is not None
    for line, report in zip(lines, stored, strict=True):
        for printed, change in zip(line["changes"], report["changes"], strict=True):
            assert list(printed) == ["time", "kind", "size", "p_value", "from", "to", "words"]
            assert printed == {name: value for name, value in change.items() if name != "terms"}
            assert word_kept_change(change) == printed["words"]
            with language(pseudo_locale):
                assert word_kept_change(change) != printed["words"]
    assert any(report["changes"] for report in stored)
    assert [json.loads(line) for line, _report in detect_drift_of_all(dataset)] == lines


def test_terms_of_clusters_survive_storage() -> None:
    terms = ChangeTerms(
        LevelTerms(kinds=("things like A and B",), examples=("A", "B")), LevelTerms(kinds=("things like C",), examples=("C",))
    )
    change = {"terms": json.loads(json.dumps(asdict(terms))), "words": "old words"}
    assert word_kept_change(change) == "from things like A and B to things like C"
    assert word_kept_change({"words": "kept without terms"}) == "kept without terms"


def test_data_without_categories_keeps_its_clusters() -> None:
    items = np.random.default_rng(8).integers(0, 20, 160)
    items[80:] += 20
    pairs = [("anna", ITEMS[at]) for at in items]
    pairs += [
        (f"u{user:02}", ITEMS[(user % 2) * 20 + item]) for user in range(40) for item in np.random.default_rng(user).permutation(20)[:12]
    ]
    dataset = build(pairs, name="steps", items=pd.DataFrame({"title": TABLE["title"]}, index=ITEMS))
    (change,) = detect_drift(dataset, build_feature_space(dataset), "anna").lasting
    assert len(change.terms.before.examples) == len(change.terms.after.examples) == 2
    assert change.words.startswith("from things like ") and " to things like " in change.words

"""Stories of the start page: composed from stored values in the language of the reader, and only for their own data."""

import json
from pathlib import Path

import pytest

from recsys.analysis.demo_stories import FILE, Story, read_stories
from recsys.core.errors import DataError
from recsys.core.translation import language
from recsys.datasets import prepared_folder
from recsys.datasets.prepared import read_card


def test_the_shipped_stories_are_composed_from_their_values() -> None:
    folder = prepared_folder("demo-city")
    assert folder is not None
    moved, hit, miss = read_stories(folder, read_card(folder).fingerprint or "")
    assert moved.title == "Emre Levanto moved house" and moved.sentence.startswith(
        "In November 2024, from Northgate to Old Harbour. 13 events later, "
    )
    assert "56 of 122,224 events" in hit.sentence
    assert miss.sentence.endswith("It ranked 261 of 499.")
    with language("de"):
        assert "122.224" in hit.sentence and "November 2024" in moved.sentence


def test_a_user_without_a_name_is_called_by_the_id() -> None:
    assert Story("moved", "m", "u7", "", 3, 0, (1.0,)).title == "User u7 moved house"


def test_stories_of_other_data_are_ignored_and_damaged_ones_refused(tmp_path: Path) -> None:
    assert read_stories(tmp_path, "here") == []
    (tmp_path / FILE).write_text(json.dumps({"fingerprint": "other", "stories": []}))
    assert read_stories(tmp_path, "here") == []
    (tmp_path / FILE).write_text("{")
    with pytest.raises(DataError, match="write it again"):
        read_stories(tmp_path, "here")

"""The gate: exit codes, the table, JSON on standard output and in a file."""

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import Ran, run

PASSES = '[[test]]\nkind = "metric"\nmetric = "mrr"\nat_least = 0.2\n[[test]]\nname = "beats popularity"\nkind = "slice_loss"\nagainst = "popularity"\nloses_at_most = 0.02\n'
FAILS = '[[test]]\nkind = "slice_loss"\nagainst = "markov"\nloses_at_most = 0.1\nattributes = ["popularity"]\n[[test]]\nkind = "empty_history_is_popular"\n'
KEYS = {"name", "kind", "settings", "passed", "detail", "measured", "low", "high", "limit", "found", "is_empty"}


def check(checkpoint: str, text: str, tmp_path: Path, *more: object) -> Ran:
    (tmp_path / "tests.toml").write_text(text)
    return run("check", checkpoint, "demo-city", "--tests", tmp_path / "tests.toml", *more)


def test_a_model_that_passes(tmp_path: Path) -> None:
    ran = check("markov", PASSES, tmp_path, "--json")
    found = ran.json
    assert (found["passed"], found["failed"], found["split"], found["seed"]) == (True, 0, "validation", 0)
    assert [each["name"] for each in found["tests"]] == ["metric", "beats popularity"]
    assert all(set(each) == KEYS and each["passed"] and each["found"] == [] for each in found["tests"])
    assert found["tests"][0]["settings"] == {"metric": "mrr", "at_least": 0.2}
    assert found["tests"][0]["measured"] == pytest.approx(run("evaluate", "markov", "demo-city", "--json").json["metrics"]["mrr"])


def test_a_model_that_fails_is_exit_code_1_with_the_slices_that_broke_it(tmp_path: Path) -> None:
    ran = check("popularity", FAILS, tmp_path, "--out", tmp_path / "result.json")
    assert ran.code == 1
    assert "1 of 2 tests failed" in ran.out
    rows = ran.out.splitlines()[2:4]
    assert [row.split()[1] for row in rows] == ["failed", "passed"]
    found = json.loads((tmp_path / "result.json").read_text())
    assert [each["passed"] for each in found["tests"]] == [False, True]
    slices = found["tests"][0]["found"]
    assert {each["attribute"] for each in slices} == {"popularity"}
    assert all(each["difference"] < -0.1 for each in slices)
    assert run("check", "popularity", "demo-city", "--tests", tmp_path / "tests.toml", "--json").code == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is no [[test]]"),
        ('[[test]]\nkind = "coverage"\nat_leats = 1', "tests.toml, line 3: 'at_leats' is not a key here; known: at_least;"),
        ('[[test]]\nkind = "metric"\nmetric = "mrrr"\nat_least = 1', "there is no metric 'mrrr'; did you mean mrr?"),
        (PASSES.replace('"popularity"', '"popularty"'), "there is no checkpoint 'popularty'"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_exit_code_2(text: str, reason: str, tmp_path: Path) -> None:
    ran = check("markov", text, tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert reason in ran.err.splitlines()[-1]


def test_a_result_that_cannot_be_written_is_exit_code_2(tmp_path: Path) -> None:
    assert check("markov", PASSES, tmp_path, "--out", tmp_path / "tests.toml" / "result.json").code == 2
    ran = check("markov", PASSES, tmp_path, "--out", tmp_path)
    assert (ran.code, ran.err.splitlines()[-1]) == (2, f"error: cannot write {tmp_path}: Is a directory; nothing was changed")

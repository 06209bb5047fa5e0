"""Files of tests: what they may hold, and what is said about those that cannot be read."""

import os
from pathlib import Path

import pytest

from recsys.core.errors import DataError
from recsys.failures.behaviour_test_file import KINDS, read_tests

COVERAGE = '[[test]]\nkind = "coverage"\nat_least = 0.3\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tests.toml"


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_every_kind_can_be_read(kind: str, path: Path) -> None:
    example = KINDS[kind].example.replace('"coverage"', f'"{kind}"') if kind in ("novelty", "diversity") else KINDS[kind].example
    path.write_text("[[test]]\n" + example.replace(", ", "\n"))
    (found,) = read_tests(path).test
    assert found.kind == kind
    assert isinstance(found, KINDS[kind])


def test_order_names_split_and_seed_are_kept(path: Path) -> None:
    path.write_text(f'split = "test"\nseed = 7\n{COVERAGE}name = "wide"\n[[test]]\nkind = "empty_history_is_popular"\n')
    found = read_tests(path)
    assert (found.split, found.seed) == ("test", 7)
    assert [(each.kind, each.name) for each in found.test] == [("coverage", "wide"), ("empty_history_is_popular", None)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "tests.toml: there is no [[test]]"),
        ("test = []", "tests.toml, line 1: test is [], which cannot be used"),
        ('split = "tset"\n' + COVERAGE, "tests.toml, line 1: split is tset, which cannot be used: Input should be 'validation' or 'test'"),
        ("sed = 3\n" + COVERAGE, "tests.toml, line 1: 'sed' is not a key here; known: seed;"),
        ("seed = -1\n" + COVERAGE, "tests.toml, line 1: seed is -1"),
        ('[[test]]\nkind = "slice_los"', "tests.toml, line 2: there is no kind of test 'slice_los'; known: slice_loss;"),
        ("\n[[test]]\nat_least = 1", "tests.toml, line 2: 'kind' is missing"),
        (COVERAGE + "\n[[ test ]]\nkind = 'coverage'\nat_leats = 1", "tests.toml, line 7: 'at_leats' is not a key here; known: at_least;"),
        (COVERAGE + "\n[[test]]\nkind = 'coverage'", "tests.toml, line 5: 'at_least' is missing; an example, a line for each: [[test]], kind = \"coverage\""),
        ('[[test]]\nkind = "metric"\nmetric = "mrr"', "tests.toml, line 2: give one of at_least, at_most, or against with loses_at_most;"),
        ('[[test]]\nkind = "metric"\nmetric = "mrr"\nat_least = 1\nagainst = "markov"', "line 2: give one of"),
        ('[[test]]\nkind = "metric"\nmetric = "mrr"\nat_least = 1\nat_most = 2', "line 2: give one of"),
        ('[[test]]\nkind = "slice_loss"\nagainst = "markov"\nloses_at_most = -0.1', "line 4: loses_at_most is -0.1"),
        ('[[test]]\nkind = "slice_loss"\nagainst = "markov"\nloses_at_most = 0.1\nleast_users = 1' + "0" * 400, "line 5: least_users is 1000"),
        ('[[test]]\nkind = "coverage"\nat_least = nan', "line 3: at_least is nan"),
        ('[[test]]\nkind = "coverage"\nat_least = "much"', "line 3: at_least is much, which cannot be used: Input should be a valid number"),
        ('[[test]]\nkind = "slice_loss"\nagainst = "a"\nloses_at_most = 1\nattributes = ["hour", 3]', "line 5: attributes is 3"),
        ('[test]\nkind = "coverage"', "tests.toml: test is "),
        ('test = [{kind = "coverage"}]', "tests.toml: 'at_least' is missing"),
        ("[[test]\n", "is not a file of tests in TOML: "),
        ("\0", "is not a file of tests in TOML: "),
    ],
)  # fmt: skip
def test_a_wrong_file_is_one_line_with_the_place_and_an_example(text: str, reason: str, path: Path) -> None:
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read_tests(path)
    message = str(caught.value)
    assert reason in message
    assert "\n" not in message
    assert "[[test]], kind = " in message


def test_what_is_not_a_file_of_text_is_refused(path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_tests(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="is not a file of tests"):
        read_tests(path)
    with pytest.raises(DataError, match="is not a file of tests"):
        read_tests(path.parent)
    pipe = path.parent / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(DataError, match="is not a file of tests"):
        read_tests(pipe)

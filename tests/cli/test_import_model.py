"""The `import` command, and what the other commands do with what it brought."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recsys.core import Dataset
from recsys.datasets.prepared import write_prepared
from recsys.storage.paths import home
from tests.cli.test_commands import Ran, run


@pytest.fixture(autouse=True)
def prepared(tiny: Dataset, own_home: None) -> None:
    write_prepared(home() / "datasets" / "tiny", tiny)


@pytest.fixture
def lists(tiny: Dataset, tmp_path: Path) -> Path:
    """Two models: the first ten items for all, and the last three for one user."""
    rows = [("first ten", user, item, 10 - at) for user in tiny.user_ids for at, item in enumerate(tiny.item_ids[:10])]
    rows += [("last three", "u01", item, 3 - at) for at, item in enumerate(tiny.item_ids[-3:])]
    pd.DataFrame(rows, columns=["model", "user_id", "item_id", "score"]).to_csv(tmp_path / "lists.csv", index=False)
    return tmp_path / "lists.csv"


@pytest.fixture
def vectors(tiny: Dataset, tmp_path: Path) -> Path:
    np.save(tmp_path / "item_vectors.npy", np.random.default_rng(1).normal(size=(15, 4)))
    (tmp_path / "item_ids.txt").write_text("\n".join(tiny.item_ids))
    return tmp_path / "item_vectors.npy"


def import_lists(lists: Path, *more: object) -> Ran:
    return run("import", lists, "--dataset", "tiny", "--made-before", "last", *more)


def test_every_model_of_a_table_becomes_a_checkpoint(lists: Path) -> None:
    found = import_lists(lists, "--json").json
    assert [(each["name"], each["model"], each["protocol"]) for each in found["models"]] == [
        ("first-ten", "lists", "last-out"),
        ("last-three", "lists", "last-out"),
    ]
    assert [each["item_id"] for each in run("recommend", "last-three", "tiny", "--user", "u01", "--json").json["items"]] == [
        "i12",
        "i13",
        "i14",
    ]


def test_the_report_is_printed(lists: Path) -> None:
    said = import_lists(lists, "--name", "mine").out
    assert "mine-first-ten: Imported lists" in said
    assert re.search(r"^lists +12 +kept$", said, re.M) and re.search(r"^items in the longest list +10 +kept$", said, re.M)


def test_a_question_is_two_lines_and_its_answer_works(lists: Path, vectors: Path) -> None:
    for file, option in ((lists, "--made-before"), (vectors, "--similarity")):
        asked = run("import", file, "--dataset", "tiny")
        assert asked.code == 2 and asked.err.count("\n") == 2 and not asked.out
        command = asked.err.splitlines()[1].rpartition("python -m recsys ")[2]
        assert option in command
        assert run(*command.split()).code == 0


def test_a_question_without_a_likely_answer_names_the_option(vectors: Path) -> None:
    (vectors.parent / "item_ids.txt").rename(vectors.parent / "names.txt")
    asked = run("import", vectors, "--dataset", "tiny", "--similarity", "dot")
    assert asked.code == 2 and asked.err.splitlines()[1] == "answer with --items"
    answered = run("import", vectors, "--dataset", "tiny", "--similarity", "dot", "--items", vectors.parent / "names.txt")
    assert answered.code == 0


def test_evaluate_states_the_depth_and_the_cases_with_a_list(lists: Path, tiny: Dataset) -> None:
    import_lists(lists)
    found = run("evaluate", "last-three", "tiny", "--split", "test", "--json").json
    assert (found["depth"], found["listed_cases"], found["cases"]) == (3, 1, len(tiny.user_ids))
    said = run("evaluate", "last-three", "tiny", "--split", "test").out
    assert "lists of at most 3 items" in said and "1 of 12 cases have a list; the others are misses" in said


def test_replay_tells_not_listed_from_no_list(lists: Path, tiny: Dataset) -> None:
    import_lists(lists)
    last = len(tiny.history("u01")) - 1
    shown = run("replay", "last-three", "tiny", "--user", "u01").out.splitlines()
    assert shown[last + 1].endswith("not listed") and shown[last].endswith("–")
    assert run("replay", "last-three", "tiny", "--user", "u01", "--json").json["not_listed"] == [last]


@pytest.mark.parametrize("command", ["explain", "counterfactual", "fidelity"])
def test_commands_that_need_other_histories_say_why_they_cannot(command: str, lists: Path) -> None:
    import_lists(lists)
    user = () if command == "fidelity" else ("--user", "u01")
    refused = run(command, "first-ten", "tiny", *user)
    assert refused.code == 2 and refused.err.count("\n") == 1
    assert "it holds finished lists" in refused.err


@pytest.mark.parametrize("command", ["explain", "counterfactual"])
def test_vectors_of_items_can_be_explained(command: str, vectors: Path) -> None:
    assert run("import", vectors, "--dataset", "tiny", "--similarity", "cosine", "--name", "mf").code == 0
    assert run(command, "mf", "tiny", "--user", "u01", "--json").json["item_id"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing.csv",), "does not exist"),
        (("FILE", "--format", "pickle"), "there is no format 'pickle'"),
        (("FILE", "--map", "score"), "does not name a role and a column"),
        (("FILE", "--least-overlap", "7"), "least_overlap is 7.0, which is not a share"),
        (("FILE", "--made-before", "noon"), "made_before=noon is not one of last"),
        (("FILE", "--padding", "both"), "padding=both is not one of left, right or none"),
    ],
)
def test_wrong_input_is_one_line(arguments: tuple[str, ...], message: str, lists: Path) -> None:
    refused = run("import", *(str(lists) if each == "FILE" else each for each in arguments), "--dataset", "tiny")
    assert refused.code == 2 and refused.err.count("\n") == 1 and message in refused.err


def test_a_refused_import_leaves_nothing(vectors: Path) -> None:
    np.save(vectors, np.full((15, 4), np.nan))
    assert run("import", vectors, "--dataset", "tiny", "--similarity", "dot").code == 2
    assert not (home() / "checkpoints").exists()

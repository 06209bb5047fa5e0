"""The `failures` command: slices of one model, and two models against each other."""

from pathlib import Path

import numpy as np
import pytest

from recsys.api import load
from recsys.core.split import split_interactions
from recsys.datasets import open_dataset
from recsys.leaderboard import find_measurement
from tests.cli.test_commands import at_home, home, run  # noqa: F401


def test_slices_of_one_model() -> None:
    first = run("failures", "markov", "town", "--json")
    found = first.json
    assert set(found) == {
        "checkpoint", "model", "dataset", "protocol", "split", "metric", "mean", "cases", "users", "seed", "attributes", "slices",
        "ties", "tied_events", "order",
    }  # fmt: skip
    measured = run("evaluate", "markov", "town", "--json").json
    assert (found["mean"], found["cases"]) == (pytest.approx(measured["metrics"]["ndcg@10"]), measured["cases"])
    assert {"activity", "popularity", "recurrence", "category", "hour", "gap", "distance", "district"} <= set(found["attributes"])
    assert "ranked" in first.err and run("failures", "markov", "town", "--json").err == "", "measured once"
    data = open_dataset("town")
    stored = find_measurement(load("markov", data).card, data, split_interactions(data, "last-out"), "validation")
    assert stored is not None
    kinds = data.items["category"].to_numpy(dtype=object)[data.item_codes[stored.evaluation.rows] - 1]
    for each in found["slices"]:
        if each["attribute"] == "category" and each["value"] != "(other)":
            inside = kinds == each["value"]
            values = np.where(stored.evaluation.ranks <= 10, 1 / np.log2(1 + stored.evaluation.ranks), 0)
            assert each["cases"] == inside.sum()
            assert each["difference"] == pytest.approx(values[inside].mean() - values[~inside].mean())
    losses = [each["reliable"] and each["difference"] < 0 for each in found["slices"]]
    assert losses == sorted(losses, reverse=True)


def test_two_models(home: Path) -> None:  # noqa: F811
    found = run("failures", "markov", "town", "--against", "popularity", "--metric", "mrr", "--json").json
    assert (found["checkpoint"], found["against"], found["metric"]) == ("markov", "popularity", "mrr")
    means = [run("evaluate", name, "town", "--json").json["metrics"]["mrr"] for name in ("popularity", "markov")]
    assert [found["overall"]["mean_a"], found["overall"]["mean_b"]] == pytest.approx(means)
    assert found["overall"]["difference"] == pytest.approx(means[1] - means[0])
    assert sum(found["overall"][each] for each in ("won", "lost", "tied")) == found["overall"]["cases"]
    table = run("failures", "markov", "town", "--against", "popularity").out
    assert table.startswith("markov against popularity on town, last-out, validation: ndcg@10 ")
    assert "won" in table and "Category: " in table


def test_the_table_says_what_was_looked_at() -> None:
    lines = run("failures", "markov", "town", "--split", "test", "--seed", 4, "--metric", "hr@10").out.splitlines()
    assert lines[0].startswith("markov on town, last-out, test, seed 4: hr@10 ")
    found = run("failures", "markov", "town", "--split", "test", "--seed", 4, "--metric", "hr@10", "--json").json
    assert lines[1].startswith(f"{len(found['slices'])} slices by {len(found['attributes'])} attributes were looked at: ")
    assert [line for line in lines if "false-discovery rate" in line]


def test_a_metric_of_lists_is_measured_again() -> None:
    run("failures", "popularity", "town", "--json")
    again = run("failures", "popularity", "town", "--metric", "novelty@10", "--json")
    assert "ranked" in again.err and again.json["mean"] > 0


@pytest.mark.parametrize(
    "command",
    [
        "failures markov",
        "failures nothing town",
        "failures markov town --split train",
        "failures markov town --metric coverage@10",
        "failures markov town --against nothing",
        "failures markov town --seed -1",
    ],
)
def test_wrong_input_is_one_line(command: str) -> None:
    ran = run(*command.split())
    assert (ran.code, ran.out) == (2, "") and ran.err.splitlines()[-1].startswith("error: ")

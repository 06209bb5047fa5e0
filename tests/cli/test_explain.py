"""`python -m recsys explain` as scripts rely on it, on the shipped demo."""

from typing import Any

import numpy as np
import pytest

from recsys.core import recommend, request_at
from recsys.datasets import open_dataset
from recsys.training import checkpoints
from tests.cli.test_commands import run

KEYS = {"method", "item_id", "score", "baseline", "contributions", "context", "residual", "evaluations", "seconds"}
USER = "p0042"


def explained(*arguments: object) -> dict[str, Any]:
    found = run("explain", *arguments, "--user", USER, "--json").json
    assert set(found) == KEYS
    total = found["baseline"] + sum(each["value"] for each in [*found["contributions"], *found["context"].values()])
    assert found["residual"] == pytest.approx(found["score"] - total, abs=1e-9)
    return found


@pytest.fixture(scope="module")
def model() -> Any:
    return checkpoints.load_checkpoint(checkpoints.find_checkpoint("sasrec-time", "demo-city"), "cpu").model


def test_the_first_of_the_list_is_explained_by_default(model: Any) -> None:
    found = explained("sasrec-time", "demo-city", "--step", 8)
    request = request_at(open_dataset("demo-city").history(USER), 8)
    best = recommend(model, request, 1)[0]
    assert (found["item_id"], found["method"]) == (best.item_id, "shapley")
    assert found["score"] == pytest.approx(best.score, rel=1e-5)
    assert [each["step"] for each in found["contributions"]] == list(range(8))
    assert [each["item_id"] for each in found["contributions"]] == list(request.history.items)
    assert set(found["context"]) == {"time", "place"}
    assert all(each["standard_error"] == 0 for each in found["contributions"])  # ten players: exact
    assert abs(found["residual"]) < 1e-3 * abs(found["score"] - found["baseline"])


def test_long_histories_are_explained_in_groups() -> None:
    found = explained("sasrec", "demo-city", "--budget", 600)
    groups = [each for each in found["contributions"] if "group" in each]
    assert groups
    assert all(each["item_id"] is None for each in groups)
    assert any("step" in each for each in found["contributions"])
    assert found["evaluations"] <= 601
    assert max(each["standard_error"] for each in found["contributions"]) > 0


def test_events_can_be_asked_for_one_by_one_and_the_seed_decides() -> None:
    asked = ("sasrec", "demo-city", "--step", 60, "--players", "events", "--budget", 320)
    once, again, other = explained(*asked), explained(*asked), explained(*asked, "--seed", 1)
    assert [each["step"] for each in once["contributions"]] == list(range(60))
    assert once["contributions"] == again["contributions"] != other["contributions"]


def test_groups_can_be_asked_for() -> None:
    found = explained("sasrec", "demo-city", "--step", 20, "--method", "leave-one-out", "--by", "categories")
    assert len(found["contributions"]) < 20
    assert explained("sasrec", "demo-city", "--step", 20, "--players", "groups", "--budget", 400)["contributions"]


def test_margin_probability_and_neutral_events() -> None:
    values = [
        explained("sasrec", "demo-city", "--step", 6, *more)
        for more in ((), ("--target", "margin"), ("--target", "probability"), ("--removal", "neutral"))
    ]
    assert len({round(each["contributions"][-1]["value"], 9) for each in values}) == 4
    assert 0 < values[2]["score"] < 1
    assert values[3]["score"] == values[0]["score"]


def test_without_json_a_sum_and_a_table_are_printed() -> None:
    said = run("explain", "ease", "demo-city", "--user", USER, "--step", 5, "--method", "closed-form")
    assert said.code == 0
    first, second, head, *rows, last = said.out.splitlines()
    assert "after 5 events: logit" in first
    assert second.startswith("= ")
    assert head.split()[:3] == ["step", "event", "contribution"]
    assert len(rows) == 5
    assert np.all(np.diff(np.abs([float(row.split()[-2]) for row in rows])) <= 0)
    assert "evaluations in" in last


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sasrec", "demo-city", "--item", "v9999"), "there is no item 'v9999'"),
        (("sasrec", "demo-city", "--step", 5_000), "step 5000 is outside"),
        (("sasrec", "demo-city", "--step", -1), "step -1 is outside"),
        (("sasrec", "demo-city", "--method", "shap"), "there is no method 'shap'"),
        (("sasrec", "demo-city", "--players", "people"), "there is no kind of players 'people'"),
        (("sasrec", "demo-city", "--by", "months"), "there is no grouping of events 'months'"),
        (("sasrec", "demo-city", "--target", "rank"), "there is no target 'rank'"),
        (("sasrec", "demo-city", "--budget", 1), "--budget 1 is too small"),
        (("sasrec", "demo-city", "--method", "closed-form"), "closed-form is not offered for SASRec"),
        (("markov", "demo-city", "--method", "gradient"), "no gradient"),
        (("markov", "demo-city", "--method", "attention"), "no attention; choose one of shapley, leave-one-out"),
        (("nomodel", "demo-city"), "nomodel"),
    ],
)
def test_wrong_input_is_one_line_and_code_2(arguments: tuple[object, ...], words: str) -> None:
    said = run("explain", *arguments, "--user", USER)
    assert (said.code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert words in said.err


def test_an_unknown_user_is_one_line() -> None:
    said = run("explain", "sasrec", "demo-city", "--user", "nobody")
    assert said.code == 2
    assert "nobody" in said.err

"""The command line as scripts rely on it: JSON shapes, exit codes, one line on wrong input, nothing else on standard output."""

import contextlib
import io
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.__main__ import main
from recsys.models import MODELS
from tests.conftest import WHOLE

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--set", "embedding_size=8", "--set", "max_length=20", "--set", "n_blocks=1", "--set", "epochs=2"]


class Ran:
    """Output and exit code of one command."""

    def __init__(self, code: int, out: str, err: str):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> dict[str, Any]:
        assert self.code == 0, self.err
        assert self.out.count("\n") == 1, "one object, one line"
        return dict(json.loads(self.out))


def run(*arguments: object) -> Ran:
    """A command in this process: many can run in a second."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(each) for each in arguments])
    return Ran(code, out.getvalue(), err.getvalue())


def run_apart(*arguments: object, **environment: str) -> Ran:
    """A command as a shell runs it."""
    command = [sys.executable, "-m", "recsys", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A RECSYS_HOME with a small simulated city and checkpoints of a few models."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECSYS_HOME", str(folder))
        made = run("simulate", "--out", folder / "datasets" / "town", "--people", 60, "--places", 60, "--days", 200, "--json")
        assert made.json["users"] == 60
        for model in ("popularity", "markov"):
            assert run("train", model, "town", "--json").code == 0
        assert run("train", "sasrec", "town", *SMALL, "--json").code == 0
    return folder


@pytest.fixture(autouse=True)
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_HOME", str(home))
    monkeypatch.delenv("RECSYS_DATA", raising=False)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A file of the user's own, with unusual column names."""
    random = np.random.default_rng(3)
    path = tmp_path / "shop.csv"
    lines = ["customer,article,seconds,stars"]
    lines += [f"c{random.integers(20)},a{random.integers(15)},{1_600_000_000 + 60 * i},{random.integers(1, 6)}" for i in range(400)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "sasrec", "town", "--user", "p0003", "--step", 30, "--seed", -1),
        ("explain", "sasrec", "town", "--user", "p0003", "--step", 30, "--seed", 10**30),
        ("explain", "sasrec", "town", "--user", "p0003", "--step", 30, "--budget", 10**30),
        ("fidelity", "markov", "town", "--seed", -1),
        ("fidelity", "markov", "town", "--budget", 10**30),
        ("recommend", "markov", "town", "--user", "p0003", "--step", -(10**30)),
        ("recommend", "markov", "town", "--user", "p0003", "--step", 10**30),
        ("replay", "markov", "town", "--user", "p0003", "--step", -(10**30)),
        ("train", "sasrec", "town", "--set", "n_blocks=1000000"),
        ("train", "sasrec", "town", "--set", "learning_rate=1e300"),
        ("train", "content", "town", "--set", "size=1000000000000"),
    ],
    ids=lambda arguments: " ".join(map(str, arguments)),
)
def test_numbers_beyond_all_sense_are_one_line(arguments: tuple[object, ...]) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1].startswith("error: ")


def test_a_half_life_beyond_all_sense_is_no_decay() -> None:
    assert run("train", "item-knn", "town", "--set", "half_life=1e308", "--json").code == 0
    assert run("recommend", "item-knn", "town", "--user", "p0003", "--json").code == 0


class TestShapes:
    """Exactly these keys, in every JSON."""

    def test_datasets(self) -> None:
        found = run("datasets", "--json").json
        assert set(found) == {"datasets"}
        for each in found["datasets"]:
            assert set(each) == {"name", "prepared", "interactions", "users", "items", "has", "ties", "tied_events", "example_users"}
        town = next(each for each in found["datasets"] if each["name"] == "town")
        assert town["prepared"] is True
        assert town["users"] == 60
        assert len(town["example_users"]) == 5
        assert {"time", "place"} <= set(town["has"])

    def test_prepare_a_file(self, shop: Path) -> None:
        mapping = "user_id=customer,item_id=article,timestamp=seconds,rating=stars"
        found = run("prepare", shop, "--map", mapping, "--name", "shop", "--json").json
        assert set(found) == {
            "name",
            "fingerprint",
            "interactions",
            "users",
            "items",
            "first",
            "last",
            "has",
            "ties",
            "tied_events",
            "checks",
            "format",
            "layout",
            "roles",
            "unused",
            "sample",
        }
        assert (found["name"], found["interactions"], found["users"], found["items"]) == ("shop", 400, 20, 15)
        assert found["first"] == "2020-09-13T12:26:40Z"
        assert all(set(check) == {"check", "rows", "action"} for check in found["checks"])
        assert run("recommend", run("train", "markov", "shop", "--json").json["checkpoint"], "shop", "--user", "c3", "--json").code == 0

    def test_train(self, home: Path) -> None:
        ran = run("train", "sasrec", "town", *SMALL, "--seed", 5, "--name", "mine", "--json")
        found = ran.json
        assert set(found) == {"checkpoint", "epochs", "seconds", "targets_per_second", "parameters", "validation"}
        assert found["checkpoint"] == str(home / "checkpoints" / "town" / "mine")
        assert found["epochs"] == 2
        assert {"hr@10", "ndcg@10", "mrr"} <= set(found["validation"])
        for word in ("epoch 1/2", "loss", "ndcg@10", "targets/s", "s left"):
            assert word in ran.err

    @pytest.mark.parametrize("split", ["validation", "test"])
    def test_evaluate(self, split: str) -> None:
        found = run("evaluate", "markov", "town", "--split", split, "--json").json
        assert set(found) == {
            "model", "dataset", "protocol", "split", "aware", "cases", "items", "metrics", "intervals", "slices", "ties", "tied_events", "order",
        }  # fmt: skip
        assert (found["model"], found["dataset"], found["protocol"], found["split"]) == ("markov", "town", "last-out", split)
        assert {"hr@1", "hr@10", "ndcg@10", "mrr", "precision@10", "recall@10", "f1@10"} <= set(found["metrics"])
        low, high = found["intervals"]["ndcg@10"]
        assert low <= found["metrics"]["ndcg@10"] <= high
        assert found["cases"] <= 60

    def test_cold_starts_have_figures_of_their_own(self) -> None:
        slices = run("evaluate", "markov", "town", "--json").json["slices"]
        assert set(slices) == {"new_users", "rare_items"}
        for part in slices.values():
            assert part is None or set(part) == {"cases", "users", "metrics", "intervals"}

    def test_leaderboard(self) -> None:
        ran = run("leaderboard", "town", "--only", "markov,popularity", "--json")
        found = ran.json
        assert set(found) == {"dataset", "protocol", "split", "rows", "skipped", "ties", "tied_events", "order"}
        assert (found["dataset"], found["protocol"], found["split"], found["skipped"]) == ("town", "last-out", "validation", [])
        assert {row["model"] for row in found["rows"]} == {"markov", "popularity"}
        fields = {"model", "aware", "metrics", "intervals", "slices", "parameters", "train_seconds", "request_ms"}
        assert [set(row) for row in found["rows"]] == [fields] * 2
        assert found["rows"][0]["metrics"]["ndcg@10"] >= found["rows"][1]["metrics"]["ndcg@10"]
        assert "evaluating" in ran.err
        again = run("leaderboard", "town", "--only", "popularity,markov", "--json")
        assert (again.json, again.err) == (found, "")

    def test_the_order_within_moments_is_mentioned(self, tmp_path: Path) -> None:
        lines = [f"u{user},i{(user + at) % 9},2024-01-{1 + at // 2:02}" for user in range(30) for at in range(12)]
        path = tmp_path / "days.csv"
        path.write_text("\n".join(["user_id,item_id,timestamp", *lines]) + "\n", encoding="utf-8")
        shared = "360 of 360 events share their moment with another of the same user."
        meaning = {
            "file": "is the file’s, and metrics of the next item depend on it",
            "shuffle": "is random",
            "together": "earlier moments only",
        }
        for ties, end in meaning.items():
            name = f"days-{ties}"
            assert shared in run("prepare", path, "--name", name, "--ties", ties).out
            run("train", "markov", name)
            for command in (("evaluate", "markov", name), ("leaderboard", name, "--only", "markov")):
                assert shared in run(*command).out and end in run(*command).out
                found = run(*command, "--json").json
                assert (found["ties"], found["tied_events"]) == (ties, 360) and end in found["order"]
        assert run("evaluate", "markov", "town", "--json").json["order"] is None
        assert "share their moment" not in run("evaluate", "markov", "town").out

    def test_one_user_has_no_intervals(self, tmp_path: Path) -> None:
        lines = [f"me,i{at % 7},2024-01-{1 + at:02}" for at in range(30)]
        path = tmp_path / "mine.csv"
        path.write_text("\n".join(["user_id,item_id,timestamp", *lines]) + "\n", encoding="utf-8")
        run("prepare", path, "--name", "mine-alone")
        run("train", "markov", "mine-alone")
        found = run("evaluate", "markov", "mine-alone", "--json").json
        assert (found["protocol"], found["intervals"]) == ("temporal", {})
        for command in (("evaluate", "markov", "mine-alone"), ("leaderboard", "mine-alone", "--only", "markov")):
            assert "no intervals: all cases are of one user" in run(*command).out

    def test_recommend(self) -> None:
        found = run("recommend", "sasrec", "town", "--user", "p0002", "--step", 10, "--k", 4, "--json").json
        assert set(found) == {"user", "step", "items", "next"}
        assert [set(item) for item in found["items"]] == [{"item_id", "title", "score", "rank"}] * 4
        assert [item["rank"] for item in found["items"]] == [1, 2, 3, 4]
        assert set(found["next"]) == {"item_id", "rank"}
        at_the_end = run("recommend", "sasrec", "town", "--user", "p0002", "--json").json
        assert at_the_end["next"] is None
        assert len(at_the_end["items"]) == 10

    def test_recommend_among_the_best_of_another(self) -> None:
        best = run("recommend", "popularity", "town", "--user", "p0002", "--step", 10, "--k", 3, "--json").json
        found = run(
            "recommend", "markov", "town", "--user", "p0002", "--step", 10, "--among", "popularity", "--candidates", 3, "--json"
        ).json
        assert {item["item_id"] for item in found["items"]} == {item["item_id"] for item in best["items"]}
        inside = found["next"]["item_id"] in {item["item_id"] for item in best["items"]}
        assert (found["next"]["rank"] is not None) == inside

    def test_replay(self) -> None:
        found = run("replay", "sasrec", "town", "--user", "p0002", "--json").json
        assert set(found) == {"user", "ranks", "splits", "seconds"}
        assert len(found["ranks"]) == len(found["splits"]) + 1
        assert found["ranks"][-1] is None
        assert found["splits"][-2:] == ["validation", "test"]
        assert set(found["splits"][:-2]) == {"train"}

    @pytest.mark.parametrize("model", ["popularity", "markov", "sasrec"])
    def test_recommend_and_replay_agree(self, model: str) -> None:
        ranks = run("replay", model, "town", "--user", "p0006", "--json").json["ranks"]
        for step in (0, 1, 17, len(ranks) - 2):
            asked = run("recommend", model, "town", "--user", "p0006", "--step", step, "--json").json
            assert asked["next"]["rank"] == ranks[step]

    def test_counterfactual(self) -> None:
        found = run("counterfactual", "markov", "town", "--user", "p0002", "--step", 10, "--json").json
        assert set(found) == {"item_id", "removed", "verified", "rank_before", "rank_after", "replacement", "evaluations", "seconds"}
        listed = run("recommend", "markov", "town", "--user", "p0002", "--step", 10, "--json").json["items"]
        assert found["item_id"] == listed[0]["item_id"] and found["rank_before"] == 1
        assert all(0 <= step < 10 for step in found["removed"])
        assert (found["rank_after"] > 10) if found["verified"] else found["removed"] == []

    def test_additional_events_bring_an_item_in(self) -> None:
        asked = ("markov", "town", "--user", "p0002", "--step", 10)
        listed = [each["item_id"] for each in run("recommend", *asked, "--k", 40, "--json").json["items"]]
        verified = []
        for wanted in (listed[11], listed[39]):
            found = run("counterfactual", *asked, "--add", "--item", wanted, "--json").json
            assert set(found) == {"item_id", "added", "verified", "rank_before", "rank_after", "displaced", "evaluations", "seconds"}
            assert found["item_id"] == wanted and found["rank_before"] == 1 + listed.index(wanted)
            assert found["verified"] == bool(found["added"]) == (found["rank_after"] is not None)
            assert len(found["added"]) <= 3 and (found["rank_after"] or 10) <= 10
            verified.append(found["verified"])
        assert any(verified)

    def test_an_item_that_cannot_be_brought_in_is_not_an_error(self) -> None:
        listed = [each["item_id"] for each in run("recommend", "popularity", "town", "--user", "p0002", "--k", 40, "--json").json["items"]]
        asked = ("counterfactual", "popularity", "town", "--user", "p0002", "--add", "--item", listed[30])
        found = run(*asked, "--json").json
        assert (found["added"], found["verified"], found["rank_after"], found["displaced"]) == ([], False, None, None)
        assert "rank 31; no set of up to 3 additional events was found" in run(*asked).out

    def test_fidelity(self) -> None:
        found = run("fidelity", "sasrec", "town", "--cases", 4, "--budget", 60, "--json").json
        assert set(found) == {"model", "dataset", "protocol", "cases", "split", "metrics", "over_random", "agreement", "planted"}
        assert found["cases"] == 4 and {"random", "shapley", "attention"} <= set(found["metrics"])
        for metrics in found["metrics"].values():
            assert set(metrics) == {"deletion", "insertion", "comprehensiveness", "sufficiency", "pos@k", "neg@k"}
            assert all(each["low"] <= each["value"] <= each["high"] for each in metrics.values())
        assert {"random", "latest", "shapley"} <= set(found["planted"]["methods"]) and sum(found["planted"]["causes"].values()) <= 4

    def test_a_checkpoint_is_found_by_folder_too(self, home: Path) -> None:
        folder = home / "checkpoints" / "town" / "markov"
        by_name, by_folder = (run("recommend", each, "town", "--user", "p0002", "--json").json for each in ("markov", folder))
        assert by_name == by_folder

    @pytest.mark.parametrize(
        "command",
        [
            "datasets",
            "evaluate markov town",
            "recommend markov town --user p0002 --step 3",
            "explain sasrec town --user p0002 --step 8",
            "counterfactual sasrec town --user p0002 --step 8",
            "fidelity markov town --cases 3 --budget 40",
            "replay markov town --user p0002",
            "leaderboard town --only markov",
            "failures markov town",
        ],
    )
    def test_without_json_a_table_is_printed(self, command: str) -> None:
        ran = run(*command.split())
        assert ran.code == 0
        assert len(ran.out.splitlines()) > 3
        assert not ran.out.startswith("{")


def test_the_time_of_the_request_reaches_the_model(home: Path) -> None:
    run("train", "frequency", "town")
    early, late = (
        run("recommend", "frequency", "town", "--user", "p0002", "--at", at, "--json").json
        for at in ("2024-07-19T08:00+02:00", "2024-07-19T20:00+02:00")
    )
    assert early["items"] != late["items"]
    note = run("recommend", "markov", "town", "--user", "p0002", "--at", "2024-07-19", "--place", "43.5,-8.7", "--json")
    assert "--at changes nothing" in note.err
    assert "--place changes nothing" in note.err
    assert note.json["step"] > 0


WRONG = [
    "",
    "nonsense",
    "--nonsense",
    "datasets extra",
    "datasets --nonsense",
    "prepare",
    "prepare nothing-like-that",
    "prepare /no/such/file.csv",
    "prepare ml-1m --root /no/such/folder",
    "prepare ml-1m --duplicates maybe",
    "prepare ml-1m --missing maybe",
    "prepare {shop} --map user_id",
    "prepare {shop} --map user_id=customer,user_id=article",
    "prepare {shop} --map user_id=customer,item_id=customer",
    "prepare {shop} --map user_id=nobody,item_id=article",
    "prepare {shop} --map nonsense=customer",
    "prepare {shop} --name ../escape",
    "prepare {empty} --map user_id=a,item_id=b",
    "prepare {folder}",
    "fetch",
    "fetch nothing-like-that",
    "fetch demo-city",
    "simulate",
    "simulate --out {new} --people 0",
    "simulate --out {new} --places -3",
    "simulate --out {new} --days many",
    "simulate --out {new} --seed -1",
    "simulate --out {folder}",
    "simulate --out {shop}/inside --people 20 --places 60 --days 30",
    "train",
    "train sasrec",
    "train nothing-like-that town",
    "train sasrec nothing-like-that",
    "train sasrec ../town",
    "train sasrec ml-1m",
    "train sasrec town --protocol nonsense",
    "train sasrec town --set nonsense=1",
    "train sasrec town --set dropout",
    "train sasrec town --set dropout=2",
    "train sasrec town --set dropout=much",
    "train sasrec town --set epochs=1 --set epochs=2",
    "train sasrec town --set n_heads=0",
    "train sasrec town --minutes 0",
    "train sasrec town --minutes -1",
    "train sasrec town --minutes nan",
    "train sasrec town --minutes soon",
    "train sasrec town --seed one",
    "train sasrec town --seed -1",
    "train sasrec town --device nonsense",
    "train sasrec town --name ../escape",
    "train sasrec town --name .hidden",
    "evaluate markov",
    "evaluate markov nothing-like-that",
    "evaluate nothing-like-that town",
    "evaluate markov town --split train",
    "evaluate markov town --protocol temporal",
    "evaluate markov town --device nonsense",
    "evaluate frequency-of-nothing town",
    "evaluate {folder} town",
    "evaluate {shop} town",
    "evaluate {pickle} town",
    "evaluate {damaged} town",
    "evaluate {foreign} town",
    "evaluate {empty}/markov town",
    "leaderboard",
    "leaderboard nothing-like-that",
    "leaderboard town --split train",
    "leaderboard town --protocol nonsense",
    "leaderboard town --only markow",
    "leaderboard town --only {empty}",
    "leaderboard town --minutes 0",
    "leaderboard town --device nonsense",
    "recommend markov town",
    "recommend markov town --user",
    "recommend markov town --user nobody",
    "counterfactual markov town --user p0002 --item nothing",
    "counterfactual markov town --user p0002 --k 0",
    "counterfactual markov town --user p0002 --add",
    "counterfactual markov town --user p0002 --add --item nothing",
    "counterfactual markov town --user p0002 --add --item v0000 --k 60",
    "counterfactual markov town --user p0002 --add --item v0000 --k 0",
    "fidelity markov town --cases 1",
    "fidelity markov town --split train",
    "fidelity markov town --budget 1",
    "recommend markov town --user p0002 --step -1",
    "recommend markov town --user p0002 --step 100000",
    "recommend markov town --user p0002 --step some",
    "recommend markov town --user p0002 --k 0",
    "recommend markov town --user p0002 --k -5",
    "recommend markov town --user p0002 --k 1.5",
    "recommend markov town --user p0002 --among nobody",
    "recommend markov town --user p0002 --among markov --candidates 0",
    "recommend markov town --user p0002 --at never",
    "recommend markov town --user p0002 --at 2024-13-45",
    "recommend markov town --user p0002 --place here",
    "recommend markov town --user p0002 --place 1",
    "recommend markov town --user p0002 --place 1,2,3",
    "recommend markov town --user p0002 --place nan,nan",
    "recommend markov town --user p0002 --place 91,0",
    "replay markov town",
    "replay markov town --user nobody",
    "replay nothing-like-that town --user p0002",
]


@pytest.fixture
def places(tmp_path: Path, shop: Path, home: Path) -> dict[str, str]:
    """Values of the placeholders in WRONG."""
    empty = tmp_path / "empty.csv"
    empty.touch()
    (tmp_path / "pickle").mkdir()
    (tmp_path / "pickle" / "card.json").write_bytes(pickle.dumps({"model": "markov"}))
    damaged, foreign = tmp_path / "damaged", tmp_path / "foreign"
    for copy in (damaged, foreign):
        shutil.copytree(home / "checkpoints" / "town" / "markov", copy)
    weights = (damaged / "model.safetensors").read_bytes()
    (damaged / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    card = json.loads((foreign / "card.json").read_text(encoding="utf-8"))
    (foreign / "card.json").write_text(json.dumps({**card, "dataset": "elsewhere"}), encoding="utf-8")
    names = {"shop": shop, "empty": empty, "folder": tmp_path, "new": tmp_path / "new", "damaged": damaged, "foreign": foreign}
    return {**{name: str(path) for name, path in names.items()}, "pickle": str(tmp_path / "pickle")}


@pytest.mark.parametrize("as_json", [False, True], ids=["table", "json"])
@pytest.mark.parametrize("command", WRONG)
def test_wrong_input_is_one_line_and_exit_code_2(command: str, as_json: bool, places: dict[str, str]) -> None:
    before = sorted(Path(os.environ["RECSYS_HOME"]).rglob("*"))
    ran = run(*command.format(**places).split(), *["--json"] * (as_json and command != ""))
    assert ran.code == 2, ran.err
    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    assert "Traceback" not in ran.err
    assert sorted(Path(os.environ["RECSYS_HOME"]).rglob("*")) == before, "something was left behind"


@pytest.mark.parametrize(
    "command", ["", "recommend markov town --user nobody", "prepare /no/such/file.csv", "train sasrec town --set dropout=2"]
)
def test_a_shell_sees_the_same(command: str) -> None:
    ran = run_apart(*command.split())
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        "",
        "datasets",
        "prepare",
        "fetch",
        "simulate",
        "train",
        "evaluate",
        "leaderboard",
        "recommend",
        "replay",
        "explain",
        "counterfactual",
        "fidelity",
    ],
)
def test_every_command_has_help(command: str) -> None:
    ran = run(*command.split(), "--help")
    assert ran.code == 0
    assert ran.out.startswith("Usage: python -m recsys")
    assert ran.err == ""


def test_an_interrupted_training_names_the_option_to_resume(home: Path) -> None:
    # A test run in the background of a shell ignores interrupts, and so would the command.
    hear_interrupts = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
        "os.execv(sys.executable, [sys.executable, '-m', 'recsys', *sys.argv[1:]])"
    )
    command = [
        sys.executable,
        "-c",
        hear_interrupts,
        "train",
        "sasrec",
        "town",
        "--name",
        "long",
        "--set",
        "epochs=100000",
        "--set",
        "patience=100000",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "epoch 1/" in process.stderr.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out == ""
    assert "Traceback" not in err
    assert "--resume" in err.splitlines()[-1]


def test_a_closed_pipe_is_not_an_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m recsys train --help | true", shell=True, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


def test_a_title_that_the_terminal_cannot_show() -> None:
    ran = run_apart("datasets", PYTHONIOENCODING="ascii:strict")
    assert ran.code == 0, ran.err


def test_a_bug_has_another_exit_code_than_wrong_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.datasets.list_datasets", lambda: 1 / 0)
    ran = run("datasets")
    assert ran.code == 1
    assert ran.err.startswith("bug: ZeroDivisionError")
    assert ran.err.count("\n") == 1
    monkeypatch.setenv("RECSYS_TRACEBACK", "1")
    assert "Traceback" in run("datasets").err


@pytest.mark.parametrize("name", WHOLE)
def test_every_model_trains_from_the_command_line(name: str) -> None:
    known = MODELS[name].load().Config.__dataclass_fields__
    pairs = zip(SMALL[::2], SMALL[1::2], strict=True)
    settings = [each for pair in pairs if MODELS[name].gradient and pair[1].partition("=")[0] in known for each in pair]
    assert run("train", name, "town", *settings, "--name", f"each-{name}", "--json").json["epochs"] >= 1
    assert run("evaluate", f"each-{name}", "town", "--json").json["model"] == name


def test_a_wrong_setting_is_refused_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> None:
        raise AssertionError("texts were read")

    monkeypatch.setattr("recsys.text.TextEncoder.encode", read)
    ran = run("train", "spatiotemporal", "town", "--set", "embedding_size=-16")
    assert ran.code == 2 and "embedding_size=-16" in ran.err and ran.err.count("\n") == 1

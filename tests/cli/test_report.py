"""The commands that write a report and a replay to a file."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from recsys.accounts.account import open_local_account
from recsys.cases.case import View
from recsys.cases.keeping import keep_case
from recsys.database.engine import open_store
from recsys.training.checkpoints import find_checkpoint
from tests.cli.test_commands import run


def keep(step: int, *tags: str) -> str:
    store = open_store()
    view = View("demo-city", "markov", 1, "", "p0001", step, "timeline")
    return keep_case(store, open_local_account(store), view, f"note {step}", tags).id


def test_report_of_kept_cases_by_id_and_by_tag(tmp_path: Path) -> None:
    first, second = keep(3, "one", "both"), keep(7, "both")
    for choice, notes in (([first], [3]), ([second, first], [7, 3]), (["--tag", "both"], [3, 7]), (["--tag", "one"], [3])):
        out = tmp_path / "report.html"
        done = run("report", *choice, "--out", out, "--json")
        assert done.json == {"file": str(out), "cases": len(notes), "bytes": out.stat().st_size}
        html = out.read_text()
        assert [html.index(f"note {step}") for step in notes] == sorted(html.index(f"note {step}") for step in notes)
        assert done.err.splitlines() == [f"case {at} of {len(notes)}" for at in range(1, len(notes) + 1)]


def test_report_of_a_step_that_is_not_kept(tmp_path: Path) -> None:
    out = tmp_path / "new folder" / "step.html"
    done = run("report", "--dataset", "demo-city", "--model", "markov", "--user", "p0001", "--step", 5, "--note", "**why**", "--out", out)
    assert done.code == 0, done.err
    html = out.read_text()
    assert (
        "after 5 of" in html
        and "<strong>why</strong>" in html
        and "Kept" not in html.partition("Protocol and versions")[0].partition("Note")[0]
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "report needs ids of cases, or --tag, or a step"),
        (["a" * 32, "--tag", "x"], "report needs ids of cases, or --tag, or a step"),
        (["--dataset", "demo-city", "--note", "x"], "lacks --model and --user"),
        (["--tag", "x"], "no case has the tag 'x'"),
        (["--tag", "\udcff"], "holds characters that cannot be stored"),
        (["--dataset", "demo-city", "--model", "markov", "--user", "p0001", "--note", "\udcff"], "holds characters that cannot be stored"),
        (["a" * 32], "there is no case"),
        (["--dataset", "demo-city", "--model", "markov", "--user", "p9999"], "there is no user"),
        (["--dataset", "demo-city", "--model", "markov", "--user", "p0001", "--step", "99999"], "outside this history"),
    ],
)
def test_wrong_input_is_one_line_and_no_file(arguments: list[str], words: str, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    done = run("report", *arguments, "--out", out)
    assert done.code == 2 and words in done.err and done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["planted:make", "{folder}/copy", "../../copy", "markov:make"])
def test_a_case_names_neither_code_nor_a_path(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "planted.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')\n\ndef make(dataset):\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    shutil.copytree(find_checkpoint("markov", "demo-city"), tmp_path / "copy")
    name, store = name.format(folder=tmp_path), open_store()
    views = [
        View("demo-city", name, 1, "", "p0001", 3, "timeline"),
        View("demo-city", "markov", 1, "", "p0001", 3, "compare", {"beside_demo-city": [name]}),
    ]
    ids = [keep_case(store, open_local_account(store), view).id for view in views]
    assert run("report", *ids, "--out", tmp_path / "report.html").code == 0
    html = (tmp_path / "report.html").read_text()
    assert not (tmp_path / "imported").exists()
    assert html.count('<p class="warning">The model of this case cannot be opened') == 1 and "Models side by side" not in html


def test_replay_as_parquet(tmp_path: Path) -> None:
    out = tmp_path / "replay.parquet"
    done = run("replay", "markov", "demo-city", "--user", "p0001", "--out", out, "--json")
    table = pd.read_parquet(out)
    assert table["rank"].dropna().tolist() == [rank for rank in done.json["ranks"] if rank is not None]
    refused = run("replay", "markov", "demo-city", "--user", "p0001", "--out", tmp_path / "replay.csv")
    assert refused.code == 2 and "parquet" in refused.err

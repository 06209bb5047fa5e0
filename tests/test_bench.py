"""`python -m tests.bench`: which benchmarks run, in which process, and what is printed."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from recsys.core.errors import DataError
from tests.bench import __main__ as bench

ROW = {"value": 2.0, "unit": "ms", "reference": 4.0, "ratio": 0.5}
NONE: dict[str, Any] = dict.fromkeys(ROW)


class Module:
    def __init__(self, measured: dict[str, Any] | None) -> None:
        self.measured = measured

    def measure(self) -> dict[str, Any]:
        if self.measured is None:
            raise DataError("there is no browser")
        return self.measured


@pytest.mark.parametrize("arguments", [["nope"], ["--only", "nope"], ["drift_user", "nope", "--json"], ["--only", ""], ["_timing"]])
def test_an_unknown_name_is_one_line_and_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("error: there is no benchmark '")
    assert "drift_user" in err and "training" in err and ", _" not in err


def test_a_name_and_only_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["drift_user", "--only", "top10"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("measured", "expected"), [(ROW, ROW), (None, NONE)])
def test_only_runs_in_this_process(
    measured: dict[str, Any] | None, expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "import_module", lambda name: {"tests.bench.top10": Module(measured)}[name])
    monkeypatch.setattr(subprocess, "run", None)
    assert bench.main(["--only", "top10", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"top10": expected}
    assert ("there is no browser" in err) == (measured is None)


def test_every_benchmark_runs_in_its_own_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        name = command[-2]
        assert command[1:] == ["-m", "tests.bench", "--only", name, "--json"]
        asked.append(name)
        return subprocess.CompletedProcess(command, int(name == "open"), json.dumps({name: ROW}))

    monkeypatch.setattr(subprocess, "run", run)
    assert bench.main([]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["benchmark", "value", "unit", "reference", "ratio"]
    assert asked == [line.split()[0] for line in lines]
    assert asked == sorted(path.stem for path in Path(bench.__file__).parent.glob("[!_]*.py"))

    asked.clear()
    assert bench.main(["top10", "open", "top10", "--json"]) == 0
    said = capsys.readouterr()
    assert asked == ["top10", "open"] and json.loads(said.out) == {"top10": ROW, "open": NONE}
    assert "open failed with exit code 1" in said.err

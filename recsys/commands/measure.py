"""bench: run the benchmarks of tests/bench and print what they measured."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from recsys.commands.console import Json, say, show, table
from recsys.errors import DataError, RecsysError, unknown

ROOT = Path(__file__).resolve().parents[2]
FIELDS = ("value", "unit", "reference", "ratio")


def bench(
    only: Annotated[str | None, typer.Option(metavar="NAME", help="Just this one.")] = None,
    as_json: Json = False,
) -> None:
    """Measure speed on this machine.

    Every line is a value, its unit, a reference measured in the same run, and their ratio.
    """
    names = _names()
    if only is not None and only not in names:
        raise unknown("benchmark", only, names)
    found = {only: _measure(only)} if only is not None else {name: _measure_apart(name) for name in names}
    rows = [(name, *(measured[field] for field in FIELDS)) for name, measured in found.items()]
    show(found, as_json, table(("benchmark", *FIELDS), rows))


def _names() -> list[str]:
    folder = ROOT / "tests" / "bench"
    names = sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))
    if not names:
        raise DataError(f"there are no benchmarks in {folder}; run from a clone of the project")
    return names


def _measure(name: str) -> dict[str, Any]:
    """Value, unit, reference and ratio of one benchmark, all None when it says why it cannot run here."""
    sys.path.insert(0, str(ROOT))
    say(f"running {name}")
    try:
        measured = import_module(f"tests.bench.{name}").measure()
    except RecsysError as error:
        say(f"{name} was not run: {error}")
        measured = {}
    return {field: measured.get(field) for field in FIELDS}


def _measure_apart(name: str) -> dict[str, Any]:
    """The same in a process of its own, so that no benchmark inherits another's threads, caches or memory."""
    command = [sys.executable, "-m", "recsys", "bench", "--only", name, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    if done.returncode:
        say(f"{name} failed with exit code {done.returncode}")
        return dict.fromkeys(FIELDS)
    return dict(json.loads(done.stdout)[name])

"""Run benchmarks and print what they measured: `python -m tests.bench [NAME ...] [--only NAME] [--json]`.

Each line is a value, its unit, a reference measured in the same run, and their ratio.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from recsys.cli.console import say, show, table
from recsys.core.errors import RecsysError

FOLDER = Path(__file__).resolve().parent
FIELDS = ("value", "unit", "reference", "ratio")


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 0 done, 2 wrong input or interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure speed on this machine.", allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a benchmark to run; all of them when left out")
    parser.add_argument("--only", metavar="NAME", help="run just this one, in this process")
    parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON object instead of a table")
    options = parser.parse_args(arguments)
    known = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
    for name in [*options.names, *([] if options.only is None else [options.only])]:
        if name not in known:
            say(f"error: there is no benchmark '{name}'; known: {', '.join(known)}")
            return 2
    if options.only is not None and options.names:
        say("error: --only takes the place of the names; give one or the other")
        return 2
    try:
        if options.only is not None:
            found = {options.only: run_benchmark(options.only)}
        else:
            found = {name: run_apart(name) for name in dict.fromkeys(options.names or known)}
    except KeyboardInterrupt:
        say("error: interrupted")
        return 2
    rows = [(name, *(measured[field] for field in FIELDS)) for name, measured in found.items()]
    show(found, options.as_json, table(("benchmark", *FIELDS), rows))
    return 0


def run_benchmark(name: str) -> dict[str, Any]:
    """Return value, unit, reference and ratio of one benchmark, all None if it says why it cannot run here."""
    say(f"running {name}")
    try:
        measured = import_module(f"tests.bench.{name}").measure()
    except RecsysError as error:
        say(f"{name} was not run: {error}")
        measured = {}
    return {field: measured.get(field) for field in FIELDS}


def run_apart(name: str) -> dict[str, Any]:
    """Run one benchmark in its own process, so that it does not inherit another's threads, caches or memory."""
    command = [sys.executable, "-m", "tests.bench", "--only", name, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=FOLDER.parents[1])
    if done.returncode:
        say(f"{name} failed with exit code {done.returncode}")
        return dict.fromkeys(FIELDS)
    return dict(json.loads(done.stdout)[name])


if __name__ == "__main__":
    sys.exit(main())

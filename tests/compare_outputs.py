"""Compare what commands print as JSON in two checkouts: the same keys and numbers, sentences apart. For the move only.

python tests/compare_outputs.py OLD_CHECKOUT NEW_CHECKOUT
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

COMMANDS = (
    "datasets",
    "leaderboard demo-city",
    "evaluate markov demo-city",
    "evaluate sasrec-time demo-city",
    "recommend sasrec-time demo-city --user p0042 --at 2025-06-28T19:30:00+02:00 --k 5",
    "replay spatiotemporal demo-city --user p0042",
    "explain sasrec-time demo-city --user p0042 --step 40",
    "explain sasrec demo-city --user p0042 --step 60 --method leave-one-out",
    "counterfactual sasrec demo-city --user p0042 --step 40",
    "counterfactual sasrec demo-city --user p0042 --step 40 --add --item v449",
    "fidelity item-knn demo-city --cases 10 --budget 200",
    "drift demo-city --user p0015 --model sasrec",
    "drift-score SMALL",
)
TIMINGS = {"seconds", "train_seconds", "evaluate_seconds", "request_ms", "milliseconds"}


def run(checkout: Path, command: str, home: Path) -> Any:
    environment = {**os.environ, "RECSYS_HOME": str(home), "PYTHONPATH": str(checkout)}
    words = [str(home / "small") if word == "SMALL" else word for word in command.split()]
    done = subprocess.run(
        [sys.executable, "-m", "recsys", *words, "--json"], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{checkout}: {command}: {done.stderr[-2000:]}"
    return json.loads(done.stdout)


def differences(old: Any, new: Any, where: str = "") -> list[str]:
    """Places where keys or values differ; a text with a space in it is a sentence and may change."""
    if isinstance(old, dict) and isinstance(new, dict):
        if list(old) != list(new):
            return [f"{where}: keys {list(old)} are now {list(new)}"]
        return [line for key in old if key not in TIMINGS for line in differences(old[key], new[key], f"{where}.{key}")]
    if isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            return [f"{where}: {len(old)} entries are now {len(new)}"]
        return [line for at, (one, other) in enumerate(zip(old, new, strict=True)) for line in differences(one, other, f"{where}[{at}]")]
    if isinstance(old, str) and isinstance(new, str) and " " in old:
        return []
    return [] if old == new and type(old) is type(new) else [f"{where}: {old!r} is now {new!r}"]


def main() -> None:
    old, new = (Path(path).resolve() for path in sys.argv[1:3])
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        for checkout in (old, new):
            home = Path(folder) / checkout.name
            run(checkout, f"simulate --seed 3 --people 40 --places 60 --days 365 --out {home / 'small'}", home)
        for command in COMMANDS:
            lines = differences(*(run(checkout, command, Path(folder) / checkout.name) for checkout in (old, new)))
            found += len(lines)
            print(f"{command}: {len(lines) or 'no'} differences")
            print("".join(f"    {line}\n" for line in lines[:20]), end="")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()

"""The `check` command: tests of a checkpoint's behaviour as a gate, with exit code 0 if all pass and 1 if one fails."""

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.api import load
from recsys.cli.console import CheckpointName, DatasetName, Device, Json, say, show, table
from recsys.cli.stored_evaluation import find_evaluation

if TYPE_CHECKING:
    from recsys.evaluation import Evaluation
    from recsys.failures.behaviour_tests import BehaviourTest, Verdict

HEAD = ("test", "result", "measured", "from", "to (95 %)", "limit", "detail")
RESULTS = ("failed", "passed", "empty")
FAILED = 1


def run(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    tests: Annotated[Path, typer.Option(metavar="FILE", help="The tests, a TOML file; docs/behaviour-tests.md lists their kinds.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the result to this file, as JSON.")] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Test how a model behaves: exit code 0 if all tests pass, 1 if one fails.

    The tests compare a model with limits and with other checkpoints: slices, metrics, coverage, the list for an empty history.
    """
    from recsys import datasets
    from recsys.core.split import split_interactions
    from recsys.failures.behaviour_test_file import read_tests
    from recsys.failures.behaviour_tests import CheckpointUnderTest
    from recsys.storage.atomic_files import open_file_atomically
    from recsys.storage.serialization import to_json

    asked = read_tests(tests.expanduser())
    data = datasets.open_dataset(dataset)
    loaded = load(checkpoint, data, device)

    @cache
    def evaluate(other: str | None, metric: str) -> "Evaluation":
        return find_evaluation(loaded if other is None else load(other, data, device), data, asked.split, metric)

    subject = CheckpointUnderTest(loaded.model, data, split_interactions(data, loaded.card.protocol), evaluate, asked.seed)
    judged = []
    for number, each in enumerate(asked.test, start=1):
        say(f"test {number} of {len(asked.test)}: {each.name or each.kind}")
        judged.append((each, each.judge(subject)))
    failed = sum(not verdict.passed for _test, verdict in judged)
    result = {
        "checkpoint": loaded.card.name,
        "model": loaded.card.model,
        "dataset": data.name,
        "protocol": loaded.card.protocol,
        "split": asked.split,
        "seed": asked.seed,
        "passed": failed == 0,
        "failed": failed,
        "tests": [_as_json(*each) for each in judged],
    }
    if out is not None:
        with open_file_atomically(out.expanduser()) as work:
            work.write_bytes(to_json(result, indent=2).encode() + b"\n")
    head = f"{loaded.card.name} on {data.name}, {loaded.card.protocol}, {asked.split}, seed {asked.seed}"
    total = f"{failed} of {len(judged)} tests failed" if failed else f"all {len(judged)} tests passed"
    empty = sum(verdict.is_empty for _test, verdict in judged)
    if empty:
        total += f"; {empty} of {len(judged)} had nothing to test"
    show(result, as_json, head, table(HEAD, [_row(*each) for each in judged]), total)
    if failed:
        raise typer.Exit(FAILED)


def _as_json(test: "BehaviourTest", verdict: "Verdict") -> dict[str, Any]:
    return {
        "name": test.name or test.kind,
        "kind": test.kind,
        "settings": test.model_dump(exclude={"name", "kind"}, exclude_none=True),
        **verdict._asdict(),
    }


def _row(test: "BehaviourTest", verdict: "Verdict") -> tuple[Any, ...]:
    numbers = (verdict.measured, verdict.low, verdict.high, verdict.limit)
    measured, low, high, limit = (None if math.isnan(each) else float(each) for each in numbers)
    return (test.name or test.kind, RESULTS[verdict.passed + verdict.is_empty], measured, low, high, limit, verdict.detail)

"""The `drift-score` command: precision and recall of drift detection in a simulated city."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.cli.console import Json, say, show, table
from recsys.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS_BETWEEN_LINES = 2.0
HEAD = ("detector", "precision", "from", "to (95 %)", "recall", "from", "to (95 %)", "F1", "delay, days", "false alarms")


def run(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A city written by `simulate`.")],
    as_json: Json = False,
) -> None:
    """Measure how well drift is detected in a simulated city.

    Two simple baselines are scored by the same rules.
    """
    from recsys.datasets.prepared import read_extra, read_prepared
    from recsys.drift.benchmark.run import benchmark_city

    folder = folder.expanduser()
    truth = read_extra(folder, "truth") if (folder / "card.json").is_file() else None
    if truth is None:
        raise DataError(
            f"{folder} does not hold a simulated city with its ground truth; make one: python -m recsys simulate --out {folder}"
        )
    data = read_prepared(folder)
    result = _last_result(benchmark_city(data, truth), len(data.user_ids))
    head = f"{result['changes']} changes of {result['users']:,} users"
    parts = [(name, *part.values()) for kind in ("by_kind", "by_size", "by_activity") for name, part in result[kind].items()]
    parts = [(*row, None)[:5] for row in parts]
    show(
        result,
        as_json,
        head,
        table(HEAD, _rows(result)),
        table(("of which", "changes", "recall", "delay, days", "kind named correctly"), parts),
    )


def _last_result(steps: "Iterator[int | dict[str, Any]]", users: int) -> dict[str, Any]:
    """Print progress; return the result that the iterator ends with."""
    last_line = 0.0
    for step in steps:
        if isinstance(step, dict):
            return step
        if time.perf_counter() - last_line > SECONDS_BETWEEN_LINES:
            last_line = time.perf_counter()
            say(f"{step:,} of {users:,} users")
    raise AssertionError("the benchmark ended without a result")


def _rows(result: dict[str, Any]) -> list[tuple[Any, ...]]:
    rows = []
    for name, metrics in {"recscope": result, **result["baselines"]}.items():
        ends = [metrics["intervals"].get(metric, (None, None)) for metric in ("precision", "recall")]
        rows.append((
            name, metrics["precision"], *ends[0], metrics["recall"], *ends[1], metrics["f1"], metrics["median_delay_days"],
            metrics["false_alarms_per_stable_user"],
        ))  # fmt: skip
    return rows

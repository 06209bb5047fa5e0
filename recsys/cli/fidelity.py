"""The `fidelity` command: deletion and insertion metrics of every explanation method."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.api import load
from recsys.cli.console import CheckpointName, DatasetName, Device, Json, say, show, table
from recsys.cli.evaluation_slices import check_split
from recsys.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from recsys.core import Dataset
    from recsys.explain.fidelity.fidelity_benchmark import CauseRecovery, Estimate, FidelityBenchmark

CASES_BETWEEN_LINES = 20


def run(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    cases: Annotated[int, typer.Option(help="The number of users, with one recommendation each.")] = 100,
    budget: Annotated[int, typer.Option(max=10_000_000, help="The number of model evaluations for one set of Shapley values.")] = 1024,
    split: Annotated[str, typer.Option(help="validation or test: the events whose recommendations are explained.")] = "validation",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The random seed; another seed selects other users.")] = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure the fidelity of every explanation method.

    Events are removed from the history, the most important first according to each method, and in random order for comparison. If
    the dataset names the cause of each event, it is also counted how often a method ranks that cause first.
    """
    if cases < 2:
        raise DataError(f"--cases is {cases}; give two or more, for example --cases 100")
    if budget < 2:
        raise DataError(f"--budget {budget} is too small; give at least two evaluations for each event, for example --budget 1000")
    check_split(split)
    from recsys import datasets
    from recsys.core.split import split_interactions
    from recsys.datasets import prepared_folder
    from recsys.datasets.prepared import read_extra
    from recsys.explain.fidelity.fidelity_benchmark import measure_cause_recovery, run_fidelity_benchmark
    from recsys.explain.game import check_explainable
    from recsys.models import find_model_spec

    data = datasets.open_dataset(dataset)
    loaded = load(checkpoint, data, device)
    check_explainable(loaded.model)
    aware, labels = find_model_spec(loaded.card.model).aware, split_interactions(data, loaded.card.protocol)
    found = run_fidelity_benchmark(loaded.model, data, labels, aware, cases, split, budget, seed, _report_every("cases explained"))
    result: dict[str, Any] = {"model": loaded.card.model, "dataset": data.name, "protocol": labels.protocol, **vars(found)}
    folder = prepared_folder(data.name)
    causes = None if folder is None else read_extra(folder, "causes")
    recovery = None
    if causes is not None:
        report = _report_every("cases compared with their planted cause")
        recovery = measure_cause_recovery(loaded.model, data, labels, causes, aware, cases, budget, seed, report)
        result["planted"] = recovery
    show(result, as_json, *_lines(loaded.card.model, data, found, recovery))


def _report_every(task: str) -> "Callable[[int, int], None]":
    def report(done: int, of: int) -> None:
        if done % CASES_BETWEEN_LINES == 0:
            say(f"{done} of {of} {task}")

    return report


def _lines(model: str, data: "Dataset", found: "FidelityBenchmark", recovery: "CauseRecovery | None") -> list[str]:
    def cell(estimate: "Estimate") -> str:
        return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"

    columns = list(next(iter(found.metrics.values())))
    rows = [(name, *(cell(each[column]) for column in columns)) for name, each in found.metrics.items()]
    lines = [
        f"{model} on {data.name}: the first recommendation of {found.cases:,} users, {found.split}; with 95 % intervals",
        "in standard deviations of the scores; higher is better for deletion, insertion, comprehensiveness and neg@k, lower for the others",
        table(("method", *columns), rows),
    ]
    if recovery is not None and recovery.cases:
        kinds = list(recovery.causes)
        heads = ("share ranking the planted cause first", f"all {recovery.cases}", *(f"{kind} {recovery.causes[kind]}" for kind in kinds))
        rows = [(name, cell(share), *(cell(recovery.by_cause[kind][name]) for kind in kinds)) for name, share in recovery.methods.items()]
        lines += ["", table(heads, rows)]
    return lines

"""drift and drift-score: where people's interest changed, and how well that is found in a city whose truth is known."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.cli.console import DatasetName, Device, Json, say, show, table
from recsys.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recsys.core import Dataset

PACE = 2.0  # seconds between two lines of progress
HEAD = ("who", "precision", "from", "to (95 %)", "recall", "from", "to (95 %)", "F1", "delay, days", "false alarms")


def drift(
    dataset: DatasetName,
    user: Annotated[str | None, typer.Option("--user", help="The id of a user of the dataset.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody; kept, so that the second time is quick.")] = False,
    model: Annotated[str | None, typer.Option(metavar="CHECKPOINT", help="Also what each change did to this model.")] = None,
    as_lines: Annotated[bool, typer.Option("--jsonl", help="One JSON object a line on standard output; goes with --all.")] = False,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Where a person's interest changed.

    Each change has a date, a size, a p-value and words; with it come shares in windows of time, and home, work and distances.
    """
    if everybody == (user is not None):
        raise DataError("drift is of one person or of everybody; give --user ID, or --all --jsonl")
    if (as_lines and not everybody) or (everybody and (model is not None or as_json)):
        raise DataError("--all goes with --jsonl, and --user with --json and --model; for example: drift demo-city --all --jsonl")
    from recsys import datasets

    data = datasets.open_dataset(dataset)
    if everybody:
        _all(data, as_lines)
        return
    from recsys.drift import build_feature_space, detect_drift

    report = detect_drift(data, build_feature_space(data), str(user))
    result = report.plain()
    if model is not None:
        result["model"] = _consequences(data, str(user), model, device, [change.step for change in report.lasting])
    rows = [(str(report.moment(each.time)), each.kind, each.size, each.p_value, each.words) for each in report.changes]
    head = f"user {user}: {report.events} events, dates in {'steps' if report.clock == 'steps' else 'UTC'}"
    lines = (
        [table(("when", "kind", "size", "p", "what changed"), rows)]
        if rows
        else [report.untested or "no change that chance would not give"]
    )
    show(result, as_json, head, *lines, *_model_lines(result.get("model")))


def _all(data: "Dataset", as_lines: bool) -> None:
    """A line a person as it is found; without --jsonl only how many changed."""
    from recsys.drift.report_store import detect_drift_of_all

    began, said, changed = time.perf_counter(), 0.0, 0
    for done, (line, report) in enumerate(detect_drift_of_all(data), start=1):
        changed += any(each["kind"] != "temporary" for each in report["changes"])
        if as_lines:
            print(line, flush=True)
        now = time.perf_counter()
        if now - said > PACE or done == len(data.user_ids):
            say(f"{done:,} of {len(data.user_ids):,} people, {changed:,} with a lasting change, {now - began:.0f} s")
            said = now
    if not as_lines:
        print(f"{changed:,} of {len(data.user_ids):,} people have a lasting change; --jsonl prints everything")


def _consequences(data: "Dataset", user: str, checkpoint: str, device: str, steps: list[int]) -> dict[str, Any]:
    from recsys.core.split import split_interactions
    from recsys.drift.adaptation import measure_adaptation
    from recsys.evaluation.replay import replay_history
    from recsys.training import checkpoints

    loaded = checkpoints.load(checkpoints.find(checkpoint, data.name), device)
    checkpoints.check_match(loaded.card, data)
    labels = split_interactions(data, loaded.card.protocol).labels[data.rows(user)]
    found = replay_history(loaded.model, data.history(user), data.repeats, labels=labels)
    return {"checkpoint": loaded.card.model, "changes": [measure_adaptation(found.ranks, found.splits, step) for step in steps]}


def _model_lines(model: dict[str, Any] | None) -> list[str]:
    if model is None or not model["changes"]:
        return []
    rows = [(each.step, each.before, each.across, each.after, each.adapted, each.learnt) for each in model["changes"]]
    head = ("step", "hits in ten before", "the 15 steps from it", "after", "adapted after, steps", "learnt from, no foresight")
    return [f"{model['checkpoint']} around each change", table(head, rows)]


def drift_score(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A city that `simulate` wrote.")],
    as_json: Json = False,
) -> None:
    """How well changes are found in a simulated city.

    Beside it two plain baselines, judged by the same rules.
    """
    from recsys.datasets.prepared import read_extra, read_prepared
    from recsys.drift.benchmark.run import benchmark_city

    folder = folder.expanduser()
    truth = read_extra(folder, "truth") if (folder / "card.json").is_file() else None
    if truth is None:
        raise DataError(f"{folder} holds no simulated city with its truth; make one: python -m recsys simulate --out {folder}")
    data = read_prepared(folder)
    result = _follow(benchmark_city(data, truth), len(data.user_ids))
    head = f"{result['changes']} changes of {result['users']:,} people"
    parts = [(name, *part.values()) for kind in ("by_kind", "by_size", "by_activity") for name, part in result[kind].items()]
    parts = [(*row, None)[:5] for row in parts]
    show(
        result,
        as_json,
        head,
        table(HEAD, _lines(result)),
        table(("of which", "changes", "recall", "delay, days", "kind named right"), parts),
    )


def _follow(steps: "Iterator[int | dict[str, Any]]", people: int) -> dict[str, Any]:
    said = 0.0
    for step in steps:
        if isinstance(step, dict):
            return step
        if time.perf_counter() - said > PACE:
            said = time.perf_counter()
            say(f"{step:,} of {people:,} people")
    raise AssertionError("judging ended without a result")


def _lines(result: dict[str, Any]) -> list[tuple[Any, ...]]:
    rows = []
    for name, figures in {"recscope": result, **result["baselines"]}.items():
        ends = [figures["intervals"].get(metric, (None, None)) for metric in ("precision", "recall")]
        rows.append((
            name, figures["precision"], *ends[0], figures["recall"], *ends[1], figures["f1"], figures["median_delay_days"],
            figures["false_alarms_per_stable_user"],
        ))  # fmt: skip
    return rows

"""The `drift` command: change points in the interests of one user or of all users."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.api import load
from recsys.cli.console import DatasetName, Device, Json, say, show, table
from recsys.core.errors import DataError

if TYPE_CHECKING:
    from recsys.core import Dataset

SECONDS_BETWEEN_LINES = 2.0


def run(
    dataset: DatasetName,
    user: Annotated[str | None, typer.Option("--user", help="The id of a user of the dataset.")] = None,
    all_users: Annotated[bool, typer.Option("--all", help="All users; the reports are stored, so a second call is fast.")] = False,
    model: Annotated[
        str | None, typer.Option(metavar="CHECKPOINT", help="Also measure how this model ranks before and after each change.")
    ] = None,
    as_lines: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object per user and line; with --all only.")] = False,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Find the change points in a user's interests.

    Each change has a date, a size, a p-value and a description. The report also has the shares of categories in windows of time, and
    home, work and distances.
    """
    if all_users == (user is not None):
        raise DataError("drift needs one user or all users; give --user ID, or --all --jsonl")
    if (as_lines and not all_users) or (all_users and (model is not None or as_json)):
        raise DataError("--all goes with --jsonl, and --user with --json and --model; for example: drift demo-city --all --jsonl")
    from recsys import datasets

    data = datasets.open_dataset(dataset)
    if all_users:
        _run_all(data, as_lines)
        return
    from recsys.drift import build_feature_space, detect_drift

    report = detect_drift(data, build_feature_space(data), str(user))
    result = report.plain()
    if model is not None:
        result["model"] = _measure_model(data, str(user), model, device, [change.step for change in report.lasting])
    rows = [(str(report.moment(each.time)), each.kind, each.size, each.p_value, each.words) for each in report.changes]
    head = f"user {user}: {report.events} events, dates in {'steps' if report.clock == 'steps' else 'UTC'}"
    lines = [table(("time", "kind", "size", "p", "change"), rows)] if rows else [report.untested or "no change beyond what chance produces"]
    show(result, as_json, head, *lines, *_model_lines(result.get("model")))


def _run_all(data: "Dataset", as_lines: bool) -> None:
    """Print the report of each user as soon as it is done; without --jsonl only the number of users with a lasting change."""
    from recsys.drift.report_store import detect_drift_of_all

    began, last_line, changed = time.perf_counter(), 0.0, 0
    for done, (line, report) in enumerate(detect_drift_of_all(data), start=1):
        changed += any(each["kind"] != "temporary" for each in report["changes"])
        if as_lines:
            print(line, flush=True)
        now = time.perf_counter()
        if now - last_line > SECONDS_BETWEEN_LINES or done == len(data.user_ids):
            say(f"{done:,} of {len(data.user_ids):,} users, {changed:,} with a lasting change, {now - began:.0f} s")
            last_line = now
    if not as_lines:
        print(f"{changed:,} of {len(data.user_ids):,} users have a lasting change; --jsonl prints all reports")


def _measure_model(data: "Dataset", user: str, checkpoint: str, device: str, steps: list[int]) -> dict[str, Any]:
    from recsys.core.split import split_interactions
    from recsys.drift.adaptation import measure_adaptation
    from recsys.evaluation.replay import replay_history

    loaded = load(checkpoint, data, device)
    labels = split_interactions(data, loaded.card.protocol).labels[data.rows(user)]
    found = replay_history(loaded.model, data.history(user), data.repeats, labels=labels)
    return {"checkpoint": loaded.card.model, "changes": [measure_adaptation(found.ranks, found.splits, step) for step in steps]}


def _model_lines(model: dict[str, Any] | None) -> list[str]:
    if model is None or not model["changes"]:
        return []
    rows = [(each.step, each.before, each.across, each.after, each.adapted, each.learnt) for each in model["changes"]]
    head = ("step", "HR@10 before", "HR@10 of the 15 steps from it", "HR@10 after", "steps until recovered", "share of training events")
    return [f"{model['checkpoint']} around each lasting change", table(head, rows)]

"""The `report` command: kept cases, or one step of a timeline, as an HTML file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recsys.api import load
from recsys.cli.console import Device, Json, say, show
from recsys.core.errors import DataError

if TYPE_CHECKING:
    from recsys.cases.case import Case
    from recsys.core import Dataset
    from recsys.training.checkpoints import LoadedCheckpoint

EXAMPLE = "report --dataset demo-city --model sasrec --user USER --step 40 --out report.html"


def run(
    case_ids: Annotated[
        list[str] | None, typer.Argument(metavar="CASE_ID…", help="The ids of kept cases, as their links have them.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="The file to write.")] = Path("report.html"),
    tag: Annotated[str | None, typer.Option(help="All kept cases with this tag, instead of their ids.")] = None,
    dataset: Annotated[str | None, typer.Option(help="A step that is not kept as a case: the dataset.")] = None,
    model: Annotated[str | None, typer.Option(metavar="CHECKPOINT", help="Its checkpoint.")] = None,
    user: Annotated[str | None, typer.Option(help="Its user.")] = None,
    step: Annotated[int | None, typer.Option(min=0, help="Its step; by default the one before the user's last event.")] = None,
    note: Annotated[str, typer.Option(help="A note in Markdown about it.")] = "",
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Write a report of kept cases, or of one step of a timeline, as one HTML file.

    The file opens without a network and without the app. It has the timeline, the list then, the map, the explanation with its errors
    and its fidelity, drift, attention, the notes, the protocol and the versions. A browser prints it or saves it as PDF.
    """
    from recsys.datasets import open_dataset
    from recsys.reports.checkpoints import load_named
    from recsys.reports.html_file import build_report
    from recsys.storage.atomic_files import open_file_atomically
    from recsys.training.checkpoints import load_checkpoint

    given = {"--dataset": dataset, "--model": model, "--user": user}
    ways = [bool(case_ids), tag is not None, any(value is not None for value in given.values()) or step is not None or bool(note)]
    if sum(ways) != 1:
        raise DataError(f"report needs ids of cases, or --tag, or a step; for example: {EXAMPLE}")
    if ways[2]:
        missing = [name for name, value in given.items() if value is None]
        if missing:
            raise DataError(f"report of a step lacks {' and '.join(missing)}; for example: {EXAMPLE}")
        cases: Sequence[Case] = [_make_case(str(dataset), str(model), str(user), step, note)]
    else:
        cases = _load_cases(case_ids or [], tag)

    def open_checkpoint(data: "Dataset", name: str) -> "LoadedCheckpoint":
        return load_named(data, name, lambda folder: load_checkpoint(folder, device)) if model is None else load(model, data, device)

    report = build_report(cases, open_dataset, open_checkpoint, lambda done, total: say(f"case {done} of {total}"))
    with open_file_atomically(out) as work:
        work.write_text(report, encoding="utf-8")
    size = len(report.encode())
    show(
        {"file": out, "cases": len(cases), "bytes": size},
        as_json,
        f"wrote {out}: {len(cases)} case{'s' * (len(cases) != 1)}, {size / 1e6:.1f} MB",
    )


def _make_case(dataset: str, model: str, user: str, step: int | None, note: str) -> "Case":
    """Return a step as a case that is not kept; errors for names and steps that do not exist."""
    import time

    from recsys.cases.case import Case, View
    from recsys.cases.limits import check_note
    from recsys.datasets import open_dataset
    from recsys.feedback.version_names import split_version

    note = check_note(note)
    data = open_dataset(dataset)
    history = data.history(user)
    step = max(len(history) - 1, 0) if step is None else step
    history.until(step)
    loaded = load(model, data)
    view = View(
        dataset, loaded.card.name, split_version(loaded.card.name)[1], loaded.fingerprint, user, step, "timeline", {}, data.fingerprint
    )
    return Case("", view, note, (), "", time.time(), 1, None, None)


def _load_cases(case_ids: Sequence[str], tag: str | None) -> "Sequence[Case]":
    from recsys.accounts.account import open_local_account
    from recsys.cases.keeping import list_cases, load_case
    from recsys.database.engine import open_store

    store = open_store()
    account = open_local_account(store)
    if tag is None:
        return [load_case(store, account, each) for each in case_ids]
    found = list_cases(store, account, tags=[tag], order="oldest", limit=None).cases
    if not found:
        raise DataError(f"no case has the tag '{tag}'; the page Cases lists all tags")
    return found

"""Options and output shared by the commands: a result as JSON or as a table on standard output, progress on standard error."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output instead of a table.")]
Device = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="The device the model runs on; auto takes CUDA if there is one.")]
CheckpointName = Annotated[str, typer.Argument(metavar="CHECKPOINT", help="The name of a checkpoint, or its folder.")]
DatasetName = Annotated[str, typer.Argument(metavar="DATASET", help="The name of a dataset, as printed by `datasets`.")]
UserId = Annotated[str, typer.Option("--user", help="The id of a user of the dataset.")]
Step = Annotated[int | None, typer.Option(help="The number of the user's events to take as history; by default all of them.")]
ItemId = Annotated[str | None, typer.Option(metavar="ITEM", help="The id of an item; by default the first item of the list.")]
EvaluatedSplit = Annotated[str, typer.Option(help="validation or test; evaluate on test only once, after all choices are made.")]
ProtocolName = Annotated[str | None, typer.Option(help="last-out or temporal; by default the protocol of the dataset.")]
RawFolder = Annotated[Path | None, typer.Option("--root", metavar="DIR", help="The folder with the raw files; by default RECSYS_DATA.")]


def show(result: dict[str, Any], as_json: bool, *lines: str) -> None:
    """Print a result: as JSON, or as lines for a human reader."""
    # Imported here because --help must not need pandas.
    from recsys.storage.serialization import to_json

    print(to_json(result) if as_json else "\n".join(lines))


def say(line: str) -> None:
    """Print a line of progress on standard error."""
    print(line, file=sys.stderr, flush=True)


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return rows as aligned text; numbers are right-aligned, missing values are dashes."""
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    numeric = [all(isinstance(row[i], (int, float, type(None))) for row in rows) and bool(rows) for i in range(len(head))]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = []
    for row in cells:
        padded = [text.rjust(width) if right else text.ljust(width) for text, width, right in zip(row, widths, numeric, strict=True)]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())

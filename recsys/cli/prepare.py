"""The `prepare` command: raw files to a prepared dataset."""

import re
from typing import Annotated, Literal

import typer

from recsys.cli.console import Json, RawFolder
from recsys.cli.dataset_card import show_prepared
from recsys.core.errors import DataError


def run(
    source: Annotated[str, typer.Argument(metavar="DATASET|FILE", help="The name of a known dataset, or a file of your own.")],
    root: RawFolder = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="KEY=COLUMN,…",
            help="The column for each key: user_id=who,timestamp=when; an empty column leaves the key out.",
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The name of the dataset; by default the name of the file.")] = None,
    duplicates: Annotated[
        Literal["keep", "drop"], typer.Option(help="Whether to keep repeated rows of the same user, item, time and behaviour.")
    ] = "keep",
    missing: Annotated[
        Literal["keep", "drop", "mean", "median", "interpolate"], typer.Option(help="The treatment of missing ratings and coordinates.")
    ] = "keep",
    dates: Annotated[
        Literal["day-first", "month-first", "year-first"] | None,
        typer.Option(help="The order of day and month in ambiguous dates such as 03/04/2012."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check and clean data, and store it as a prepared dataset.

    Prints a report of every check: the rows it found and what was done to them.
    """
    columns = _parse_mapping(mapping) if mapping else None
    from recsys import datasets

    card = datasets.prepare_dataset(source, root=root, mapping=columns, name=name, duplicates=duplicates, missing=missing, dates=dates)
    show_prepared(card, as_json)


def _parse_mapping(texts: list[str]) -> dict[str, str]:
    """Return {key: column} of `--map`, given once with commas or several times; a comma within a column's name does not separate."""
    mapping: dict[str, str] = {}
    for part in (part for text in texts for part in re.split(r",(?=\s*\w+=)", text)):
        key, equals, column = part.partition("=")
        key = key.strip()
        if not (key and equals):  # an empty column is allowed: it leaves the key out
            raise DataError(f"--map '{part}' is not a mapping; write it like --map user_id=who,item_id=what,timestamp=when")
        if key in mapping:
            raise DataError(f"--map gives {key} twice: {mapping[key]} and {column}; give each key once")
        mapping[key] = column
    return mapping

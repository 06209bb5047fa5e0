"""The `prepare` command: raw files to a prepared dataset."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from recsys.cli.console import Json, RawFolder, say
from recsys.cli.dataset_card import show_prepared
from recsys.core.errors import DataError

if TYPE_CHECKING:
    from recsys.datasets import DatasetCard
    from recsys.datasets.importing.import_plan import ImportPlan


PAIR_EXAMPLES = {"map": "user_id=who,item_id=what,timestamp=when", "rows": "cancelled=drop", "behaviours": "removed=delete"}

Source = Annotated[
    str,
    typer.Argument(
        metavar="DATASET|FILE|URL|RECIPE",
        help="The name of a known dataset, a file of your own or its http address, or the recipe.toml of an earlier import.",
    ),
]
Mapping = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="KEY=COLUMN,…",
        help="The column for each key: user_id=who,timestamp=when; an empty column leaves the key out.",
    ),
]
NewName = Annotated[str | None, typer.Option(help="The name of the dataset; by default the name of the file.")]
Duplicates = Annotated[
    Literal["keep", "drop"], typer.Option(help="Whether to keep repeated rows of the same user, item, time and behaviour.")
]
Missing = Annotated[
    Literal["keep", "drop", "mean", "median", "interpolate"], typer.Option(help="The treatment of missing ratings and coordinates.")
]
DateOrder = Annotated[
    Literal["day-first", "month-first", "year-first"] | None,
    typer.Option(help="The order of day and month in ambiguous dates such as 03/04/2012."),
]
Layout = Annotated[
    Literal["rows", "lines", "lists", "matrix", "impressions"] | None,
    typer.Option(help="One event a row, a user's items on a line or in a cell, users by items, or lists of impressions."),
]
TableName = Annotated[
    str | None, typer.Option(metavar="NAME", help="The file of a zip, the sheet of a workbook, or the list of a JSON file.")
]
Encoding = Annotated[str | None, typer.Option(help="The encoding of text that is not UTF-8, such as cp1251 or shift_jis.")]
Rows = Annotated[
    list[str] | None,
    typer.Option(metavar="KIND=CHOICE,…", help="The treatment of kinds of rows that the report names: cancelled=drop,unrated=keep."),
]
Behaviours = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=MEANING,…", help="The meaning of behaviours: positive, impression or delete, as in removed=delete."),
]
ItemFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A file of items with titles, categories, texts or places, joined by their ids.")
]
UserFile = Annotated[Path | None, typer.Option(metavar="FILE", help="A file of users, joined by their ids.")]
RecipeFile = Annotated[Path | None, typer.Option(metavar="FILE", help="The recipe.toml whose choices are made for this file too.")]
Ties = Annotated[
    Literal["file", "shuffle", "together"],
    typer.Option(
        help="Events of one user at one moment: in the order of the file, in random order, or together, each predicted from earlier moments only."
    ),
]


def run(
    source: Source,
    root: RawFolder = None,
    mapping: Mapping = None,
    name: NewName = None,
    duplicates: Duplicates = "keep",
    missing: Missing = "keep",
    dates: DateOrder = None,
    layout: Layout = None,
    table: TableName = None,
    encoding: Encoding = None,
    rows: Rows = None,
    behaviours: Behaviours = None,
    items: ItemFile = None,
    users: UserFile = None,
    recipe: RecipeFile = None,
    ties: Ties = "file",
    as_json: Json = False,
) -> None:
    """Check and clean data, and store it as a prepared dataset.

    Prints what each column of a file was read as, and a report of every check: the rows it found and what was done to them. Beside
    the data of a file lies its recipe.toml with all choices, which repeats the import.
    """
    card, plan = prepare(
        source, root, mapping, name, duplicates, missing, dates, layout, table, encoding, rows, behaviours, items, users, recipe, ties
    )
    show_prepared(card, as_json, plan)


def prepare(
    source: str,
    root: Path | None,
    mapping: list[str] | None,
    name: str | None,
    duplicates: str,
    missing: str,
    dates: str | None,
    layout: str | None,
    table: str | None,
    encoding: str | None,
    rows: list[str] | None,
    behaviours: list[str] | None,
    items: Path | None,
    users: Path | None,
    recipe: Path | None,
    ties: str,
) -> "tuple[DatasetCard, ImportPlan | None]":
    """Prepare data by the options of `run`, and return its card with the plan by which a file was read."""
    choices: dict[str, Any] = {
        "mapping": _parse_pairs("map", mapping),
        "duplicates": None if duplicates == "keep" else duplicates,
        "missing": None if missing == "keep" else missing,
        "dates": dates,
        "layout": layout,
        "table": table,
        "encoding": encoding,
        "rows": _parse_pairs("rows", rows),
        "behaviours": _parse_pairs("behaviours", behaviours),
        "items": items and str(items),
        "users": users and str(users),
        "ties": None if ties == "file" else ties,
    }
    from recsys import datasets

    plans: list[ImportPlan] = []
    if recipe is None and not source.lower().endswith(".toml"):
        card = datasets.prepare_dataset(source, root=root, name=name, observe=plans.append, progress=say, **choices)
    else:
        if root or any(choices.values()):
            raise DataError(f"{recipe or source} already has the choices of the import; leave the other options out, or change them in it")
        followed, file = (source, None) if recipe is None else (recipe, source)
        card = datasets.prepare_recipe(followed, file, name, observe=plans.append, progress=say)
    return card, plans[0] if plans else None


def _parse_pairs(option: str, texts: list[str] | None) -> dict[str, str] | None:
    """Return {key: value} of an option, given once with commas or several times; a comma within a column's name does not separate."""
    if not texts:
        return None
    pairs: dict[str, str] = {}
    for part in (part for text in texts for part in re.split(r",(?=\s*[\w-]+=)", text)):
        key, equals, value = part.partition("=")
        key = key.strip()
        if not (key and equals):  # an empty column is allowed: it leaves the key out
            raise DataError(f"--{option} '{part}' is not a list of pairs; write it like --{option} {PAIR_EXAMPLES[option]}")
        if key in pairs:
            raise DataError(f"--{option} gives {key} twice: {pairs[key]} and {value}; give each key once")
        pairs[key] = value
    return pairs

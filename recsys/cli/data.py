"""Data in: datasets, prepare, fetch, simulate."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from recsys.cli.console import Json, say, show, table
from recsys.core.errors import DataError
from recsys.storage.files import check_name

if TYPE_CHECKING:
    from recsys.datasets import DatasetCard

Folder = Annotated[Path | None, typer.Option("--root", metavar="DIR", help="Where raw files lie; RECSYS_DATA when left out.")]


def datasets(as_json: Json = False) -> None:
    """What data there is, and what of it is prepared."""
    from recsys.datasets import list_datasets

    keys = ("name", "prepared", "interactions", "users", "items", "has", "example_users")
    found = [{key: getattr(card, key) for key in keys} for card in list_datasets()]
    rows = [
        (each["name"], "yes" if each["prepared"] else "no", each["interactions"], each["users"], each["items"], ", ".join(each["has"]))
        for each in found
    ]
    show({"datasets": found}, as_json, table(("dataset", "prepared", "interactions", "users", "items", "has"), rows))


def prepare(
    source: Annotated[str, typer.Argument(metavar="DATASET|FILE", help="A known dataset, or a file of your own.")],
    root: Folder = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="KEY=COLUMN,…", help="Which column is what: user_id=who,timestamp=when; an empty column leaves a key out."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call it; the file's name when left out.")] = None,
    duplicates: Annotated[
        Literal["keep", "drop"], typer.Option(help="What becomes of the same user, item, time and behaviour again.")
    ] = "keep",
    missing: Annotated[
        Literal["keep", "drop", "mean", "median", "interpolate"], typer.Option(help="What becomes of missing ratings and coordinates.")
    ] = "keep",
    dates: Annotated[
        Literal["day-first", "month-first"] | None, typer.Option(help="How dates such as 03/04/2012 are meant, which can be read two ways.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check data and keep it ready to open.

    Says what was done to every row that was not right.
    """
    chosen = _mapping(mapping) if mapping else None
    from recsys import datasets

    card = datasets.prepare(source, root=root, mapping=chosen, name=name, duplicates=duplicates, missing=missing, dates=dates)
    _show_prepared(card, as_json)


def fetch(
    name: Annotated[str, typer.Argument(metavar="DATASET", help="A dataset whose owner publishes a download.")],
    root: Folder = None,
    as_json: Json = False,
) -> None:
    """Download a dataset's raw files from its owner.

    Shows the owner's terms first. An interrupted download goes on where it ended.
    """
    from recsys.datasets.download import download_dataset

    folder = download_dataset(name, root, say)
    show({"name": name, "folder": folder}, as_json, f"{name} is in {folder}; now: python -m recsys prepare {name} --root {folder}")


def simulate(
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write; its name is the dataset's.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same city.")] = 7,
    people: Annotated[int, typer.Option(help="How many people live in it.")] = 1200,
    places: Annotated[int, typer.Option(help="How many places they can go to.")] = 500,
    days: Annotated[int, typer.Option(help="How long they are watched.")] = 548,
    as_json: Json = False,
) -> None:
    """Make a city of your own size.

    Its people have habits, tastes and planted drifts; the truth about them is written to a table beside the data. In
    RECSYS_HOME/datasets the folder can be opened like any other dataset.
    """
    out = out.expanduser().absolute()
    name = check_name("dataset", out.name)
    if out.exists() and not (out / "truth.parquet").is_file() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out} holds something else, which would be replaced; name a new folder, for example {out / 'my-city'}")
    from recsys.simulation import simulate_city

    city = simulate_city(seed=seed, people=people, places=places, days=days, name=name)
    _show_prepared(city.write(out), as_json)


def _show_prepared(card: "DatasetCard", as_json: bool) -> None:
    keys = ("name", "fingerprint", "interactions", "users", "items", "first", "last", "has", "checks")
    result: dict[str, Any] = {key: getattr(card, key) for key in keys}
    show(
        result,
        as_json,
        f"{card.name}: {card.interactions:,} interactions, {card.users:,} users, {card.items:,} items; {', '.join(card.has)}",
        table(("check", "rows", "action"), card.checks),
    )


def _mapping(texts: list[str]) -> dict[str, str]:
    """{key: column} of `--map`, given once with commas or several times; a comma within a column's name is no separator."""
    mapping: dict[str, str] = {}
    for part in (part for text in texts for part in re.split(r",(?=\s*\w+=)", text)):
        key, equals, column = part.partition("=")
        key = key.strip()
        if not (key and equals):  # an empty column is meant: it leaves the key out
            raise DataError(f"--map '{part}' is no mapping; write it like --map user_id=who,item_id=what,timestamp=when")
        if key in mapping:
            raise DataError(f"--map names {key} twice: {mapping[key]} and {column}")
        mapping[key] = column
    return mapping

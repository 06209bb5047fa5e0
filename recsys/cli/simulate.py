"""The `simulate` command: a simulated city of any size as a prepared dataset."""

from pathlib import Path
from typing import Annotated

import typer

from recsys.cli.console import Json
from recsys.cli.dataset_card import show_prepared
from recsys.core.errors import DataError
from recsys.storage.paths import check_name


def run(
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write; its name becomes the name of the dataset.")],
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The random seed; the same seed gives the same city.")] = 7,
    people: Annotated[int, typer.Option(help="The number of residents, who become the users.")] = 1200,
    places: Annotated[int, typer.Option(help="The number of places, which become the items.")] = 500,
    days: Annotated[int, typer.Option(help="The number of days to simulate.")] = 548,
    as_json: Json = False,
) -> None:
    """Simulate a city of any size.

    Its residents have habits, interests and planted drifts; the ground truth is written to a table beside the data. A folder in
    RECSYS_HOME/datasets can be opened like any other dataset.
    """
    out = out.expanduser().absolute()
    name = check_name("dataset", out.name)
    if out.exists() and not (out / "truth.parquet").is_file() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out} holds something else, which would be replaced; name a new folder, for example {out / 'my-city'}")
    from recsys.simulation import simulate_city

    city = simulate_city(seed=seed, people=people, places=places, days=days, name=name)
    show_prepared(city.write(out), as_json)

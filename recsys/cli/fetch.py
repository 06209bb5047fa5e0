"""The `fetch` command: raw files downloaded from the owner of a dataset."""

from typing import Annotated

import typer

from recsys.cli.console import Json, RawFolder, say, show


def run(
    name: Annotated[str, typer.Argument(metavar="DATASET", help="The name of a dataset with a public download.")],
    root: RawFolder = None,
    as_json: Json = False,
) -> None:
    """Download the raw files of a dataset from its owner.

    Prints the owner's terms first. An interrupted download continues where it stopped.
    """
    from recsys.datasets.download import download_dataset

    folder = download_dataset(name, root, say)
    show({"name": name, "folder": folder}, as_json, f"{name} is in {folder}; next: python -m recsys prepare {name} --root {folder}")

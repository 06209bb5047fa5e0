"""Every data set there is, and one way to open them: shipped, prepared from raw files, or from a file of one's own.

A new data set is one module with `read(connection, folder) -> Source` and one line in DATASETS.
"""

from pathlib import Path

from recsys.core import Dataset
from recsys.datasets.clean import Duplicates, Missing
from recsys.datasets.prepared import DatasetCard, read_card, read_prepared
from recsys.datasets.spec import DatasetSpec
from recsys.errors import DataError, unknown
from recsys.storage import ASSETS, folder_at_once, home

DATASETS: dict[str, DatasetSpec] = {
    "ml-1m": DatasetSpec(
        title="MovieLens 1M",
        summary="A million ratings of films by 6,000 people, collected in 2000.",
        noun="rating",
        repeats=False,
        terms="GroupLens: for research only; not to be redistributed or used commercially without permission.",
        files=("ratings.dat | sequences.parquet", "movies.dat"),
        optional=("users.dat", "omdb.csv"),
        folders=("ml-1m",),
        module="recsys.datasets.ml_1m",
    ),
}


def open_dataset(name: str) -> Dataset:
    """Data that ships with the program or was prepared. Known but unprepared: a DataError that says how to prepare it."""
    folder = prepared_folder(name)
    if folder is not None:
        return read_prepared(folder)
    if name in DATASETS:
        raise DataError(f"dataset '{name}' is not prepared yet; run: python -m recsys prepare {name}")
    raise unknown("dataset", name, [card.name for card in list_datasets()])


def list_datasets() -> list[DatasetCard]:
    """A card for every known, shipped and prepared data set; reads their cards only."""
    names = list(DATASETS)
    for place in (ASSETS / "data", home() / "datasets"):
        names += sorted(path.parent.name for path in place.glob("*/card.json") if not path.parent.name.startswith("."))
    return [_card(name) for name in dict.fromkeys(names)]


def prepared_folder(name: str) -> Path | None:
    """Where the data of this name lies ready, or None. What ships with the program goes first."""
    if not name or Path(name).name != name or name.startswith("."):
        return None
    folders = (ASSETS / "data" / name, home() / "datasets" / name)
    return next((folder for folder in folders if (folder / "card.json").is_file()), None)


def prepare(
    source: str | Path,
    root: Path | None = None,
    mapping: dict[str, str] | None = None,
    name: str | None = None,
    duplicates: Duplicates = "keep",
    missing: Missing = "keep",
    dates: str | None = None,
) -> DatasetCard:
    """Read raw files, clean them and keep the result under RECSYS_HOME, so that it opens in under a second from then on."""
    from recsys.datasets.ingest import Label, Options, ingest

    spec = DATASETS[str(source)]
    folder = spec.find(str(source), root)
    options = Options(duplicates, missing, dates, tuple((mapping or {}).items()))
    label = Label(name or str(source), spec.title, spec.noun, spec.repeats)
    with folder_at_once(home() / "datasets" / label.name) as work:
        return ingest(lambda con: spec.reader(con, folder), spec.here(folder), work, label, options)


def _card(name: str) -> DatasetCard:
    folder = prepared_folder(name)
    if folder is not None:
        return read_card(folder)
    spec = DATASETS[name]
    return DatasetCard(name, spec.title, spec.noun, spec.repeats, prepared=False)

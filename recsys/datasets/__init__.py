"""Every data set there is, and one way to open them: shipped, prepared from raw files, or from a file of one's own.

A new data set is one module with `read(connection, folder) -> Source` and one line in DATASETS.
"""

from collections.abc import Mapping
from pathlib import Path

from recsys.core import Dataset
from recsys.core.errors import DataError, unknown
from recsys.datasets.importing.cleaning import Duplicates, Missing
from recsys.datasets.prepared import DatasetCard, read_card, read_prepared
from recsys.datasets.spec import DatasetSpec, Download
from recsys.storage.files import ASSETS, home

DATASETS: dict[str, DatasetSpec] = {
    "demo-city": DatasetSpec(
        title="Demo city",
        summary="A simulated city: what 1,200 invented people do in 500 invented places, and how some of them change.",
        noun="event",
        repeats=True,
        terms="Made by this project; free to use.",
    ),
    "ml-100k": DatasetSpec(
        title="MovieLens 100K",
        summary="100,000 ratings of films by 943 people, 1997 and 1998.",
        noun="rating",
        repeats=False,
        terms="GroupLens: for research; name the source, do not redistribute, ask before any commercial use.",
        files=("u.data", "u.item"),
        optional=("u.user",),
        module="recsys.datasets.readers.ml_100k",
        downloads=(Download("https://files.grouplens.org/datasets/movielens/ml-100k.zip", "md5:0e33842e24a9c977be4e0107933c0723"),),
    ),
    "ml-latest-small": DatasetSpec(
        title="MovieLens latest, small",
        summary="100,000 ratings of films with free-text tags by 610 people, 1996 to 2018.",
        noun="rating",
        repeats=False,
        terms="GroupLens: not for commercial use; name the source, redistribute only under the same terms.",
        files=("ratings.csv", "movies.csv"),
        optional=("tags.csv",),
        module="recsys.datasets.readers.ml_latest_small",
        downloads=(
            Download(
                "https://files.grouplens.org/datasets/movielens/ml-latest-small.zip",
                "https://files.grouplens.org/datasets/movielens/ml-latest-small.zip.md5",  # "latest" may change, and this with it
            ),
        ),
    ),
    "ml-1m": DatasetSpec(
        title="MovieLens 1M",
        summary="A million ratings of films by 6,000 people, 2000 to 2003.",
        noun="rating",
        repeats=False,
        terms="GroupLens: for research; name the source, do not redistribute, ask before any commercial use.",
        files=("ratings.dat | sequences.parquet", "movies.dat"),
        optional=("users.dat", "omdb.csv"),
        module="recsys.datasets.readers.ml_1m",
        downloads=(Download("https://files.grouplens.org/datasets/movielens/ml-1m.zip", "md5:c4d9eecfca2ab87c1945afe126590906"),),
    ),
    "foursquare": DatasetSpec(
        title="Foursquare check-ins",
        summary="Where people of New York checked in, hour by hour, from April 2012 to February 2013.",
        noun="check-in",
        repeats=True,
        terms="Free for research; cite Yang et al. 2015 (IEEE Transactions on Systems, Man, and Cybernetics: Systems 45(1)).",
        files=("dataset_TSMC2014_NYC.txt | dataset_TSMC2014_TKY.txt",),
        optional=("venues.csv",),
        folders=("foursquare-nyc", "dataset_tsmc2014"),
        module="recsys.datasets.readers.foursquare",
        downloads=(Download("http://www-public.imtbs-tsp.eu/~zhang_da/pub/dataset_tsmc2014.zip"),),
    ),
    "amazon-beauty": DatasetSpec(
        title="Amazon Beauty",
        summary="Which beauty products 22,000 people reviewed, in order; every person and product has at least five reviews.",
        noun="review",
        repeats=False,
        terms="For research; cite Ni et al. 2019 and, for this split, Zhou et al. 2020 (S3-Rec).",
        files=("Beauty.txt",),
        optional=("Beauty_item2attributes.json",),
        module="recsys.datasets.readers.amazon_beauty",
        downloads=(
            Download("https://raw.githubusercontent.com/RUCAIBox/CIKM2020-S3Rec/master/data/Beauty.txt"),
            Download("https://raw.githubusercontent.com/RUCAIBox/CIKM2020-S3Rec/master/data/Beauty_item2attributes.json"),
        ),
    ),
    "deskdrop": DatasetSpec(
        title="Deskdrop articles",
        summary="What the people of one company read, liked and bookmarked on its intranet in 2016 and 2017.",
        noun="event",
        repeats=True,
        terms="CI&T: Open Database License (ODbL) 1.0.",
        files=("users_interactions.csv.zip | users_interactions.csv",),
        optional=("shared_articles.csv",),
        module="recsys.datasets.readers.deskdrop",
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
    cards = []
    for name in dict.fromkeys(names):
        try:
            cards.append(_card(name))
        except DataError:
            continue  # one damaged folder must not hide the others; opening it by name says what is wrong
    return cards


def prepared_folder(name: str) -> Path | None:
    """Where the data of this name lies ready, or None. What ships with the program goes first."""
    if not name or Path(name).name != name or name.startswith("."):
        return None
    folders = (ASSETS / "data" / name, home() / "datasets" / name)
    return next((folder for folder in folders if (folder / "card.json").is_file()), None)


def prepare(
    source: str | Path,
    root: Path | str | None = None,
    mapping: Mapping[str, str] | None = None,
    name: str | None = None,
    duplicates: Duplicates = "keep",
    missing: Missing = "keep",
    dates: str | None = None,
) -> DatasetCard:
    """Read raw files, clean them and keep the result under RECSYS_HOME, so that it opens in under a second from then on.

    Args:
        source: a name of DATASETS, a file of one's own, or a prepared folder such as `simulate` writes.
        root: where the raw files of a known data set are, before RECSYS_DATA is looked at.
        mapping: corrects the guess of a file's columns, see `source.KEYS`; an empty column leaves a key out.
        name: what to call it; by default the data set's name or the file's.
        duplicates: keep or drop rows of the same person, item, time and behaviour.
        missing: what becomes of missing or unusable ratings and coordinates.
        dates: day-first or month-first, where dates such as 01/02/2020 can be read two ways.
    """
    from recsys.datasets.importing import prepare

    options = prepare.Options(duplicates, missing, dates, tuple((mapping or {}).items()))
    if name in DATASETS and name != str(source):
        raise DataError(f"'{name}' is the name of a known dataset; give your data another one with --name")
    if str(source) in DATASETS:
        return prepare.prepare_known(str(source), DATASETS[str(source)], root, name, options)
    return prepare.prepare_own(Path(source), name, options, DATASETS)


def read_file(
    path: str | Path,
    mapping: Mapping[str, str] | None = None,
    name: str = "upload",
    duplicates: Duplicates = "keep",
    missing: Missing = "keep",
    dates: str | None = None,
) -> Dataset:
    """A file of one's own in memory, its report in `checks`; nothing is kept on disk. Arguments as for `prepare`."""
    from recsys.datasets.importing import prepare

    return prepare.read_own(Path(path), name, prepare.Options(duplicates, missing, dates, tuple((mapping or {}).items())))


def _card(name: str) -> DatasetCard:
    folder = prepared_folder(name)
    if folder is not None:
        return read_card(folder)
    spec = DATASETS[name]
    return DatasetCard(name, spec.title, spec.noun, spec.repeats, prepared=False)

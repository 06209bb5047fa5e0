"""The registry of known datasets, and the functions that open, list and prepare them.

To add a dataset, write a module with `read(connection, folder) -> Source` and add an entry to DATASETS.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys.core import Dataset
from recsys.core.errors import DataError, unknown
from recsys.core.translation import N_, _
from recsys.datasets.prepared import DatasetCard, read_card, read_prepared
from recsys.datasets.spec import DatasetSpec, Download
from recsys.storage.paths import ASSETS, own_homes

if TYPE_CHECKING:
    from recsys.datasets.importing.import_plan import ImportPlan
    from recsys.datasets.importing.options import Options

DATASETS: dict[str, DatasetSpec] = {
    "demo-city": DatasetSpec(
        title="Demo city",
        summary=N_("A simulated city: 1,200 simulated users visit 500 simulated places, and the interests of some users change."),
        noun="event",
        repeats=True,
        terms=N_("Made by this project; free to use."),
    ),
    "ml-100k": DatasetSpec(
        title="MovieLens 100K",
        summary=N_("100,000 film ratings of 943 users, 1997 and 1998."),
        noun="rating",
        repeats=False,
        terms=N_("GroupLens: for research; name the source, do not redistribute, ask before any commercial use."),
        files=("u.data", "u.item"),
        optional=("u.user",),
        module="recsys.datasets.readers.ml_100k",
        downloads=(Download("https://files.grouplens.org/datasets/movielens/ml-100k.zip", "md5:0e33842e24a9c977be4e0107933c0723"),),
    ),
    "ml-latest-small": DatasetSpec(
        title="MovieLens latest, small",
        summary=N_("100,000 film ratings of 610 users with free-text tags, 1996 to 2018."),
        noun="rating",
        repeats=False,
        terms=N_("GroupLens: not for commercial use; name the source, redistribute only under the same terms."),
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
        summary=N_("One million film ratings of 6,000 users, 2000 to 2003."),
        noun="rating",
        repeats=False,
        terms=N_("GroupLens: for research; name the source, do not redistribute, ask before any commercial use."),
        files=("ratings.dat | sequences.parquet", "movies.dat"),
        optional=("users.dat", "omdb.csv"),
        module="recsys.datasets.readers.ml_1m",
        downloads=(Download("https://files.grouplens.org/datasets/movielens/ml-1m.zip", "md5:c4d9eecfca2ab87c1945afe126590906"),),
    ),
    "foursquare": DatasetSpec(
        title="Foursquare check-ins",
        summary=N_("Check-ins in New York, by the hour, from April 2012 to February 2013."),
        noun="check-in",
        repeats=True,
        terms=N_("Free for research; cite Yang et al. 2015 (IEEE Transactions on Systems, Man, and Cybernetics: Systems 45(1))."),
        files=("dataset_TSMC2014_NYC.txt | dataset_TSMC2014_TKY.txt",),
        optional=("venues.csv",),
        folders=("foursquare-nyc", "dataset_tsmc2014"),
        module="recsys.datasets.readers.foursquare",
        downloads=(Download("http://www-public.imtbs-tsp.eu/~zhang_da/pub/dataset_tsmc2014.zip"),),
    ),
    "amazon-beauty": DatasetSpec(
        title="Amazon Beauty",
        summary=N_("Reviews of beauty products by 22,000 users, in order; every user and every product has at least five."),
        noun="review",
        repeats=False,
        terms=N_("For research; cite Ni et al. 2019 and, for this split, Zhou et al. 2020 (S3-Rec)."),
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
        summary=N_("Articles that the employees of a company read, liked and bookmarked on its intranet, 2016 and 2017."),
        noun="event",
        repeats=True,
        terms=N_("CI&T: Open Database License (ODbL) 1.0."),
        files=("users_interactions.csv.zip | users_interactions.csv",),
        optional=("shared_articles.csv",),
        module="recsys.datasets.readers.deskdrop",
    ),
}


def open_dataset(name: str) -> Dataset:
    """Open a dataset that ships with Recscope or was prepared. A known dataset that is not prepared yet is a DataError."""
    folder = prepared_folder(name)
    if folder is not None:
        return read_prepared(folder)
    if name in DATASETS:
        raise DataError(_("dataset '{name}' is not prepared yet; run: python -m recsys prepare {name}", name=name))
    raise unknown("dataset", name, [card.name for card in list_datasets()])


def list_datasets() -> list[DatasetCard]:
    """Return the card of every known, shipped or prepared dataset; no other file is read."""
    names = list(DATASETS)
    for place in (ASSETS / "data", *(home / "datasets" for home in own_homes())):
        names += sorted(path.parent.name for path in place.glob("*/card.json") if not path.parent.name.startswith("."))
    cards = []
    for name in dict.fromkeys(names):
        try:
            cards.append(_card(name))
        except DataError:
            continue  # one damaged folder must not hide the others; opening it by name raises the error
    return cards


def prepared_folder(name: str) -> Path | None:
    """Return the folder with the prepared dataset of this name, or None. Shipped datasets take precedence."""
    if not name or Path(name).name != name or name.startswith("."):
        return None
    shipped = ASSETS / "data" / name
    if (shipped / "card.json").is_file():
        return shipped
    return next((folder for home in own_homes() if ((folder := home / "datasets" / name) / "card.json").is_file()), None)


def prepare_dataset(
    source: str | Path,
    root: Path | str | None = None,
    mapping: Mapping[str, str] | None = None,
    name: str | None = None,
    *,
    observe: "Callable[[ImportPlan], None] | None" = None,
    progress: Callable[[str], None] | None = None,
    **choices: Any,
) -> DatasetCard:
    """Read and clean raw files and store the result under RECSYS_HOME, where it opens in under a second.

    Args:
        source: a key of DATASETS, a file of the user's own or its address on the web, or a prepared folder such as `simulate` writes.
        root: the folder with the raw files of a known dataset; by default RECSYS_DATA is searched.
        mapping: the column for each role, see `source.KEYS`; roles that are not given are guessed, an empty column leaves a role out.
        name: the name of the prepared dataset; by default that of the known dataset or of the file.
        observe: receives the plan by which a file was read.
        progress: receives lines of progress of a download.
        choices: further fields of `importing.options.Options`.

    Raises:
        QuestionError: the file can be read in several ways.
    """
    from recsys.datasets.importing import preparation
    from recsys.datasets.importing.options import make_options

    options = make_options(mapping=mapping, **choices)
    if name in DATASETS and name != str(source):
        raise DataError(_("'{name}' is the name of a known dataset; give your data another name with --name", name=name))
    if str(source) in DATASETS:
        return preparation.prepare_known(str(source), DATASETS[str(source)], root, name, options)
    return preparation.prepare_source(source, name, options, DATASETS, observe, progress)


def prepare_recipe(
    recipe: str | Path,
    source: str | Path | None = None,
    name: str | None = None,
    *,
    observe: "Callable[[ImportPlan], None] | None" = None,
    progress: Callable[[str], None] | None = None,
) -> DatasetCard:
    """Repeat the import of a recipe.toml on the file it names, or on another `source`, whose dataset is named after that file.

    `observe` and `progress` as for `prepare_dataset`.
    """
    from recsys.datasets.importing import preparation

    return preparation.repeat_recipe(Path(recipe), source, name, DATASETS, observe, progress)


def save_import(dataset: Dataset, name: str, path: Path, options: "Options") -> DatasetCard:
    """Keep a dataset that was read from a file, with its recipe, under RECSYS_HOME; an existing one of that name is replaced."""
    from recsys.datasets.importing import preparation

    return preparation.save_import(dataset, name, path, options)


def read_file(
    path: str | Path, mapping: Mapping[str, str] | None = None, name: str = "upload", image_folder: Path | None = None, **choices: Any
) -> Dataset:
    """Read a file of the user's own into memory, with the cleaning report in `checks`; arguments as for `prepare_dataset`.

    Pictures of items are looked for in `image_folder`, by default the folder of the file that names them.
    """
    from recsys.datasets.importing import preparation
    from recsys.datasets.importing.options import make_options

    return preparation.read_into_memory(Path(path), name, make_options(mapping=mapping, **choices), image_folder)


def find_card(name: str) -> DatasetCard | None:
    """Return the card of a known, shipped or prepared dataset; None where there is none or it is damaged."""
    try:
        return _card(name)
    except (DataError, KeyError):
        return None


@lru_cache(maxsize=128)
def _card_at(folder: Path, changed: int, size: int) -> DatasetCard:
    """Read a card, cached by the file's time and size: pages list all datasets at every step."""
    return read_card(folder)


def _card(name: str) -> DatasetCard:
    folder = prepared_folder(name)
    if folder is not None:
        try:
            stamp = (folder / "card.json").stat()
        except OSError:  # removed a moment ago
            return read_card(folder)
        return _card_at(folder, stamp.st_mtime_ns, stamp.st_size)
    spec = DATASETS[name]
    return DatasetCard(name, spec.title, spec.noun, spec.repeats, prepared=False)

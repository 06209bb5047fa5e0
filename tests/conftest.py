"""Small data sets in memory, and models trained on them once a session."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from recsys.core import Dataset
from recsys.core.split import split_interactions
from recsys.database.engine import Store
from recsys.models import MODELS, find_model_spec
from tests.temporary_postgres import Cluster, PostgresMissingError, temporary_cluster

settings.register_profile("steady", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("steady")

GRADIENT_SETTINGS = {"embedding_size": 8, "max_length": 6, "batch_tokens": 64, "epochs": 1}
"""Small enough for seconds; the tiny histories are longer than what the model sees at once."""

WHOLE = [name for name, spec in MODELS.items() if not spec.candidates_only]
"""The models that rank everything; those that order a short list have tests of their own."""

TEXTS = (
    "Warm bread from six in the morning.", "Small stage, big trumpet.", "Old chestnut trees and a pond.", "", "Late sets on Fridays.",
    "A meadow for kites.", "Cinnamon rolls sell out by nine.", "Piano trio and red wine.", "Benches by the river.",
    "Sourdough and strong coffee.", "Swing every Tuesday.", "Playground and table tennis.", "Cakes for birthdays.",
    "Jam session, bring your horn.", "Roses in June.",
)  # fmt: skip


SEARCHES = ("quiet place for tea", None, "live music tonight", None, "where to take the kids", None)


@pytest.fixture(scope="session", autouse=True)
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home for fixtures that several tests share, which are made before a test has its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECSYS_HOME", str(tmp_path_factory.mktemp("shared-home")))
        patch.delenv("RECSCOPE_DATABASE_URL", raising=False)
        yield


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes what belongs to the person running it, and no test fights another for the cores."""
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.delenv("RECSCOPE_DATABASE_URL", raising=False)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A PostgreSQL server of the tests' own; the test is skipped where none can be started."""
    try:
        with temporary_cluster() as cluster:
            yield cluster
    except PostgresMissingError as error:
        pytest.skip(str(error))


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> str:
    """The address of an empty database on PostgreSQL."""
    return postgres_cluster.make_database()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store that does not exist yet, once on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store' / 'recscope.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store, once on each database."""
    made = Store(store_url)
    yield made
    made.close()


def small(name: str) -> dict[str, Any]:
    """Those of GRADIENT_SETTINGS that a model has."""
    known = MODELS[name].load().Config.__dataclass_fields__
    return {setting: value for setting, value in GRADIENT_SETTINGS.items() if setting in known}


def build(
    events: list[tuple[str, str]],
    repeats: bool = True,
    name: str = "made",
    items: pd.DataFrame | None = None,
    friends: list[tuple[str, str]] | None = None,
    **columns: Any,
) -> Dataset:
    """A dataset from (user, item) pairs in order of user and then time, who calls whom a friend, and columns of its interactions."""
    table = pd.DataFrame({"user_id": [user for user, _ in events], "item_id": [item for _, item in events], **columns})
    table["order"] = table.groupby("user_id").cumcount()
    table["user_id"], table["item_id"] = pd.Categorical(table["user_id"]), pd.Categorical(table["item_id"])
    index = pd.Index(table["item_id"].cat.categories, name="item_id")
    known = None if friends is None else pd.DataFrame(friends, columns=["user_id", "friend_id"])
    return Dataset(name, name, table, pd.DataFrame(index=index) if items is None else items.reindex(index), name, repeats, friends=known)


@pytest.fixture(scope="session")
def make_dataset() -> Callable[..., Dataset]:
    return build


@pytest.fixture(scope="session")
def tiny() -> Dataset:
    """12 people, 15 items, all known that can be: times, offsets, places and words (one item and every other event have none),
    behaviours, ratings, friends."""
    random = np.random.default_rng(7)
    lengths = random.integers(3, 24, size=12)
    users = np.repeat([f"u{i:02}" for i in range(12)], lengths)
    items = np.array([f"i{i:02}" for i in random.choice(15, size=len(users), p=np.arange(15, 0, -1) / 120)], dtype=object)
    items[:15] = [f"i{i:02}" for i in range(15)]
    minutes = np.concatenate([np.sort(random.integers(0, 60 * 24 * 90, size=length)) for length in lengths])
    places = pd.DataFrame(
        {"latitude": random.uniform(40, 41, 15), "longitude": random.uniform(-74, -73, 15)}, index=[f"i{i:02}" for i in range(15)]
    )
    kinds = np.array(["bakery", "jazz club", "park"])[np.arange(15) % 3]
    words = places.assign(title=[f"The {kind} at number {i}" for i, kind in enumerate(kinds)], category=kinds, text=TEXTS)
    words.loc["i03"] = np.nan
    return build(
        list(zip(users, items)),
        name="tiny",
        items=words,
        friends=[(f"u{i:02}", f"u{(i + j) % 10:02}") for i in range(10) for j in (1, 9)],  # all but two people sit in a ring
        timestamp=pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(minutes, unit="min"),
        utc_offset=np.full(len(users), -240.0),
        behaviour=pd.Categorical(random.choice(["view", "save", "visit"], size=len(users))),
        rating=random.integers(1, 6, size=len(users)).astype(float),
        text=[SEARCHES[at % len(SEARCHES)] for at in range(len(users))],
    )


@pytest.fixture(scope="session")
def order_only() -> Dataset:
    """12 people who take each of 15 items at most once; nothing is known but the order."""
    random = np.random.default_rng(8)
    taken = {f"u{i:02}": random.permutation(15)[: random.integers(3, 15)] for i in range(11)}
    taken["u11"] = np.arange(15)
    return build([(user, f"i{item:02}") for user, items in taken.items() for item in items], repeats=False, name="order-only")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """trained(name, dataset, seed=1, protocol="last-out"): a model of MODELS, counted or trained for one small epoch."""
    made: dict[tuple[str, str, int, str], tuple[Dataset, Any]] = {}

    def train(name: str, dataset: Dataset, seed: int = 1, protocol: str = "last-out", fresh: bool = False) -> Any:
        key = (name, dataset.name, seed, protocol)
        if fresh or key not in made:
            model = _train(name, dataset, seed, protocol)
            if fresh:
                return model
            made[key] = (dataset, model)
        return made[key][1]

    def _train(name: str, dataset: Dataset, seed: int, protocol: str) -> Any:
        spec = find_model_spec(name)
        if not spec.gradient and not spec.parts:
            return spec.load().fit(dataset, split_interactions(dataset, protocol), spec.config(), seed)
        from recsys.training import checkpoints, loop

        folder = tmp_path_factory.mktemp("trained") / name
        *_, last = loop.train_model(name, dataset, protocol, small(name), seed, device="cpu", folder=folder)
        return checkpoints.load_checkpoint(last.checkpoint).model

    return train

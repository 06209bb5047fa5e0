"""A server of the API without the pages: the tiny dataset with two models on disk, and a store of its own for each test."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from recsys import open_dataset
from recsys.accounts.account import open_local_account
from recsys.accounts.tokens import create_token
from recsys.core import Dataset
from recsys.database.engine import open_store
from recsys.datasets.prepared import write_prepared
from recsys.http_api.routes import Server, routes
from recsys.training.checkpoints import load_checkpoint
from recsys.training.loop import train_model
from tests.conftest import small

LOCAL = "http://127.0.0.1:8501"


@dataclass
class Api:
    """The application, and its access, which a test may change."""

    access: Any = "local"
    application: Starlette = field(init=False)

    def __post_init__(self) -> None:
        self.application = Starlette(routes=routes(Server(lambda: self.access, open_dataset, load_checkpoint)))

    def client(self, token: str | None = None, base_url: str = LOCAL, address: str = "127.0.0.1") -> TestClient:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return TestClient(self.application, base_url, headers=headers, client=(address, 50_000), raise_server_exceptions=False)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, tiny: Dataset) -> Path:
    folder = tmp_path_factory.mktemp("api-home")
    write_prepared(folder / "datasets" / "tiny", tiny)
    for name in ("markov", "sasrec"):
        settings = small(name) if name == "sasrec" else None
        list(train_model(name, tiny, settings=settings, seed=1, device="cpu", folder=folder / "checkpoints" / "tiny" / name))
    return folder


@pytest.fixture
def api(own_home: None, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setenv("RECSYS_HOME", str(home))
    monkeypatch.setenv("RECSCOPE_DATABASE_URL", f"sqlite:///{tmp_path / 'recscope.db'}")
    return Api()


@pytest.fixture
def make_token() -> Callable[..., str]:
    def make(name: str = "shop", role: str = "editor") -> str:
        store = open_store()
        return create_token(store, open_local_account(store), name, role)

    return make

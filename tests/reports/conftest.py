"""Reports of cases on the small datasets of tests/conftest.py."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from recsys.cases.case import Case, View
from recsys.core import Dataset
from recsys.core.errors import UnknownNameError
from recsys.reports.html_file import build_report
from recsys.training import loop
from recsys.training.checkpoints import LoadedCheckpoint, load_checkpoint
from tests.conftest import small


@pytest.fixture(scope="session")
def checkpoint_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Dataset], LoadedCheckpoint]:
    """checkpoint_of(name, dataset): a checkpoint trained for one small epoch, as it is loaded from its folder."""
    made: dict[tuple[str, str], LoadedCheckpoint] = {}

    def train(name: str, dataset: Dataset) -> LoadedCheckpoint:
        if (name, dataset.name) not in made:
            folder = tmp_path_factory.mktemp("checkpoints") / name
            *_, last = loop.train_model(name, dataset, "last-out", small(name), 1, device="cpu", folder=folder)
            made[name, dataset.name] = load_checkpoint(Path(last.checkpoint))
        return made[name, dataset.name]

    return train


@pytest.fixture
def report_of(checkpoint_of: Callable[..., LoadedCheckpoint]) -> Iterator[Callable[..., str]]:
    """report_of(dataset, cases, …): the report, with data and models that exist; any other name is unknown."""

    def build(dataset: Dataset, cases: Sequence[Case], **more: Any) -> str:
        def open_dataset(name: str) -> Dataset:
            if name != dataset.name:
                raise UnknownNameError(f"there is no dataset '{name}'")
            return dataset

        def load(data: Dataset, name: str) -> LoadedCheckpoint:
            base = name.partition("@")[0]
            if base == "gone":
                raise UnknownNameError(f"there is no checkpoint '{base}'")
            return checkpoint_of(base, data)

        return build_report(cases, open_dataset, load, **more)

    yield build


def make_case(dataset: str = "tiny", note: str = "", tags: tuple[str, ...] = (), **view: Any) -> Case:
    given: dict[str, Any] = {"checkpoint": "sasrec-time", "version": 1, "checkpoint_fingerprint": "", "user_id": "u03", "step": 3}
    seen = View(dataset, **{**given, "page": "timeline", **view})
    return Case("a" * 32, seen, note, tags, "Ada", 1_700_000_000.0, 1, None, None)

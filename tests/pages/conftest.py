"""The app as AppTest runs it, on the small datasets of tests/conftest.py and on the shipped demo."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from recsys.core import Dataset
from recsys.datasets.prepared import write_prepared
from recsys.models import MODELS
from recsys.storage import paths
from recsys.training import loop
from tests.conftest import GRADIENT_SETTINGS

NAVIGATION = str(Path(__file__).resolve().parents[2] / "pages" / "navigation.py")


@pytest.fixture(autouse=True)
def cold_caches() -> Iterator[None]:
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def keep() -> Callable[[Dataset], Dataset]:
    """Prepares a dataset in this test's home, with a counted model trained on it."""

    def write(dataset: Dataset, model: str = "markov") -> Dataset:
        write_prepared(paths.home() / "datasets" / dataset.name, dataset)
        *_, _last = loop.train_model(model, dataset, "last-out", device="cpu")
        return dataset

    return write


@pytest.fixture
def visit() -> Callable[..., AppTest]:
    """visit(page, **cursor): the page as first opened with this cursor in the URL; page '' is the start page."""

    def open_page(page: str = "", **cursor: str) -> AppTest:
        app = AppTest.from_file(NAVIGATION, default_timeout=60)
        for name, value in cursor.items():
            app.query_params[name] = value
        app.run()
        return app.switch_page(page).run() if page else app

    return open_page


@pytest.fixture
def odd(make_dataset: Callable[..., Dataset]) -> Dataset:
    """Ids and titles that hold HTML and markdown, one person with one event, one with 400, and no times."""
    nasty = ["<script>alert(1)</script>", "![x](http://nowhere.test/a.png)", "**bold**", "a&b", "plain", "🙂, 7"]
    events = [("<b>one</b>", nasty[0])] + [("many, *really*", nasty[at % 6]) for at in range(400)] + [("three", name) for name in nasty[:3]]
    table = pd.DataFrame({"title": [f"Title of {name}" for name in nasty], "category": ["<i>x</i>", "y"] * 3}, index=nasty)
    return make_dataset(events, name="odd", items=table)


@pytest.fixture
def open_page(own_home: None, tiny: Dataset, order_only: Dataset) -> Callable[..., AppTest]:
    """open_page("explore/dataset/page.py", dataset="tiny"): a page of its own, with "tiny" and "order-only" prepared and nothing trained."""
    for dataset in (tiny, order_only):
        write_prepared(paths.home() / "datasets" / dataset.name, dataset)

    def run(page: str, dataset: str = "tiny", **cursor: str) -> AppTest:
        app = AppTest.from_file(NAVIGATION, default_timeout=60)
        for name, value in {"dataset": dataset, **cursor}.items():
            app.query_params[name] = value
        app.run().switch_page(page).run()  # before the first run a page is known by its file's name alone
        assert not app.exception, app.exception[0].value
        return app

    return run


@pytest.fixture
def train_tiny(open_page: Callable[..., AppTest], tiny: Dataset) -> Callable[..., None]:
    """train_tiny("popularity", "sasrec"): checkpoints of "tiny" as one's own."""

    def run(*names: str) -> None:
        for name in names:
            known = MODELS[name].load().Config.__dataclass_fields__
            settings = {setting: value for setting, value in GRADIENT_SETTINGS.items() if setting in known}
            list(loop.train_model(name, tiny, protocol="last-out", settings=settings, device="cpu"))

    return run


def told(app: AppTest) -> str:
    """Everything in words that a page shows."""
    parts = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.info, *app.warning, *app.error, *app.success]
    return "\n".join([str(part.value) for part in parts] + [str(each.proto.body) for each in app.get("html")])

"""Each of the five systems on every page that takes a model."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from recsys.models import MODELS
from tests.pages.conftest import told

SYSTEMS = ("llm-lstm", "spatiotemporal", "long-short", "association", "fusion", "lstm-lm")
PAGES = (
    "explore/timeline/page.py",
    "explore/items/page.py",
    "demo/recommend/page.py",
    "demo/compare/page.py",
    "demo/cold_start/page.py",
    "inspect/explain/page.py",
    "inspect/attention/page.py",
    "inspect/drift/page.py",
    "evaluate/leaderboard/page.py",
    "evaluate/checkpoints/page.py",
)


@pytest.mark.parametrize("model", SYSTEMS)
def test_every_page_works_with_it(open_page: Callable[..., AppTest], train_tiny: Callable[..., None], model: str) -> None:
    train_tiny(model)
    for page in PAGES:
        app = open_page(page, model=model, user="u03", step="4")
        assert app.sidebar.selectbox(key="model").value == model
        assert not app.error, (page, told(app))
        assert len(told(app)) > 100, page
    assert MODELS[model].title in told(app)

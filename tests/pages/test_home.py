"""The start page: it shows without torch, tells stories and opens timelines."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from recsys.core import Dataset
from tests.pages.conftest import NAVIGATION, told

Visit = Callable[..., AppTest]


def test_every_dataset_opens_on_its_busiest_timeline(visit: Visit, keep: Callable[..., Dataset], odd: Dataset) -> None:
    keep(odd)
    app = visit()
    assert not app.exception
    app.button(key="open_odd").click().run()
    assert not app.exception
    assert (app.session_state["dataset"], app.session_state["user"]) == ("odd", "many, *really*")
    assert "after 399 of 400" in told(app)


def test_the_start_page_imports_neither_torch_nor_transformers_nor_shap() -> None:
    code = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({NAVIGATION!r}, default_timeout=60).run()
assert not app.exception, app.exception
heavy = [name for name in ("torch", "transformers", "shap") if name in sys.modules]
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(NAVIGATION).parents[1], timeout=120)


def test_stories_open_where_they_happen(visit: Visit) -> None:
    from recsys.analysis.demo_stories import read_stories
    from recsys.datasets import prepared_folder
    from recsys.datasets.prepared import read_card

    folder = prepared_folder("demo-city")
    assert folder is not None
    stories = read_stories(folder, read_card(folder).fingerprint or "")
    assert [story.kind for story in stories] == ["moved", "hit", "miss"]
    for story in stories:
        app = visit()
        app.button(key=f"see_{story.kind}").click().run()
        assert not app.exception and not app.error and not app.info
        assert (app.session_state["user"], app.slider(key="slider").value) == (story.user, story.step)
        assert story.first <= story.step < story.first + len(story.ranks)

"""Import of a model in the app: the upload, the question, what matched, and refusals."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pages.evaluate.checkpoints.bring_model import ANSWERS
from recsys.core import Dataset
from recsys.model_import.formats import FORMATS
from recsys.model_import.options import CHOICES
from recsys.training.checkpoints import find_checkpoint, load_checkpoint
from tests.pages.conftest import told

PAGE = "evaluate/checkpoints/page.py"


def test_every_answer_has_words() -> None:
    asked = ("made_before", "similarity", "padding")  # the rule for users is never asked
    assert {each for option in asked for each in CHOICES[option]} | set(FORMATS) <= set(ANSWERS)


@pytest.fixture
def bring(open_page: Callable[..., AppTest]) -> Callable[[str, str], AppTest]:
    """bring("recs.csv", text): the page after this file was uploaded and Import clicked."""

    def run(name: str, content: str) -> AppTest:
        app = open_page(PAGE)
        app.segmented_control(key="checkpoint_part").set_value("bring").run()
        app.file_uploader(key="model_files").set_value([(name, content.encode(), "text/csv")]).run()
        app.button(key="import_model").click().run()
        assert not app.exception
        return app

    return run


@pytest.mark.parametrize("name", ["mine.csv", "рекомендации.csv"])
def test_an_answered_question_ends_in_a_checkpoint(name: str, bring: Callable[[str, str], AppTest], tiny: Dataset) -> None:
    rows = [f"{user},{item},{rank}" for user in tiny.user_ids for rank, item in enumerate(tiny.item_ids[:4], start=1)]
    app = bring(name, "\n".join(["user_id,item_id,rank", *rows]))
    assert "the lists have no times" in told(app)
    app.selectbox(key="model_answer_1").set_value("second-last").run()
    app.button(key="model_go_on_1").click().run()
    assert not app.exception and not app.error
    assert "users with lists that the dataset has" in told(app)
    model = load_checkpoint(find_checkpoint("mine" if name == "mine.csv" else "upload", tiny.name)).model
    assert model.depth == 4


def test_other_files_are_refused_in_one_sentence(bring: Callable[[str, str], AppTest]) -> None:
    app = bring("notes.md", "# nothing")
    assert "notes.md is not a model that can be imported" in app.error[0].value.replace("\\", "")


def test_a_model_gets_the_name_that_is_given(bring: Callable[[str, str], AppTest], tiny: Dataset) -> None:
    rows = [f"{user},{item},{rank}" for user in tiny.user_ids for rank, item in enumerate(tiny.item_ids[:4], start=1)]
    app = bring("mine.csv", "\n".join(["user_id,item_id,rank", *rows]))
    app.text_input(key="model_name").set_value("spring lists").run()
    app.selectbox(key="model_answer_1").set_value("end").run()
    app.button(key="model_go_on_1").click().run()
    assert not app.exception and not app.error
    assert load_checkpoint(find_checkpoint("spring-lists", tiny.name)).card.name == "spring-lists"

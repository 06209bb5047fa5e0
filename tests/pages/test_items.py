"""The items page: the embedding map of the model and of the texts, neighbours, and the search in free text."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from recsys.core import Dataset
from tests.pages.conftest import told

PAGE = "explore/items/page.py"


def test_both_spaces_are_drawn_with_neighbours_side_by_side(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("sasrec")
    app = open_page(PAGE, model="sasrec")
    assert "Nearest by model embedding" in told(app) and "Nearest by text embedding" not in told(app)  # the encoder is not loaded unasked
    app.button(key="read_words").click().run()
    assert "Nearest by model embedding" in told(app) and "Nearest by text embedding" in told(app)
    assert "the same in the model and in the texts" in told(app)
    before = app.get("plotly_chart")[0].proto.spec
    app.segmented_control(key="map_of").set_value("text").run()
    assert not app.exception and app.get("plotly_chart")[0].proto.spec != before
    app.selectbox(key="item_tiny").set_value("i03").run()
    assert not app.exception and "This item has no embedding in this space" in told(app)  # it has no words


def test_a_text_search_finds_and_selects(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("sasrec")
    app = open_page(PAGE, model="sasrec")
    app.button(key="read_words").click().run()
    app.text_input(key="item_words").set_value("trumpets and saxophones").run()
    found = app.pills(key="item_found_tiny")
    assert len(found.options) == 12 and app.session_state["item_tiny"] != "i13"
    found.set_value("i13").run()
    assert not app.exception and app.session_state["item_tiny"] == "i13"


def test_a_model_without_embeddings_has_no_map_but_the_texts_have(
    train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
) -> None:
    train_tiny("markov", "sasrec")
    app = open_page(PAGE, model="markov")
    assert "has no item embeddings" in told(app) and "Nearest by model embedding" not in told(app)
    app.button(key="read_words").click().run()
    assert "Nearest by text embedding" in told(app) and "has no item embeddings" in told(app)
    app.button(key="map_sasrec").click().run()
    assert not app.exception and app.session_state["model"] == "sasrec" and "Nearest by model embedding" in told(app)


def test_without_embeddings_and_texts_the_page_says_what_to_do(open_page: Callable[..., AppTest]) -> None:
    assert "Train a transformer" in told(open_page(PAGE, dataset="order-only"))


def test_titles_are_text(visit: Callable[..., AppTest], keep: Callable[..., Dataset], odd: Dataset) -> None:
    keep(odd)
    app = visit(PAGE, dataset="odd", model="markov")
    app.button(key="read_words").click().run()
    assert not app.exception and "<script>" not in told(app) and "<script>" not in app.get("plotly_chart")[0].proto.spec

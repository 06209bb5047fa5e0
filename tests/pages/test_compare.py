"""Compare: several models at the same step, popularity and Markov always among them."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import told

PAGE = "demo/compare/page.py"


def columns(app: AppTest) -> list[str]:
    (html,) = [each.proto.body for each in app.get("html") if '<div class="rs-columns">' in each.proto.body]
    return html.split('<div class="rs-column-head">')[1:]


def test_the_baselines_are_always_there(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("popularity", "markov", "frequency", "item-knn")
    app = open_page(PAGE, model="frequency", user="u03", step="3")
    assert [part.split("<b>")[1].split("</b>")[0] for part in columns(app)] == [
        "Own history", "Item-kNN", "Popularity", "Markov chain",
    ]  # fmt: skip
    app.multiselect(key="beside_tiny").set_value([]).run()
    assert len(columns(app)) == 3 and "best rank: <b>" in told(app)


def test_lists_are_those_of_the_step_and_the_next_item_is_marked(
    train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
) -> None:
    train_tiny("popularity", "markov")
    app = open_page(PAGE, model="markov", user="u03", step="3")
    before = columns(app)
    assert all(part.count("rs-row hit") + part.count("rs-row missed") == 1 for part in before)
    assert "of 10 in common" in before[1] and "in common" not in before[0] and "reference" in before[0]
    app.button(key="next").click().run()
    assert not app.exception and columns(app) != before and app.session_state["step"] == 4


def test_a_link_carries_the_picked_models(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("popularity", "markov", "frequency", "item-knn")
    app = open_page(PAGE, model="markov", user="u03", step="3", beside="frequency,nonsense")
    assert app.multiselect(key="beside_tiny").value == ["frequency"]
    assert app.query_params["beside"] == "frequency"


def test_the_model_of_the_sidebar_leaves_the_picked_ones(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("popularity", "markov", "frequency")
    app = open_page(PAGE, model="markov", user="u03", step="3", beside="frequency")
    app.selectbox(key="model").set_value("frequency").run()
    assert not app.exception and app.multiselect(key="beside_tiny").value == [] and len(columns(app)) == 3


def test_first_and_last_steps(train_tiny: Callable[..., None], open_page: Callable[..., AppTest], tiny: object) -> None:
    train_tiny("markov")
    assert "Fallback list" in told(open_page(PAGE, model="markov", user="u03", step="0"))
    app = open_page(PAGE, model="markov", user="u03")
    app.slider(key="slider").set_value(app.slider(key="slider").max).run()
    assert "ends here, after" in told(app)
    assert "Not trained on this dataset yet: Popularity." in told(app)


def test_an_untrained_model_says_where_to_train(open_page: Callable[..., AppTest]) -> None:
    app = open_page(PAGE, model="markov")
    assert "is not trained" in told(app)
    assert [each.proto.page for each in app.get("page_link")] == ["checkpoints"]

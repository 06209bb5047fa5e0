"""Models side by side: the same step everywhere, popularity and Markov always there."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import told

PAGE = "demo/compare/page.py"


def columns(app: AppTest) -> list[str]:
    (html,) = [each.proto.body for each in app.get("html") if '<div class="rs-columns">' in each.proto.body]
    return html.split('<div class="rs-column-head">')[1:]


def test_the_two_that_count_are_always_there(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("popularity", "markov", "frequency", "item-knn")
    app = open_page(PAGE, model="frequency", user="u03", step="3")
    assert [part.split("<b>")[1].split("</b>")[0] for part in columns(app)] == [
        "Own favourites", "Similar items", "Most popular", "Markov chain",
    ]  # fmt: skip
    app.multiselect(key="beside_tiny").set_value([]).run()
    assert len(columns(app)) == 3 and "ranked it best here" in told(app)


def test_lists_are_those_of_the_step_and_the_next_item_is_marked(
    train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
) -> None:
    train_tiny("popularity", "markov")
    app = open_page(PAGE, model="markov", user="u03", step="3")
    before = columns(app)
    assert all(part.count("rs-row hit") + part.count("rs-row missed") == 1 for part in before)
    assert "of 10 the same" in before[1] and "the same" not in before[0]
    app.button(key="next").click().run()
    assert not app.exception and columns(app) != before and app.session_state["step"] == 4


def test_a_link_carries_what_stands_beside(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
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
    assert "Not a personal list" in told(open_page(PAGE, model="markov", user="u03", step="0"))
    app = open_page(PAGE, model="markov", user="u03")
    app.slider(key="slider").set_value(app.slider(key="slider").max).run()
    assert "The timeline ends here" in told(app)
    assert "Not trained on this data yet, so not beside them: popularity" in told(app)


def test_an_untrained_model_says_where_to_train(open_page: Callable[..., AppTest]) -> None:
    assert "Checkpoints" in told(open_page(PAGE, model="markov"))

"""The predicted next behaviour on the timeline, for data with behaviours and a model that predicts them."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import told

PAGE = "explore/timeline/page.py"


def test_probabilities_stand_beside_the_actual_behaviour(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("llm-lstm", "markov")
    app = open_page(PAGE, model="llm-lstm", user="u03", step="3")
    (line,) = [each.proto.body for each in app.get("html") if '<div class="rs-next">' in each.proto.body]
    assert all(f"{name} " in line for name in ("view", "save", "visit")) and "%" in line
    assert "actual: " in line and line.count('class="hit"') == 1
    app.slider(key="slider").set_value(app.slider(key="slider").max).run()
    assert not app.exception and "actual: " not in told(app)
    app.selectbox(key="model").set_value("markov").run()
    assert "Predicted next behaviour" not in told(app)

"""The Attention page, also for models without attention."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import told

PAGE = "inspect/attention/page.py"


def test_attention_is_described_and_drawn(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("sasrec-time")
    app = open_page(PAGE, model="sasrec-time")
    assert "not an explanation" in told(app)
    assert "Half of the attention falls on" in told(app)
    assert len(app.get("plotly_chart")) == 4  # arcs, shares, time, distance
    app.toggle(key="attention_map").set_value(True).run()
    assert len(app.get("plotly_chart")) == 5
    for view in app.segmented_control(key="attention_view").options:
        app.segmented_control(key="attention_view").set_value(view).run()
        assert not app.exception


@pytest.mark.parametrize("step", ["0", "1"])
def test_the_first_steps(step: str, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("sasrec")
    app = open_page(PAGE, model="sasrec", user="u03", step=step)
    assert ("There are no events before this step" in told(app)) == (step == "0")


def test_a_model_of_counts_offers_models_with_attention(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("popularity", "sasrec")
    app = open_page(PAGE, model="popularity")
    assert "no attention to show" in told(app)
    app.button(key="take_sasrec").click().run()
    assert app.session_state["model"] == "sasrec"
    assert "not an explanation" in told(app)


def test_without_a_model_with_attention_it_says_what_to_train(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("popularity")
    assert "SASRec" in told(open_page(PAGE, model="popularity"))


def test_without_a_checkpoint_it_says_where_to_train(open_page: Callable[..., AppTest]) -> None:
    assert "is not trained on" in told(open_page(PAGE, model="sasrec"))


def test_a_pointer_to_own_events_and_its_gate_are_drawn(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("spatiotemporal", "long-short")
    app = open_page(PAGE, model="spatiotemporal", user="u03", step="5")
    options = app.segmented_control(key="attention_view").options
    assert "Pointer to own events" in options and "Block 3" not in options and "Block 2" in options
    assert "own events: " in app.get("plotly_chart")[-1].proto.spec
    app.segmented_control(key="attention_view").set_value("own events").run()
    assert not app.exception
    app = open_page(PAGE, model="long-short", user="u03", step="5")
    assert "long-term interest" in app.get("plotly_chart")[-1].proto.spec


@pytest.mark.parametrize("name", ["llm-lstm", "association", "short-only"])
def test_a_model_with_one_state_has_no_attention(name: str, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny(name)
    app = open_page(PAGE, model=name, user="u03", step="5")
    assert "summarises the history in one state" in told(app) and not app.error
    assert not [each for each in app.button if (each.key or "").startswith("take_")]


def test_the_gate_of_a_long_timeline_says_what_it_covers(
    train_tiny: Callable[..., None], open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    train_tiny("long-short")
    app = open_page(PAGE, model="long-short", user="u03", step="5")
    assert "The gate is shown for events" not in told(app)
    charts = len(app.get("plotly_chart"))
    monkeypatch.setattr("pages.cache.models.REPLAYED_AT_ONCE", 3)
    monkeypatch.setattr("pages.cache.models.PART", 4)
    app = open_page(PAGE, model="long-short", user="u03", step="5")
    assert "The gate is shown for events" in told(app) and len(app.get("plotly_chart")) == charts

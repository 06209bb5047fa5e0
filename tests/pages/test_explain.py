"""The Explain page: every model answers, also where there is next to nothing to explain."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from recsys.core import Dataset, recommend, request_at
from recsys.training import checkpoints
from tests.conftest import WHOLE
from tests.pages.conftest import told

PAGE = "inspect/explain/page.py"


@pytest.mark.parametrize("name", [name for name in WHOLE if not name.startswith("fusion")])
def test_every_model_explains(name: str, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny(name)
    app = open_page(PAGE, model=name, user="u03", step="9")
    text = told(app)
    assert not app.error, app.error[0].value
    assert app.title[0].value == "Explain"
    assert "Recommended at rank 1" in text and "Smallest change that removes it" in text
    assert "Preliminary" not in text, "the work is not finished"
    assert "Starting from the baseline" in text


def test_numbers_text_and_figures_of_a_transformer(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("sasrec-time")
    app = open_page(PAGE, model="sasrec-time", user="u03", step="9")
    bars, curves = (each.proto.spec for each in app.get("plotly_chart"))
    assert "Time of the request" in bars and "Baseline" in bars and "Attention" in bars
    assert "random order" in curves
    assert "Linear SHAP" in told(app) and "not a sum over the events" in told(app)
    item = app.selectbox(key="explain_u03_9")
    assert len(item.options) in (10, 11)
    item.set_value(item.options and app.session_state["cursor"].history.items[9]).run()
    assert not app.exception and not app.error
    for key in ("explain_target", "explain_removal"):
        for option in app.segmented_control(key=key).options:
            app.segmented_control(key=key).set_value(app.segmented_control(key=key).options and _value(key, option)).run()
            assert not app.exception and not app.error


def _value(key: str, title: str) -> str:
    titles = {
        "explain_target": {"Score": "logit", "Probability": "probability", "Margin over rank 10": "margin"},
        "explain_removal": {"Removed": "delete", "Replaced by a neutral item": "neutral"},
    }
    return titles[key][title]


@pytest.mark.parametrize("step", ["0", "1"])
@pytest.mark.parametrize("model", ["sasrec", "markov"])
def test_the_first_steps(step: str, model: str, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny(model)
    app = open_page(PAGE, model=model, user="u03", step=step)
    assert not app.error and "Recommended at rank 1" in told(app)
    assert ("Fallback list" in told(app)) == (step == "0")


def test_data_is_never_markup(odd: Dataset, keep: Callable[..., Dataset], visit: Callable[..., AppTest]) -> None:
    keep(odd, "item-knn")
    app = visit(PAGE, dataset="odd", model="item-knn", user="many, *really*")
    assert not app.exception and not app.error
    html = "".join(str(each.proto.body) for each in app.get("html"))
    assert "<script>" not in html and "<i>x</i>" not in html
    assert "<script>" not in "".join(each.proto.spec for each in app.get("plotly_chart"))


def test_without_a_checkpoint_it_says_where_to_train(open_page: Callable[..., AppTest]) -> None:
    assert "is not trained on" in told(open_page(PAGE, model="sasrec"))


def test_an_answer_is_stored_and_another_step_gives_another(
    train_tiny: Callable[..., None], open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    train_tiny("markov")
    app = open_page(PAGE, model="markov", user="u03", step="9")
    asked: list[int] = []
    from pages.cache import shared_answers

    original = shared_answers.explain_progressively
    monkeypatch.setattr(shared_answers, "explain_progressively", lambda game, *rest: asked.append(game.step) or original(game, *rest))
    app.run()
    assert asked == []
    app.button(key="next").click().run()
    assert asked == [10]


def test_what_if_moves_the_list(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("sasrec-time")
    app = open_page(PAGE, model="sasrec-time", user="u03", step="9")
    app.segmented_control(key="view").set_value("what-if").run()
    assert "unchanged" in told(app) and "List after the changes" in told(app)
    app.multiselect(key="whatif_gone_u03_9").set_value([8, 7, 6]).run()
    app.select_slider(key="whatif_hour").set_value(3).run()
    text = told(app)
    assert not app.error and ("▲" in text or "new" in text or "a different order" in text)


def test_the_global_view(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("sasrec")
    app = open_page(PAGE, model="sasrec", user="u03")
    app.segmented_control(key="view").set_value("global").run()
    text = told(app)
    assert not app.error and not app.exception
    assert (
        "one at a time" in text
        and "Surrogate model: boosted trees" in text
        and "Surrogate model: a few rules" in text
        and "of the model’s top 10" in text
    )
    assert len(app.get("plotly_chart")) == 5, "two of events, three of the boosted trees"


def test_smallest_addition_that_brings_an_item_in(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("markov")
    app = open_page(PAGE, model="markov", user="u03", step="9")
    text = told(app)
    assert "Smallest addition that brings it in" in text
    wanted = app.selectbox(key="wanted_u03_9")
    assert all(int(option.split(" · ")[0]) > 10 for option in wanted.options)
    for option in range(len(wanted.options)):
        app.selectbox(key="wanted_u03_9").select_index(option).run()
        text = told(app)
        assert not app.error and not app.exception
        assert "evaluation" in text
        assert ("the item would be at rank" in text) != ("events was found that brings it" in text)


def test_a_missed_next_item_is_offered_first(train_tiny: Callable[..., None], open_page: Callable[..., AppTest], tiny: Dataset) -> None:
    train_tiny("popularity")
    model, history = checkpoints.load_checkpoint(checkpoints.find_checkpoint("popularity", "tiny"), "cpu").model, tiny.history("u03")
    listed = {step: [each.item_id for each in recommend(model, request_at(history, step), 10)] for step in range(len(history))}
    missed = next(step for step in listed if history.items[step] not in listed[step])
    hit = next(step for step in listed if history.items[step] in listed[step])
    for step, first in ((missed, "the next item"), (hit, "11 · ")):
        app = open_page(PAGE, model="popularity", user="u03", step=str(step))
        assert first in app.selectbox(key=f"wanted_u03_{step}").options[0]


@pytest.mark.parametrize("view", ["one", "what-if", "global"])
def test_title_and_sentence_stand_before_the_views(view: str, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("markov")
    app = open_page(PAGE, model="markov", user="u03", step="9")
    app.segmented_control(key="view").set_value(view).run()
    kinds = _in_order(app.main)
    assert kinds.index("title") < kinds.index("html") < kinds.index("button_group"), kinds


def _in_order(block: object) -> list[str]:
    """Return the types of all elements in the order of the page."""
    children = getattr(block, "children", None)
    if children is None:
        return [str(getattr(block, "type", ""))]
    return [kind for at in sorted(children) for kind in _in_order(children[at])]

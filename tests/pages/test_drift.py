"""The page on drift: someone who moved, someone without a change, data without times, and the way to the next who changed."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.inspect.drift.report_view import cards, lead
from recsys.datasets import open_dataset
from recsys.drift import build_feature_space, detect_drift
from tests.conftest import build
from tests.pages.conftest import told

PAGE = "inspect/drift/page.py"
MOVED = "p0015"  # moved house in August 2024, by the truth of the demo
TURNED = "p0016"  # took something up and stayed where they were, by the same


def test_a_move_is_dated_said_and_drawn(visit: Callable[..., AppTest]) -> None:
    app = visit(PAGE, dataset="demo-city", user=MOVED, model="popularity", step="60")
    assert not app.exception
    words = told(app)
    assert "they moved from <b>Northgate" in words and "to <b>Orchard Park" in words
    assert "of 1,000 shuffled lives" in words and "nine times in ten between" in words
    assert len(app.get("plotly_chart")) == 7  # stream, two before and after, map, hours, calendar, hits
    assert "of changes as sure as this 99% were real" in words
    assert "Northgate, then Orchard Park" in words  # where the nights are
    assert "over the whole time" in words  # distances are not of before or after
    assert "within 1 km of home" not in words  # of which?


def test_who_only_turned_to_something_else_is_not_said_to_have_moved(visit: Callable[..., AppTest]) -> None:
    """Seen after either side of the change alone, the nights of one in six of them seem to be elsewhere."""
    words = told(visit(PAGE, dataset="demo-city", user=TURNED, model="popularity", step="0"))
    assert "they turned" in words and "home, where the nights are" in words
    assert ", then " not in words and "within 1 km of home" in words


@pytest.mark.parametrize(("p_value", "word"), [(0.002, "they moved"), (0.008, "they probably moved"), (0.04, "they perhaps moved")])
def test_a_change_is_told_as_surely_as_it_is_known(p_value: float, word: str) -> None:
    dataset = open_dataset("demo-city")
    report = detect_drift(dataset, build_feature_space(dataset), MOVED)
    report = replace(report, changes=tuple(replace(change, p_value=p_value) for change in report.changes))
    assert word in lead(report, "event")
    assert (word.split()[1].capitalize() + " moved, " in cards(report)) == (p_value > 0.0021)


def test_from_any_page_to_the_next_who_changed(visit: Callable[..., AppTest]) -> None:
    app = visit("explore/timeline/page.py", dataset="demo-city", user=MOVED, model="popularity", step="0")
    assert "dashes: interest changed" in app.get("plotly_chart")[0].proto.spec
    app.button(key="changed").click().run()
    user, step = app.session_state["user"], app.session_state["step"]
    assert not app.exception and user != MOVED
    app.switch_page(PAGE).run()
    assert "Around" in told(app)
    dataset = open_dataset("demo-city")
    assert step in [change.step for change in detect_drift(dataset, build_feature_space(dataset), user).lasting]


@pytest.mark.parametrize("view", ["category", "area", "hour"])
def test_every_way_of_counting_is_drawn(view: str, visit: Callable[..., AppTest]) -> None:
    app = visit(PAGE, dataset="demo-city", user=MOVED, model="popularity")
    app.segmented_control(key=f"drift_view_demo-city_{MOVED}").set_value(view).run()
    assert not app.exception


def test_data_without_times_tells_steps(open_page: Callable[..., AppTest]) -> None:
    app = open_page(PAGE, dataset="order-only")
    assert "not their times" in told(app) or "Nothing is known" in told(app)
    app.toggle(key="drift_everybody").set_value(True).run()
    assert not app.exception and "what everybody did at the same time" in told(app)
    assert app.button(key="look_at_everybody"), "who changed is counted without times too"


def test_the_model_and_the_words_are_asked_too(monkeypatch: pytest.MonkeyPatch, visit: Callable[..., AppTest]) -> None:
    app = visit(PAGE, dataset="demo-city", user=MOVED, model="sasrec", step="60")
    assert not app.exception
    words = told(app).lower()
    assert "in the state of transformer" in words and "in the words" not in words, "words that nobody has read yet"
    assert len(app.get("plotly_chart")) == 9  # the way and the distances too
    assert app.button(key="read_words")
    vectors = np.random.default_rng(0).normal(size=(len(open_dataset("demo-city").items), 12)).astype(np.float32)
    monkeypatch.setattr("recsys.text.TextEncoder.knows", lambda *_: True)
    monkeypatch.setattr("recsys.text.item_vectors", lambda *_: vectors)
    app.run()
    assert not app.exception and "in the words about the items" in told(app).lower()
    app.segmented_control(key="drift_way").set_value("model").run()
    assert not app.exception and "wandered, in the model" in app.get("plotly_chart")[6].proto.spec


def test_few_events_are_said_to_be_few(open_page: Callable[..., AppTest]) -> None:
    assert "Nothing can be said" in told(open_page(PAGE, dataset="tiny", user="u03"))


HERE = np.array([40.0, -74.0])
ODD = {
    "one place": (np.arange(60) * 5.0, np.zeros((6, 2)) + HERE, "kind"),
    "one minute": (np.arange(60) / 60 / 1440, np.arange(12).reshape(6, 2) / 100 + HERE, "kind"),
    "the pole": (np.arange(60) * 5.0, np.column_stack([np.full(6, 89.999), np.arange(6) * 60 - 180]), "kind"),
    "the date line": (np.arange(60) * 5.0, np.column_stack([np.full(6, -17.0), [179.9, -179.9, 179.8, -179.8, 180, -180]]), "kind"),
    "three events": (np.arange(3) * 5.0, np.arange(12).reshape(6, 2) / 100 + HERE, "kind"),
    "no kinds": (np.arange(60) * 5.0, np.arange(12).reshape(6, 2) / 100 + HERE, None),
    "no places": (np.arange(60) * 5.0, np.full((6, 2), np.nan), "kind"),
}


@pytest.mark.parametrize("name", list(ODD))
def test_odd_lives_are_drawn(own_home: None, name: str, keep: Callable[..., object], visit: Callable[..., AppTest]) -> None:
    days, places, kind = ODD[name]
    items = [f"i{at}" for at in range(6)]
    pairs = [("anna", items[0 if name == "one place" else at % 6]) for at in range(len(days))] + [("zoe", item) for item in items] * 4
    table = pd.DataFrame({"category": [kind and f"{kind} {at % 3}" for at in range(6)]}, index=items).assign(
        latitude=places[:, 0], longitude=places[:, 1]
    )
    times = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.concatenate([days, np.arange(24) * 3.0]), unit="D").round("s")
    keep(build(pairs, name="odd", items=table, timestamp=times))
    app = visit(PAGE, dataset="odd", user="anna", model="markov")
    assert not app.exception and not app.error
    app.toggle(key="drift_everybody").set_value(True).run()
    assert not app.exception and not app.error
    assert len(app.get("plotly_chart")) >= 3


def test_ids_that_hold_markup_are_shown_as_they_are(
    own_home: None, odd: object, keep: Callable[..., object], visit: Callable[..., AppTest]
) -> None:
    keep(odd)
    app = visit(PAGE, dataset="odd", user="many, *really*")
    assert not app.exception
    assert "<i>x</i>" not in told(app) and "<script" not in told(app)


def test_everybody_and_the_hours_to_come_are_asked_for(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("spatiotemporal")
    app = open_page(PAGE, model="spatiotemporal", user="u03", step="5")
    before = len(app.get("plotly_chart"))
    app.toggle(key="drift_forecast").set_value(True).run()
    assert not app.exception and len(app.get("plotly_chart")) == before + 2
    app.toggle(key="drift_everybody").set_value(True).run()
    assert not app.exception and len(app.get("plotly_chart")) == before + 6
    app.button(key="look_at_everybody").click().run()
    assert not app.exception and "0 of 12 people" in told(app)
    assert "0 people with one and 0 without are too few" in told(app)


def test_what_changes_cost_the_model_is_told_with_counts_and_intervals(
    own_home: None, monkeypatch: pytest.MonkeyPatch, visit: Callable[..., AppTest]
) -> None:
    dataset = open_dataset("demo-city")
    change = {"time": "2024-11-01T00:00:00Z", "kind": "place", "size": 0.5, "words": "from here to there"}
    reports = [{"user": str(user), "changes": [change] if at % 2 else []} for at, user in enumerate(dataset.user_ids[:60])]
    monkeypatch.setattr("pages.cache.drift.changes_of_all", lambda _: reports)
    monkeypatch.setattr("pages.cache.changes_of_all", lambda _: reports)
    app = visit(PAGE, dataset="demo-city", user=MOVED, model="popularity")
    app.toggle(key="drift_everybody").set_value(True).run()
    charts = len(app.get("plotly_chart"))
    app.button(key="ask_cost").click().run()
    assert not app.exception and len(app.get("plotly_chart")) == charts + 1
    assert "After the largest change of 24 people" in told(app) and "of 27 people without one" in told(app)
    assert "% of these events" in told(app) and "not how well it would have foreseen one" in told(app)
    assert not [button for button in app.button if button.key == "ask_cost"]

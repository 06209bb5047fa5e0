"""The Drift page: a user who moved, one without a change, data without times, and the next user with drift."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.inspect.drift.report_text import evidence_html
from recsys.datasets import open_dataset
from recsys.drift import build_feature_space, detect_drift
from recsys.drift.report_wording import describe_report
from tests.conftest import build
from tests.pages.conftest import told

PAGE = "inspect/drift/page.py"
MOVED = "p0015"  # moved in August 2024, by the ground truth of the demo
TURNED = "p0016"  # took up a new interest without moving, by the ground truth of the demo


def test_a_move_is_dated_described_and_drawn(visit: Callable[..., AppTest]) -> None:
    app = visit(PAGE, dataset="demo-city", user=MOVED, model="popularity", step="60")
    assert not app.exception
    words = told(app)
    assert "the user moved from <b>Northgate" in words and "to <b>Orchard Park" in words
    assert "of 1,000 shuffled timelines" in words and "(90% interval)" in words
    assert len(app.get("plotly_chart")) == 7  # stream, two before and after, map, hours, calendar, hits
    assert "99% of changes detected with this certainty were real" in words
    assert "Northgate → Orchard Park" in words  # home
    assert "over the whole timeline" in words  # distances are not split at the change
    assert "within 1 km of home" not in words  # of which?


def test_a_change_of_interest_is_not_a_move(visit: Callable[..., AppTest]) -> None:
    """Measured on either side of the change alone, home seems to be elsewhere for one such user in six."""
    words = told(visit(PAGE, dataset="demo-city", user=TURNED, model="popularity", step="0"))
    assert "interest shifted" in words and "home (evenings and nights)" in words
    assert " → " not in words and "within 1 km of home" in words


@pytest.mark.parametrize(("p_value", "word"), [(0.002, "user moved"), (0.008, "user probably moved"), (0.04, "user possibly moved")])
def test_the_certainty_of_a_change_is_stated(p_value: float, word: str) -> None:
    dataset = open_dataset("demo-city")
    report = detect_drift(dataset, build_feature_space(dataset), MOVED)
    report = replace(report, changes=tuple(replace(change, p_value=p_value) for change in report.changes))
    assert word in describe_report(report, "event")
    title = {0.002: "Move, ", 0.008: "Probable move, ", 0.04: "Possible move, "}[p_value]
    assert f"<b>{title}" in evidence_html(report)


def test_from_any_page_to_the_next_user_with_drift(visit: Callable[..., AppTest]) -> None:
    app = visit("explore/timeline/page.py", dataset="demo-city", user=MOVED, model="popularity", step="0")
    assert "rs-line-change" in told(app)
    app.button(key="changed").click().run()
    user, step = app.session_state["user"], app.session_state["step"]
    assert not app.exception and user != MOVED
    app.switch_page(PAGE).run()
    assert "Around" in told(app)
    dataset = open_dataset("demo-city")
    assert step in [change.step for change in detect_drift(dataset, build_feature_space(dataset), user).lasting]


@pytest.mark.parametrize("view", ["category", "area", "hour"])
def test_every_view_is_drawn(view: str, visit: Callable[..., AppTest]) -> None:
    app = visit(PAGE, dataset="demo-city", user=MOVED, model="popularity")
    app.segmented_control(key=f"drift_view_demo-city_{MOVED}").set_value(view).run()
    assert not app.exception


def test_data_without_times_has_steps(open_page: Callable[..., AppTest]) -> None:
    app = open_page(PAGE, dataset="order-only")
    assert "but no times" in told(app) or "have no category" in told(app)
    app.toggle(key="drift_everybody").set_value(True).run()
    assert not app.exception and "cannot be compared with one another" in told(app)
    assert app.button(key="look_at_everybody"), "changes are detected without times too"


def test_text_embeddings_and_the_model_state_support_a_change(monkeypatch: pytest.MonkeyPatch, visit: Callable[..., AppTest]) -> None:
    app = visit(PAGE, dataset="demo-city", user=MOVED, model="sasrec", step="60")
    assert not app.exception
    words = told(app).lower()
    assert "the state of" in words and "text embeddings support" not in words, "the texts are not encoded yet"
    assert len(app.get("plotly_chart")) == 9  # the trajectory and the distances too
    assert app.button(key="read_words")
    vectors = np.random.default_rng(0).normal(size=(len(open_dataset("demo-city").items), 12)).astype(np.float32)
    monkeypatch.setattr("recsys.text.TextEncoder.are_cached", lambda *_: True)
    monkeypatch.setattr("recsys.text.item_vectors", lambda *_: vectors)
    app.run()
    assert not app.exception and "text embeddings" in told(app).lower()
    app.segmented_control(key="drift_way").set_value("state").run()
    assert not app.exception and "s state" in app.get("plotly_chart")[6].proto.spec


def test_few_events_cannot_be_tested(open_page: Callable[..., AppTest]) -> None:
    assert "Changes cannot be tested" in told(open_page(PAGE, dataset="tiny", user="u03"))


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
def test_odd_timelines_are_drawn(own_home: None, name: str, keep: Callable[..., object], visit: Callable[..., AppTest]) -> None:
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


def test_drift_of_all_users_and_forecast_are_on_request(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("spatiotemporal")
    app = open_page(PAGE, model="spatiotemporal", user="u03", step="5")
    before = len(app.get("plotly_chart"))
    app.toggle(key="drift_forecast").set_value(True).run()
    assert not app.exception and len(app.get("plotly_chart")) == before + 2
    app.toggle(key="drift_everybody").set_value(True).run()
    assert not app.exception and len(app.get("plotly_chart")) == before + 6
    app.button(key="look_at_everybody").click().run()
    assert not app.exception and "0 of 12 users" in told(app)
    assert "0 and 0 were found" in told(app)


def test_the_impact_on_the_model_has_counts_and_intervals(
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
    assert "after the largest change of 24 users" in told(app) and "of 27 users without a change" in told(app)
    assert "% of these events" in told(app) and "not how well it would have predicted" in told(app)
    assert not [button for button in app.button if button.key == "ask_cost"]

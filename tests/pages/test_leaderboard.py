"""Leaderboard: one table for each protocol, intervals, and a test split that is evaluated only on request."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.evaluate.leaderboard.predictions import predictions_html
from pages.evaluate.leaderboard.tables import fitted_sentence, lists_sentence, protocol_sentence, table_html
from recsys.core import Dataset
from recsys.datasets.prepared import write_prepared
from recsys.leaderboard import LeaderboardRow, build_leaderboard_row, group_comparable_rows, run_leaderboard
from recsys.models import MODELS
from recsys.storage.paths import home
from recsys.training.loop import train_model
from tests.pages.conftest import told

PAGE = "evaluate/leaderboard/page.py"


def test_nothing_trained_says_what_to_do(open_page: Callable[..., AppTest]) -> None:
    assert "No model is trained" in told(open_page(PAGE))


def test_models_stand_in_groups_with_intervals(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("popularity", "markov", "frequency")
    app = open_page(PAGE, model="markov")
    text = told(app)
    assert "Models that use neither" in text and "Models that use time or place" in text and "95% intervals" in text
    assert "last-out" in text and "Items seen before stay candidates" in text
    app.button(key="evaluate").click().run()
    assert not app.exception
    assert " ms" in told(app)
    assert "beats" in told(app) or "not significant" in told(app)
    assert "Latency of one request, ms" in app.selectbox(key="board_x").options


def test_one_user_has_no_intervals_and_no_test(make_dataset: Callable[..., Dataset], open_page: Callable[..., AppTest]) -> None:
    times = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(40), "D")
    alone = make_dataset([("me", f"i{at % 7}") for at in range(40)], name="alone", timestamp=times)
    write_prepared(home() / "datasets" / "alone", alone)
    list(run_leaderboard(alone, only=["popularity", "markov"]))
    text = told(open_page(PAGE, dataset="alone", model="markov"))
    assert "There are no intervals: they are over users, and all cases are of one user." in text
    assert "allow no test" in text and "95% intervals" not in text


def test_the_test_split_takes_a_warning_and_a_word(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("popularity")
    app = open_page(PAGE, model="popularity")
    app.segmented_control(key="board_split").set_value("test").run()
    assert "turns the test split into a validation split" in told(app)
    assert app.button(key="evaluate").disabled
    assert "last-out, test" not in told(app)
    app.checkbox(key="test_agreed").check().run()
    app.button(key="evaluate").click().run()
    assert "last-out, test events" in told(app)


def test_what_was_measured_before_is_there_at_once(
    tiny: Dataset, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
) -> None:
    train_tiny("popularity", "markov")
    for which in ("validation", "test"):
        list(run_leaderboard(tiny, which=which, only=["popularity", "markov"]))
    app = open_page(PAGE, model="markov")
    text = told(app)
    assert " ms" in text and ("beats" in text or "not significant" in text)
    assert not [button for button in app.button if button.key == "evaluate"]
    app.segmented_control(key="board_split").set_value("test").run()
    assert "last-out, test" not in told(app), "the test split is read on purpose only"


def test_cold_starts_are_a_choice(
    tiny: Dataset, order_only: Dataset, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
) -> None:
    train_tiny("popularity")
    app = open_page(PAGE, model="popularity")
    app.segmented_control(key="board_part").set_value("new_users").run()
    assert "Not measured yet" in told(app)
    app.button(key="evaluate").click().run()
    (line,) = (step for step in run_leaderboard(tiny, only=["popularity"]) if isinstance(step, LeaderboardRow))
    new = line.slices["new_users"]
    assert new is not None
    assert f"<b>{new.cases:,} case" in told(app)
    assert f"{new.metrics['ndcg@10']:.3f}" in told(app)
    if line.slices["rare_items"] is None:
        app.segmented_control(key="board_part").set_value("rare_items").run()
        assert "No item is rare here" in told(app)


def test_each_ablation_has_its_own_table(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("sasrec", "sasrec-time")
    app = open_page(PAGE, model="sasrec")
    assert "Ablations: effect of each component" not in told(app)
    app.button(key="evaluate").click().run()
    text = told(app)
    assert "Ablations: effect of each component" in text and "Time and place" in text and "Gain in" in text
    assert "compared with each part alone" not in text


def test_models_without_a_line_are_named(order_only: Dataset, open_page: Callable[..., AppTest]) -> None:
    text = told(open_page(PAGE, dataset="order-only"))
    assert "Not trained yet: Popularity" in text
    assert "Not on this leaderboard" in text and "which this dataset does not have" in text


def test_a_model_of_short_lists_has_no_line(
    tiny: Dataset, train_tiny: Callable[..., None], open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    train_tiny("popularity", "markov")
    monkeypatch.setitem(MODELS, "markov", replace(MODELS["markov"], candidates_only=True))
    app = open_page(PAGE, model="popularity")
    app.button(key="evaluate").click().run()
    assert not app.exception
    assert "<td>Markov chain" not in told(app)
    assert "Markov chain: it only ranks a short list" in told(app)
    assert not [option for option in app.selectbox(key="model").options if "Markov chain" in option and "Bilinear" not in option]


def test_a_fusion_is_marked_as_fitted_on_the_validation_events() -> None:
    line = LeaderboardRow("fusion", "fusion", "Fusion", "last-out", "validation", (), {}, {}, 1, 1.0)
    assert "Fusion" in fitted_sentence([line, replace(line, model="markov", title="Markov chain")])
    assert "Markov" not in fitted_sentence([line, replace(line, model="markov", title="Markov chain")])
    assert fitted_sentence([replace(line, split="test"), replace(line, model="fusion-rrf")]) == ""


def test_finished_lists_state_their_depth_and_unmeasured_ones_say_so(tiny: Dataset) -> None:
    line = LeaderboardRow("a", "lists", "A", "last-out", "validation", (), {}, {}, 1, 1.0, depth=10)
    assert lists_sentence(line) == "lists of up to 10 items"
    assert lists_sentence(replace(line, listed=(3, 1200))) == "lists of up to 10 items; 3 of 1,200 cases have one, the others are misses"
    assert lists_sentence(replace(line, depth=None)) == ""
    assert "lists of up to 10 items" in table_html([line], "a")
    assert "has been measured on these events yet" in protocol_sentence(tiny, "last-out", "validation", [line])
    measured = replace(line, metrics={"ndcg@10": 0.1})
    assert "all cases are of one user" in protocol_sentence(tiny, "last-out", "validation", [line, measured])
    assert "95% intervals" in protocol_sentence(tiny, "last-out", "validation", [replace(measured, intervals={"ndcg@10": (0.0, 0.2)})])


def test_predicted_ratings_stand_beside_a_baseline(tiny: Dataset) -> None:
    line = LeaderboardRow("a", "markov", "A <b>", "last-out", "test", (), {}, {}, 1, 1.0)
    assert predictions_html([line], "rmse") == ""
    figures = {"rmse": 0.8, "rmse_baseline": 1.0, "rmse_gain": 0.2}
    html = predictions_html([line, replace(line, metrics=figures, intervals=dict.fromkeys(figures, (0.1, 1.2)))], "rmse")
    assert "the mean rating" in html and "0.800" in html and "1.000" in html and html.count("<tr>") == 2
    assert "A &lt;b&gt;" in html


def test_two_protocols_never_share_a_table(tiny: Dataset, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("popularity", "markov")
    list(train_model("markov", tiny, protocol="temporal", name="markov-later"))
    app = open_page(PAGE, model="popularity")
    tables = [str(each.proto.body) for each in app.get("html") if "<table" in str(each.proto.body)]
    assert len(tables) == 2
    assert sum("markov-later" in table for table in tables) == 1
    assert "temporal, validation events" in told(app)


def test_lines_are_grouped_by_protocol_and_best_first(tiny: Dataset, tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    lines = []
    for name, protocol in (("popularity", "last-out"), ("markov", "last-out"), ("markov", "temporal")):
        *_, last = train_model(name, tiny, protocol=protocol, folder=tmp_path_factory.mktemp("board") / name)
        assert last.card is not None
        lines.append(build_leaderboard_row(last.card, tiny))
    found = group_comparable_rows(lines, "ndcg@10")
    assert list(found) == [("last-out", "validation"), ("temporal", "validation")]
    values = [line.metrics["ndcg@10"] for line in found["last-out", "validation"]]
    assert values == sorted(values, reverse=True)

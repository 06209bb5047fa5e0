"""Figures of datasets, attention, explanations, the leaderboard and training: drawn from small and from odd results."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from recsys.analysis.attention import AttentionSummary
from recsys.analysis.dataset_stats import summarize_dataset
from recsys.core import Dataset
from recsys.datasets.build import build_dataset
from recsys.explain.explanation import Explanation, Player
from recsys.explain.fidelity.deletion import Curve, Fidelity
from recsys.explain.global_.global_importance import GlobalImportance, summarize_importance
from recsys.figures import attention, dataset_stats, explanation, global_importance, leaderboard, training
from recsys.figures.maps import fit_map_view
from recsys.figures.palette import DARK, LIGHT, Palette

HTML = "<script>alert(1)</script>"


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def colours(request: pytest.FixtureRequest) -> Palette:
    return request.param  # type: ignore[no-any-return]


def assert_valid(figure: go.Figure, colours: Palette) -> str:
    """The figure as JSON, with a title, no raw HTML from data and no network."""
    text = str(figure.to_json())
    assert figure.layout.title.text
    assert "<script>" not in text and "\\u003cscript" not in text
    assert "http" not in text
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
    return text


def single_event() -> Dataset:
    events = pd.DataFrame({"user_id": ["a"], "item_id": [HTML], "timestamp": pd.to_datetime(["2024-01-01"]), "rating": [5.0]})
    return build_dataset(name="one", title="One", interactions=events, items=pd.DataFrame({"item_id": [HTML]}), repeats=True)


def test_dataset_statistics(tiny: Dataset, colours: Palette) -> None:
    for data in (tiny, single_event()):
        counted = summarize_dataset(data)
        tail = dataset_stats.long_tail(counted, colours)
        assert_valid(tail, colours)
        busiest = np.sort(np.bincount(data.item_codes)[1:])[::-1]
        assert tail.data[1].y[-1] == 100 and any(np.isclose(tail.data[1].y, 100 * busiest[0] / busiest.sum()))
        assert_valid(dataset_stats.hour_map(counted, colours), colours)
        assert_valid(dataset_stats.weekly_events(counted, HTML, colours), colours)


def test_bars_keep_the_colours_of_categories_and_sum_up_the_rest(colours: Palette) -> None:
    figure = dataset_stats.value_bars(
        "Kinds", {f"k{at}": 10 for at in range(20)} | {HTML: 1}, "items", colours, most=9, tints={"k1": "#123456"}
    )
    assert_valid(figure, colours)
    bars = figure.data[0]
    assert len(bars.y) == 10 and bars.y[-1] == "all others" and bars.x[-1] == 111
    assert bars.marker.color[1] == "#123456"


def test_the_map_of_a_city(tiny: Dataset, colours: Palette) -> None:
    places = tiny.item_places
    assert places is not None
    known = np.isfinite(places).all(axis=1)
    counts = np.arange(int(known.sum()))
    figure = dataset_stats.place_map(fit_map_view(places, places[known]), counts, [HTML] * len(counts), colours)
    assert_valid(figure, colours)
    assert sum(len(trace.x) for trace in figure.data) >= len(counts)


def summary(events: int, step: int) -> AttentionSummary:
    weights = np.full(events, 0.8 / max(events, 1))
    return AttentionSummary(
        step, "mean", np.arange(step - events, step), weights, 0.2, np.linspace(500, 0, events), np.full(events, np.nan)
    )


@pytest.mark.parametrize("events", [1, 3, 399])
def test_attention_at_a_step(events: int, colours: Palette) -> None:
    found, titles = summary(events, events + 2), [HTML] * events
    assert_valid(attention.attention_arcs(found, titles, [colours.other] * events, colours), colours)
    assert found.hours is not None and found.kilometres is not None
    assert_valid(attention.weight_by_gap(found, found.hours, "Older events", "hours", titles, colours), colours)
    assert_valid(attention.weight_by_gap(found, found.kilometres, "Far events", "kilometres", titles, colours), colours)


@pytest.mark.parametrize("size", [2, 30, 400])
def test_the_attention_map_sends_no_more_cells_than_can_be_seen(size: int, colours: Palette) -> None:
    weights = np.tril(np.ones((size, size)))
    weights /= weights.sum(1, keepdims=True)
    figure = attention.attention_map(weights, np.arange(-1, size - 1), [HTML] * size, size - 1, colours)
    assert len(assert_valid(figure, colours)) < 900_000
    shown = min(size, attention.SHOWN)
    assert len(figure.data[1].x) == shown * (shown + 1) // 2  # heat maps return no selection: points lie over the cells
    assert figure.data[1].customdata[-1] == size - 1


def test_shares(colours: Palette) -> None:
    parts = {name: np.full((2, 2), 0.25) for name in ("content", "order", "time", "distance")}
    figure = attention.share_bars(parts, ["block 1", "block 2"], colours)
    assert_valid(figure, colours)
    assert figure.data[0].y == ("Block 1, head 1", "Block 1, head 2", "Block 2, head 1", "Block 2, head 2")


def test_the_scatter_of_models(colours: Palette) -> None:
    marks = [
        leaderboard.Mark(HTML, 10, 0.1, None, (0.05, 0.2), True, True),
        leaderboard.Mark("other", 1000, 0.3, None, None, False, False),
    ]
    figure = leaderboard.trade_off(marks, "Parameters", "NDCG@10", True, False, colours)
    assert_valid(figure, colours)
    assert figure.layout.xaxis.type == "log" and sorted(at for trace in figure.data for at in trace.x) == [10, 1000]
    assert_valid(leaderboard.trade_off(marks[:1], "MRR", "NDCG@10", False, False, colours), colours)


def test_labels_without_room_are_shown_on_hover(colours: Palette) -> None:
    """Forty models at one point: the chosen one is labelled first, and every name is shown on hover."""
    marks = [leaderboard.Mark(f"model {at}", 10.0, 0.1 + at * 1e-6, None, None, False, at == 7) for at in range(40)]
    marks.append(leaderboard.Mark("far away", 20.0, 0.5, None, None, False, False))
    trace = leaderboard.trade_off(marks, "MRR", "NDCG@10", False, False, colours).data[0]
    assert sum(bool(text) for text in trace.text) < 8
    assert trace.text[40] == "far away"
    assert trace.text[7] == "model 7"
    assert list(trace.customdata) == [mark.title for mark in marks]
    apart = [leaderboard.Mark(f"model {at}", float(at), float(at), None, None, False, False) for at in range(6)]
    assert all(leaderboard.trade_off(apart, "MRR", "NDCG@10", False, False, colours).data[0].text)


@pytest.mark.parametrize("epochs", [1, 2, 80])
def test_curves(epochs: int, colours: Palette) -> None:
    history = [{"epoch": at + 1, "loss": 5.0 / (at + 1), "ndcg@10": 0.1 * np.sin(at)} for at in range(epochs)]
    assert_valid(training.loss_curve(history, colours), colours)
    figure = training.validation_curve(history, colours)
    assert_valid(figure, colours)
    best = int(np.argmax([each["ndcg@10"] for each in history])) + 1
    assert f"Best epoch: {best}," in figure.layout.title.text


@pytest.mark.parametrize("count", [0, 1, 40])
def test_contributions(count: int, colours: Palette) -> None:
    values = np.linspace(3, -1, count)
    players = tuple(Player(HTML, "event", (at,), HTML) for at in range(count))
    errors, score = np.full(count, 0.1), 1.0 + float(values.sum()) + 0.5
    explained = Explanation("shapley", HTML, count, "logit", "delete", players, values, errors, 1.0, score, 9, 0.1, False)
    beside = {HTML: values, "Attention": None}
    figure = explanation.contribution_bars(explained, [HTML] * count, ["now"] * count, beside, colours)
    assert_valid(figure, colours)
    labels = figure.layout.yaxis.ticktext
    assert "Baseline" in labels[0] and labels[-1] == "Total" and "Residual" in labels[-2]
    assert len(labels) == (min(count, 10) + 3 + (count > 11))
    drawn = figure.data[0]
    assert drawn.base[0] == 1.0 if count else True
    assert float(np.sum(drawn.x)) == pytest.approx(score - 1.0), "the bars lead from the baseline to the score"


def test_deletion_curves_and_global_importance(colours: Palette) -> None:
    counts = np.arange(6)
    curve = Curve(counts, 5.0 - counts, 1.0 * counts, counts + 1, counts + 1, 1.0, 10)
    found = Fidelity({"a": curve, "b": curve}, (curve, curve), {"a": np.ones(5), "b": np.ones(5)}, np.ones((2, 2)))
    figure = explanation.deletion_curves(found, {"a": HTML}, "logit", colours)
    assert_valid(figure, colours)
    assert len(figure.data) == 3, "a method without a title is left out"
    seen = GlobalImportance(np.linspace(-1, 2, 30), np.arange(30) % 5, {HTML: (np.arange(30) % 2, ("yes", HTML))}, None)
    assert_valid(global_importance.beeswarm(seen, summarize_importance(seen), colours), colours)
    assert_valid(global_importance.category_map([HTML, "b"], np.array([[1.0, np.nan], [-0.5, 0.0]]), colours), colours)

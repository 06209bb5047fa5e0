"""Explanations as objects of the library shap, drawn by its plots."""

import os
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import recsys
from recsys.core.errors import DataError
from recsys.datasets import open_dataset
from recsys.explain import METHODS, Explanation, Player
from recsys.explain.global_.boosted_surrogate import fit_boosted_surrogate
from recsys.explain.global_.global_importance import AGE, measure_global_importance
from recsys.explain.shap_values import to_shap

finite = st.floats(-100, 100).map(lambda value: round(value, 6))


def make_explanation(labels: list[str], values: list[float], residual: float = 0.0) -> Explanation:
    array = np.array(values, dtype=float)
    players = tuple(Player(label, "event", (at,)) for at, label in enumerate(labels))
    return Explanation(
        "shapley", "i", len(labels), "logit", "delete", players, array, np.abs(array) / 10, 0.5, 0.5 + array.sum() + residual, 1, 0.0, True
    )


@given(st.lists(st.tuples(st.sampled_from("abc"), finite), min_size=1, max_size=8), st.floats(-5, 5))
def test_one_adds_up_to_its_score_and_names_are_distinct(players: list[tuple[str, float]], residual: float) -> None:
    found = make_explanation([label for label, _value in players], [value for _label, value in players], residual)
    shown = to_shap(found)
    assert shown.base_values + shown.values.sum() == pytest.approx(found.score, abs=1e-6)
    assert len(set(shown.feature_names)) == len(shown.feature_names) == len(shown.values)


@given(st.lists(st.lists(st.tuples(st.sampled_from("abcd"), finite), max_size=6), min_size=1, max_size=5).filter(any))
def test_several_add_up_row_by_row_and_absent_players_add_nothing(histories: list[list[tuple[str, float]]]) -> None:
    found = [make_explanation([label for label, _ in each], [value for _, value in each]) for each in histories]
    shown = to_shap(found)
    np.testing.assert_allclose(shown.base_values + shown.values.sum(axis=1), [each.score for each in found], atol=1e-6)
    for row, each in enumerate(histories):
        for column, name in enumerate(shown.feature_names):
            values = [value for label, value in each if label == name]
            assert shown.values[row, column] == pytest.approx(sum(values), abs=1e-6) and shown.data[row, column] == len(values)


def test_nothing_to_explain_by_is_an_error() -> None:
    for found in (make_explanation([], []), [make_explanation([], [])]):
        with pytest.raises(DataError, match="no event"):
            to_shap(found)


@pytest.fixture(scope="module")
def explained() -> dict[str, Explanation]:
    data = open_dataset("demo-city")
    model = recsys.load("sasrec", data)
    return {
        method: recsys.explain(model, data, "p0042", step=12, method=method)
        for method in METHODS if method != "closed-form"
    }  # fmt: skip


def test_every_method_converts(explained: dict[str, Explanation]) -> None:
    for found in explained.values():
        shown = to_shap(found)
        assert shown.base_values + shown.values.sum() == pytest.approx(found.score, abs=1e-4)


@pytest.fixture
def plots() -> Iterator[Callable[..., object]]:
    os.environ["MPLBACKEND"] = "Agg"
    import matplotlib.pyplot as plt
    import shap

    def draw(name: str, *arguments: object, **options: object) -> None:
        plt.close("all")
        getattr(shap.plots, name)(*arguments, show=False, **options)
        assert any(axes.has_data() or axes.texts for axes in plt.gcf().axes), f"{name} has drawn nothing"

    yield draw
    plt.close("all")


def test_plots_of_shap_draw_one_and_several(explained: dict[str, Explanation], plots: Callable[..., object]) -> None:
    data = open_dataset("demo-city")
    model = recsys.load("sasrec", data)
    one = to_shap(explained["shapley"])
    plots("waterfall", one)
    plots("bar", one)
    plots("force", one.base_values, one.values, feature_names=one.feature_names, matplotlib=True)
    several = to_shap([recsys.explain(model, data, user, step=6) for user in ("p0042", "p0043", "p0044")])
    for name in ("beeswarm", "bar", "heatmap"):
        plots(name, several)
    plots("scatter", several[:, 0])
    plots("decision", float(several.base_values.mean()), several.values, feature_names=several.feature_names)


def test_global_values_and_trees_convert(plots: Callable[..., object]) -> None:
    from recsys.core.split import split_interactions

    data = open_dataset("demo-city")
    model = recsys.load("markov", data)
    split = split_interactions(data, model.card.protocol)
    found = measure_global_importance(model.model, data, split, (), count=12)
    shown = to_shap(found, AGE)
    codes, levels = found.features[AGE]
    assert shown.values.sum() == pytest.approx(found.values[codes >= 0].sum()) and shown.data.sum() == (codes >= 0).sum()
    assert shown.values.shape == (12, len(levels))
    plots("beeswarm", shown)
    trees = to_shap(fit_boosted_surrogate(model.model, data, split, count=12))
    plots("beeswarm", trees)
    plots("scatter", trees[:, 0])

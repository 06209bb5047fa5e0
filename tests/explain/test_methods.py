"""Attribution methods, each against an independent computation, and every model with every method that it offers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import Dataset, Request, empty_history, request_at
from recsys.core.errors import DataError, UnknownNameError
from recsys.explain import METHODS, Game, explain_item
from recsys.explain.grouping import group_players, refine_grouped_shapley
from recsys.models import MODELS
from tests.conftest import WHOLE
from tests.explain.games import game_of_function, sample_value, shapley_by_definition

LINEAR = ("ease", "item-knn", "item-knn-text")
CAUSAL = ("sasrec", "sasrec-time", "spatiotemporal", "lstm-lm", "llm-lstm", "long-short", "association", "sasrec-text")


def game_of(name: str, model: Any, dataset: Dataset, step: int, item_id: str = "i05", user: str = "u03", **settings: Any) -> Game:
    return Game(model, request_at(dataset.history(user), step), item_id, aware=MODELS[name].aware, **settings)


@pytest.mark.parametrize("name", WHOLE)
class TestEveryModel:
    @pytest.fixture
    def model(self, name: str, tiny: Dataset, trained: Callable[..., Any]) -> Any:
        return trained(name, tiny)

    @pytest.mark.parametrize("step", [0, 1, 7])
    def test_every_method_explains_or_gives_a_reason(self, name: str, model: Any, tiny: Dataset, step: int) -> None:
        game = game_of(name, model, tiny, step)
        for method, spec in METHODS.items():
            reason = spec.why_not(model, game)
            if reason is not None:
                with pytest.raises(DataError, match="is not offered for"):
                    explain_item(game, method)
                continue
            found = explain_item(game, method, budget=300)
            assert (found.method, found.item_id, found.step) == (method, "i05", step)
            assert len(found.values) == len(found.standard_errors) == len(found.players)
            assert np.isfinite(found.values).all()
            np.testing.assert_allclose(found.score, model.score([request_at(tiny.history("u03"), step)])[0, 5], rtol=1e-5)
            if spec.is_additive:  # integrated gradients add up slopes at so many points, which leaves something where the way is steep
                share = 0.05 if method == "integrated-gradients" else 1e-3
                assert abs(found.residual) <= share * abs(found.score - found.baseline) + (2e-4 if share > 0.01 else 2e-5)

    @pytest.mark.parametrize("target", ["probability", "margin"])
    def test_other_targets_add_up_too(self, name: str, model: Any, tiny: Dataset, target: Any) -> None:
        game = game_of(name, model, tiny, 5, target=target)
        found = explain_item(game, "shapley", budget=200)
        assert abs(found.residual) <= 1e-3 * abs(found.score - found.baseline) + 2e-5
        for method in ("gradient", "integrated-gradients"):
            if METHODS[method].why_not(model, game) is None:
                whole = explain_item(game, method)
                assert whole.score == pytest.approx(found.score)
                assert np.isfinite(whole.values).all()

    def test_groups_are_explained(self, name: str, model: Any, tiny: Dataset) -> None:
        groups = group_players(game_of(name, model, tiny, 9), "categories", tiny.items["category"].dropna().get)
        for method, spec in METHODS.items():
            if spec.why_not(model, groups) is None:
                assert len(explain_item(groups, method, budget=200).values) in (3, 4, 5, 6)


@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize("removal", ["delete", "neutral"])
def test_the_closed_form_is_exact(name: str, removal: Any, tiny: Dataset, trained: Callable[..., Any]) -> None:
    for user, step in (("u03", 6), ("u05", 3), ("u07", 1), ("u03", 0)):
        game = game_of(name, trained(name, tiny), tiny, step, user=user, removal=removal)
        found = explain_item(game, "closed-form")
        np.testing.assert_allclose(found.values, shapley_by_definition(step, game.value), atol=1e-6)
        assert found.exact
        assert abs(found.residual) <= 1e-3 * abs(found.score - found.baseline) + 1e-7


@pytest.mark.parametrize("name", ["ease", "item-knn"])
def test_sampled_values_agree_with_the_closed_form_within_their_error(name: str, tiny: Dataset, trained: Callable[..., Any]) -> None:
    game = game_of(name, trained(name, tiny), tiny, 18, user="u00" if len(tiny.history("u00")) >= 18 else "u03")
    exact, sampled = explain_item(game, "closed-form"), explain_item(game, "shapley", budget=400)
    assert not sampled.exact
    apart = np.abs(sampled.values - exact.values) / np.maximum(sampled.standard_errors, 1e-7)
    assert np.median(apart) < 1.5
    assert apart.max() < 5


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_leave_one_out_is_a_difference(seed: int, players: int) -> None:
    value = sample_value("fading", players, np.random.default_rng(seed))
    game = game_of_function(players, value)
    whole = np.ones((1, players), dtype=bool)
    expected = [value(whole)[0] - value(np.arange(players)[None] != i)[0] for i in range(players)]
    found = explain_item(game, "leave-one-out")
    np.testing.assert_allclose(found.values, expected, atol=1e-5)
    assert found.evaluations == 2 + players + (players > 1)  # all, all but one, none, and the score itself


@pytest.mark.parametrize("name", CAUSAL)
def test_the_gradient_is_the_slope(name: str, tiny: Dataset, trained: Callable[..., Any]) -> None:
    """By how much the score moves when one event's vector grows by a thousandth."""
    model = trained(name, tiny)
    game = game_of(name, model, tiny, 5)
    found = explain_item(game, "gradient")
    tokens = next(iter(model._last_batches(model._stream([game.known_request]))))[1]
    own = type(model.embedding).forward
    for at in range(len(game.steps)):
        moved = []
        for grown in (-1e-2, 1e-2):

            def reading(self: Any, codes: torch.Tensor, *rest: Any, grown: float = grown, at: int = at) -> torch.Tensor:
                scale = torch.ones(codes.shape[1])
                scale[codes.shape[1] - len(game.steps) + at] += grown
                return own(self, codes, *rest) * scale[None, :, None]

            model.embedding.forward = reading.__get__(model.embedding)
            try:
                with torch.no_grad():
                    moved.append(float(model.score_items(model(tokens, last_only=True), model.item_vectors())[0, game.column]))
            finally:
                del model.embedding.forward
        np.testing.assert_allclose(found.values[at], (moved[1] - moved[0]) / 2e-2, rtol=2e-2, atol=2e-4)


@pytest.mark.parametrize("name", CAUSAL)
def test_gradients_leave_the_model_unchanged(name: str, tiny: Dataset, trained: Callable[..., Any]) -> None:
    model = trained(name, tiny)
    request = request_at(tiny.history("u03"), 6)
    before, modules = model.score([request]), dict(model._modules)
    explain_item(game_of(name, model, tiny, 6), "integrated-gradients")
    np.testing.assert_array_equal(model.score([request]), before)
    assert all(model._modules[each] is module for each, module in modules.items())
    assert all(each.grad is None for each in model.parameters())


def test_attention_is_the_last_row_of_what_the_page_shows(tiny: Dataset, trained: Callable[..., Any]) -> None:
    from recsys.analysis.attention import MEAN, ROLLOUT, summarize_attention
    from recsys.evaluation.replay import compute_step_attention

    model, history = trained("sasrec-time", tiny), tiny.history("u03")
    shown = compute_step_attention(model, history, 5)
    for method, view in (("attention", MEAN), ("rollout", ROLLOUT)):
        found = explain_item(game_of("sasrec-time", model, tiny, 5), method)
        np.testing.assert_allclose(found.values, summarize_attention(shown, history, view).weights, rtol=1e-5)
        assert all(player.kind == "event" for player in found.players)


def test_a_model_without_gradients_or_attention_says_so(tiny: Dataset, trained: Callable[..., Any]) -> None:
    for name, method, reason in (
        ("markov", "gradient", "no gradients"),
        ("lstm-lm", "rollout", "no attention"),
        ("sasrec", "closed-form", "not a sum"),
    ):
        with pytest.raises(DataError, match=reason):
            explain_item(game_of(name, trained(name, tiny), tiny, 5), method)


def test_an_unknown_method_is_an_error(tiny: Dataset, trained: Callable[..., Any]) -> None:
    with pytest.raises(UnknownNameError, match=r"shaply.*shapley"):
        explain_item(game_of("markov", trained("markov", tiny), tiny, 5), "shaply")


def test_two_thousand_events_most_of_them_beyond_the_model_s_reach(tiny: Dataset, trained: Callable[..., Any]) -> None:
    """The tiny model sees six events at once, in two blocks: eleven tokens in all."""
    history = tiny.history("u03")
    columns = ("items", "times", "utc_offsets", "places", "behaviours", "ratings")
    long = replace(history, texts=None, **{name: np.concatenate([getattr(history, name)] * 200)[:2_000] for name in columns})
    game = Game(trained("sasrec", tiny), Request(long), "i05")
    reach = game.model.receptive_field
    for method in ("gradient", "integrated-gradients", "attention", "leave-one-out"):
        found = explain_item(game, method)
        assert len(found.values) == 2_000
        assert np.abs(found.values[: 2_000 - reach]).max() < 1e-6  # float32 sums in batches of other sizes
        assert found.values[-6:].any()
    *_, opened = refine_grouped_shapley(group_players(game), budget=300)
    assert abs(opened.residual) < 1e-5
    assert sorted(step for player in opened.players for step in player.steps) == list(range(2_000))


def test_an_empty_history_has_no_contributions(tiny: Dataset, trained: Callable[..., Any]) -> None:
    for name in ("sasrec", "spatiotemporal", "ease"):
        game = Game(trained(name, tiny), Request(empty_history()), "i05")
        for method, spec in METHODS.items():
            if spec.why_not(game.model, game) is None:
                found = explain_item(game, method)
                assert found.players == ()
                assert found.residual == pytest.approx(0, abs=1e-6)

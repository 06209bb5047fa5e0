"""RecBole's sequential models: equal to what their papers' networks compute, at every step, and for items that they do not know."""

from typing import Any

import numpy as np
import pytest
import torch

from recsys.analysis.attention import MEAN, ROLLOUT, summarize_attention
from recsys.core import PAD, History, Request, Traces, empty_history, shows_attention
from recsys.evaluation.replay import compute_request_attention, replay_history
from recsys.models import IMPORTED_MODELS
from tests.model_import.recbole_files import MAX_LENGTH, SETTINGS, SHAPE, draw_arrays, reference_scores

NAMES = {"SASRec": "recbole-sasrec", "GRU4Rec": "recbole-gru4rec", "BERT4Rec": "recbole-bert4rec", "NARM": "recbole-narm"}
N_ITEMS = 9
ITEMS = np.array([f"i{number}" for number in range(N_ITEMS)], dtype=object)
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def build(model: str, known: np.ndarray | None = None) -> Any:
    """A model over ITEMS that knows all of them, or those of the mask `known`."""
    model_class = IMPORTED_MODELS[NAMES[model]].load()
    config = model_class.Config(max_length=MAX_LENGTH, **SETTINGS[model])
    arrays = draw_arrays(model, N_ITEMS, 1) | {"is_known": np.ones(N_ITEMS, dtype=bool) if known is None else known}
    return model_class.restore(ITEMS, config, arrays)


def history_of(codes: list[int]) -> History:
    return History(items=np.array([ITEMS[code - 1] if code else "elsewhere" for code in codes], dtype=object))


HISTORIES = [[3], [1, 2], [4, 4, 4], [1, 2, 3, 4, 5], [9, 8, 7, 6, 5, 4], [2, 9, 4, 1, 1, 7, 3, 8, 5, 6, 2, 4]]


@pytest.mark.parametrize("model", NAMES)
class TestEveryNetwork:
    @pytest.mark.parametrize("codes", HISTORIES, ids=len)
    def test_scores_are_those_of_the_network(self, model: str, codes: list[int]) -> None:
        scores = build(model).score([Request(history_of(codes))])
        assert scores.dtype == np.float32
        np.testing.assert_allclose(scores[0], reference_scores(model, draw_arrays(model, N_ITEMS, 1), codes, N_ITEMS), **CLOSE)

    def test_many_requests_score_as_one(self, model: str) -> None:
        network, requests = build(model), [Request(history_of(codes)) for codes in (*HISTORIES, [], [PAD])]
        together = network.score(requests)
        for row, request in zip(together, requests, strict=True):
            np.testing.assert_allclose(row, network.score([request])[0], **CLOSE)
        assert network.score([]).shape == (0, N_ITEMS)

    def test_a_trace_is_step_by_step_scoring(self, model: str) -> None:
        network = build(model)
        assert isinstance(network, Traces)
        for codes in ([], [5], [2, PAD, 9, 4, 1, 1, PAD, 7, 3, 8, 5, 6, 2, 4, PAD]):
            history = history_of(codes)
            steps = np.arange(len(codes) + 1)
            by_step = network.score([Request(history.until(step)) for step in steps])
            np.testing.assert_allclose(network.score_trace(network.trace(history), steps), by_step, **CLOSE)
            assert len(replay_history(network, history, repeats=True).ranks) == len(codes) + 1

    def test_subsets_score_as_histories(self, model: str) -> None:
        network, history = build(model), history_of(HISTORIES[-1])
        keep = np.random.default_rng(0).random((20, len(history))) < 0.5
        keep[0], keep[1] = False, True
        scores = network.score_subsets(Request(history), keep)
        alone = network.score([Request(history.without(np.flatnonzero(~row))) for row in keep])
        np.testing.assert_allclose(scores, alone, **CLOSE)
        np.testing.assert_allclose(network.score_subsets(Request(history), keep, column=4), alone[:, [4]], **CLOSE)
        replaced = [History(items=np.where(row, history.items, "i0")) for row in keep]
        np.testing.assert_allclose(
            network.score_subsets(Request(history), keep, instead="i0"), network.score([Request(each) for each in replaced]), **CLOSE
        )

    def test_items_that_it_does_not_know_are_ignored_and_never_recommended(self, model: str) -> None:
        known = ~np.isin(ITEMS, ["i2", "i5"])
        network, whole = build(model, known), build(model)
        scores = network.score([Request(history_of([1, 3, 4, 6, 7]))])[0]
        assert (np.isinf(scores) == ~known).all()
        np.testing.assert_allclose(scores[known], whole.score([Request(history_of([1, 4, 7]))])[0][known], **CLOSE)
        some = network.score([Request(history_of([1, 3, 4]), candidates=("i2", "i3"))])[0]
        assert np.flatnonzero(np.isfinite(some)).tolist() == [3]
        trace = network.trace(history_of([1, 3, 4, 6, 7]))
        np.testing.assert_array_equal(trace.states[1], trace.states[2])

    def test_an_empty_history_scores_every_item_and_says_so(self, model: str) -> None:
        network = build(model)
        request = Request(empty_history("nobody"))
        assert np.isfinite(network.score([request])).all()
        assert network.fallback(request)
        assert network.fallback(Request(history_of([PAD])))
        assert network.fallback(Request(history_of([1]))) is None
        if model == "BERT4Rec":  # it never sees the first event
            np.testing.assert_allclose(network.score([request]), network.score([Request(history_of([3]))]), **CLOSE)
        else:
            assert np.ptp(network.score([request])) == 0

    def test_restoring_from_arrays_is_exact(self, model: str) -> None:
        network = build(model, np.arange(N_ITEMS) != 3)
        again = type(network).restore(network.item_ids, network.config, network.arrays())
        requests = [Request(history_of(codes)) for codes in HISTORIES]
        np.testing.assert_array_equal(network.score(requests), again.score(requests))
        assert network.item_vectors().shape == (N_ITEMS, 6)

    def test_parameters_of_another_shape_are_an_error(self, model: str) -> None:
        network = build(model)
        arrays = network.arrays() | {"item_embedding.weight": np.zeros((3, 6), dtype=np.float32)}
        with pytest.raises(RuntimeError, match="size mismatch"):
            type(network).restore(ITEMS, network.config, arrays)


def attention_of(model: str, tokens: list[int], causal: bool) -> np.ndarray:
    """Attention of the first layer (heads, n, n), by its equation."""
    arrays = {name: value.astype(np.float64) for name, value in draw_arrays(model, N_ITEMS, 1).items()}
    x = arrays["item_embedding.weight"][tokens] + arrays["position_embedding.weight"][: len(tokens)]
    x = (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True) * arrays["LayerNorm.weight"] + arrays["LayerNorm.bias"]
    root, weights = "trm_encoder.layer.0.multi_head_attention.", []
    query, key = (x @ arrays[f"{root}{name}.weight"].T + arrays[f"{root}{name}.bias"] for name in ("query", "key"))
    for head in (slice(0, 3), slice(3, 6)):
        raw = np.exp(query[:, head] @ key[:, head].T / np.sqrt(3))
        raw = np.tril(raw) if causal else raw
        weights.append(raw / raw.sum(-1, keepdims=True))
    return np.array(weights)


class TestAttention:
    def test_of_sasrec_lies_on_the_window(self) -> None:
        codes = [2, 9, 4, 1, 7, 3, 8]
        attention = compute_request_attention(build("SASRec"), Request(history_of(codes)))
        assert attention.weights.shape == (SHAPE["n_layers"], 2, 8, 8)
        np.testing.assert_allclose(attention.weights.sum(-1), 1, atol=1e-6)
        np.testing.assert_allclose(attention.weights[0][:, 3:, 3:], attention_of("SASRec", codes[-5:], causal=True), atol=1e-5)
        np.testing.assert_array_equal(attention.weights[:, :, :3, :3], np.broadcast_to(np.eye(3), (2, 2, 3, 3)))

    def test_of_bert4rec_is_that_of_the_mask_in_place_of_the_start(self) -> None:
        codes = [2, 9, 4, 1, 7, 3, 8]
        attention = compute_request_attention(build("BERT4Rec"), Request(history_of(codes)))
        wanted = attention_of("BERT4Rec", [*codes[-4:], N_ITEMS + 1], causal=False)
        np.testing.assert_allclose(attention.weights[0][:, 0, [4, 5, 6, 7, 0]], wanted[:, -1], atol=1e-5)
        np.testing.assert_allclose(attention.weights.sum(-1), 1, atol=1e-6)
        assert attention.query == 0

    def test_of_bert4rec_is_read_and_followed_from_the_mask(self) -> None:
        history, network = history_of([2, 9, 4, 1, 7, 3, 8]), build("BERT4Rec")
        attention = compute_request_attention(network, Request(history))
        mean = summarize_attention(attention, history, MEAN)
        np.testing.assert_allclose([mean.start, *mean.weights], attention.weights.mean((0, 1))[0], atol=1e-6)
        first, second = (0.5 * block.mean(0) + 0.5 * np.eye(8) for block in attention.weights)
        followed = summarize_attention(attention, history, ROLLOUT)
        np.testing.assert_allclose([followed.start, *followed.weights], (second @ first)[0], atol=1e-6)
        assert followed.start > 0.25  # half of the mask's own state stays in each block

    def test_leaves_out_unknown_events(self) -> None:
        known = np.arange(N_ITEMS) != 3
        for model in ("SASRec", "BERT4Rec"):
            network = build(model, known)
            trace = network.trace(history_of([1, 4, 2, 4]), attention=True)
            decisive = trace.attention[:, :, trace.query]
            np.testing.assert_array_equal(decisive[:, :, [2, 4]], 0)
            assert (decisive[:, :, 3] > 0).all()
            assert network.trace(history_of([4]), attention=True).attention.shape == (2, 2, 2, 2)

    def test_is_shown_by_those_that_attend_alone(self) -> None:
        for model in NAMES:
            has = model in ("SASRec", "BERT4Rec")
            assert shows_attention(build(model)) == IMPORTED_MODELS[NAMES[model]].shows_attention == has
            assert (build(model).trace(history_of([1, 2]), attention=True).attention is not None) == has


@pytest.mark.parametrize("act", ["relu", "swish", "tanh", "sigmoid"])
def test_activations_of_recbole(act: str) -> None:
    by_name = {"relu": torch.relu, "swish": lambda x: x * torch.sigmoid(x), "tanh": torch.tanh, "sigmoid": torch.sigmoid}
    from recsys.models.imported.recbole_transformer import ACTIVATIONS

    x = torch.linspace(-3, 3, 13)
    torch.testing.assert_close(ACTIVATIONS[act](x), by_name[act](x))
    assert set(ACTIVATIONS) == {"gelu", *by_name}

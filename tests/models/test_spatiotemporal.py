"""The pointer and the mixture against plain ways of computing the same thing."""

import numpy as np
import pytest
import torch

from recsys.core import History, Request, request_at
from recsys.models.base.causal import compute_mixture_scores
from recsys.models.base.sequences import build_request_stream, compute_hours_of_week
from recsys.models.layers.losses import mixed_softmax_loss
from recsys.models.layers.pointer import bucket_hours
from recsys.models.spatiotemporal import SpatioTemporal, SpatioTemporalConfig

ITEMS = np.array([f"i{n}" for n in range(12)], dtype=object)


def model(**settings: object) -> SpatioTemporal:
    torch.manual_seed(4)
    made = SpatioTemporal(ITEMS, SpatioTemporalConfig(embedding_size=16, text="none", **settings))
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    made.middle.copy_(torch.tensor([40.5, -73.5]))
    made.spots.copy_(made._features(torch.from_numpy(places(len(ITEMS)))))
    return made.eval()


def places(count: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.column_stack([rng.uniform(40.4, 40.6, count), rng.uniform(-73.6, -73.4, count)])


def history(length: int, seed: int = 0) -> History:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, len(ITEMS), length)
    times = 1.6e9 + np.cumsum(rng.exponential(40_000, length))
    return History(items=ITEMS[codes], times=times, utc_offsets=np.full(length, 60.0), places=places(len(ITEMS))[codes])


def test_mixed_loss_and_its_gradients_equal_the_plain_composition() -> None:
    torch.manual_seed(0)
    values = [torch.randn(600, 8, requires_grad=True), torch.randn(50, 8, requires_grad=True)]
    share, rest = torch.randn(600, requires_grad=True), (torch.randn(600) - 3).requires_grad_()
    targets = torch.randint(0, 50, (600,))
    weights = torch.rand(600) + 0.5
    loss = mixed_softmax_loss(*values, targets, share, rest, weights)
    (2 * loss).backward()
    leaves = [*values, share, rest]
    ours = [leaf.grad.clone() for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    logs = torch.log_softmax(values[0] @ values[1].T, 1)[torch.arange(600), targets]
    plain = -(weights * torch.logaddexp(share + logs, rest)).sum()
    (2 * plain).backward()
    assert torch.allclose(loss, plain, rtol=1e-5)
    for mine, leaf in zip(ours, leaves, strict=True):
        assert torch.allclose(mine, leaf.grad, atol=1e-3)


def test_scores_are_log_probabilities_of_the_mixture() -> None:
    scores = model(max_length=8).score([Request(history(30)), Request(history(0)), Request(history(3))])
    np.testing.assert_allclose(np.exp(scores.astype(np.float64)).sum(1), 1.0, rtol=1e-4)


def test_what_is_copied_goes_to_its_item() -> None:
    states, items = torch.randn(1, 4), torch.randn(5, 4)
    shares, codes = torch.tensor([[0.1, 0.2, 0.3]]), torch.tensor([[2, 2, 5]])
    plain = 0.4 * torch.softmax(states @ items.T, 1) + torch.tensor([[0.0, 0.3, 0.0, 0.0, 0.3]])
    assert torch.allclose(compute_mixture_scores(states, items, (shares, codes)).exp(), plain, atol=1e-6)
    start_and_padding = torch.tensor([[0, 6, 6]])
    assert torch.isfinite(compute_mixture_scores(states, items, (shares, start_and_padding))).all()


def test_one_pass_is_step_by_step_beyond_the_window() -> None:
    made, whole = model(max_length=7), history(40)
    trace = made.trace(whole)
    assert trace.copies.shape == (41, 7)  # a long history takes no square of memory
    stepwise = np.concatenate([made.score([request_at(whole, step)]) for step in range(41)])
    np.testing.assert_allclose(
        made.score_trace(trace, np.arange(41)), stepwise, rtol=1e-3, atol=2e-4
    )  # what is left beside the copies is a small difference
    np.testing.assert_allclose(trace.gates["own history"], trace.copies.sum(1), atol=1e-6)


def test_training_loss_is_what_scores_say() -> None:
    """The loss of a window, computed on logits, equals the log probabilities of the same steps."""
    made, whole = model(max_length=50), history(20)
    stream = build_request_stream([Request(whole)], made.vocabulary)
    tokens = stream.take(stream.starts[:1], np.diff(stream.starts), left=False)
    loss, count = made.loss(tokens, torch.float32)
    stepwise = np.concatenate([made.score([request_at(whole, step)]) for step in range(20)])
    codes = made.vocabulary.encode(whole.items) - 1
    assert count == 20
    assert float(loss.detach()) == pytest.approx(-stepwise[np.arange(20), codes].sum(), rel=1e-4)


def test_hours_apart_by_hand() -> None:
    def week_hour(day: int, hour: int) -> int:
        return day * 24 + hour + 1  # Monday is day 0

    asked = torch.tensor([[week_hour(0, 23)]])
    happened = torch.tensor([[week_hour(2, 1), week_hour(5, 23), 0, week_hour(4, 11), week_hour(0, 4)]])
    assert bucket_hours(asked, happened).flatten().tolist() == [1 + 2 + 13, 1, 0, 1 + 12 + 13, 1 + 5 + 26]
    saturday = compute_hours_of_week(np.array([1_700_908_200.0]), None)  # 2023-11-25 10:30 UTC
    assert saturday[0] == week_hour(5, 10)


def test_the_hour_and_the_place_of_the_request_move_the_list() -> None:
    made, known = model(max_length=8), history(12)
    base = made.score([Request(known)])
    assert not np.allclose(made.score([Request(known, time=float(known.times[-1]) + 9 * 3600)]), base)
    assert not np.allclose(made.score([Request(known, place=(40.59, -73.41))]), base)


def test_attention_shows_the_pointer_as_one_more_layer() -> None:
    trace = model(max_length=30).trace(history(9), attention=True)
    assert trace.attention.shape == (3, 1, 10, 10)
    np.testing.assert_allclose(trace.attention.sum(-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(1 - trace.attention[-1, 0, :, 0], trace.gates["own history"], atol=1e-5)
    assert {"content", "order", "time", "distance", "hour", "follows"} <= set(trace.terms)

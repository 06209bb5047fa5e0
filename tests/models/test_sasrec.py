"""The transformer against independent ways of computing the same thing."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.core import History, Request, request_at
from recsys.models.base.sequences import _windows, compute_hours_of_week
from recsys.models.layers.attention import Context, bucket_distances, bucket_times, compute_distances, gather_bias
from recsys.models.layers.dropout import apply_dropout
from recsys.models.layers.losses import full_softmax_loss
from recsys.models.sasrec import SASRec, SASRecConfig

ITEMS = np.array([f"i{n}" for n in range(30)], dtype=object)


def model(max_length: int = 8, **settings: object) -> SASRec:
    torch.manual_seed(3)
    made = SASRec(ITEMS, SASRecConfig(embedding_size=16, n_heads=2, max_length=max_length, time_bias=True, distance_bias=True, **settings))
    for parameter in made.parameters():  # biases start at zero: give them values that a mistake would show in
        torch.nn.init.normal_(parameter, std=0.3)
    return made.eval()


def history(length: int, seed: int = 0) -> History:
    rng = np.random.default_rng(seed)
    return History(
        items=ITEMS[rng.integers(0, len(ITEMS), length)],
        times=1.6e9 + np.cumsum(rng.exponential(40_000, length)),
        utc_offsets=np.full(length, 60.0),
        places=np.column_stack([rng.uniform(40, 41, length), rng.uniform(-74, -73, length)]),
    )


def test_loss_and_gradients_equal_the_plain_composition() -> None:
    torch.manual_seed(0)
    states, items = torch.randn(700, 16, requires_grad=True), torch.randn(90, 16, requires_grad=True)
    targets = torch.randint(0, 90, (700,))
    loss = full_softmax_loss(states, items, targets)
    (3 * loss).backward()
    ours = states.grad.clone(), items.grad.clone()
    states.grad = items.grad = None
    plain = torch.nn.functional.cross_entropy(states @ items.T, targets, reduction="sum")
    (3 * plain).backward()
    assert torch.allclose(loss, plain, rtol=1e-5)
    assert torch.allclose(ours[0], states.grad, atol=1e-4)
    assert torch.allclose(ours[1], items.grad, atol=1e-3)


def test_bias_gradient_equals_indexing() -> None:
    table = torch.randn(7, 2, requires_grad=True)
    buckets = torch.randint(0, 7, (3, 5, 4))
    weights = torch.randn(2, 3, 5, 4)
    (gather_bias(table, buckets) * weights).sum().backward()
    ours, table.grad = table.grad, None
    (table[buckets].permute(3, 0, 1, 2) * weights).sum().backward()
    assert torch.allclose(ours, table.grad, atol=1e-5)


def test_dropout_keeps_the_mean_and_drops_the_share() -> None:
    torch.manual_seed(0)
    out = apply_dropout(torch.ones(400, 501), 0.3, training=True)
    assert abs((out == 0).float().mean().item() - 0.3) < 0.01
    assert abs(out.mean().item() - 1.0) < 0.01
    assert apply_dropout(out, 0.3, training=False) is out


@pytest.mark.parametrize("length", [0, 1, 5, 8, 9, 15, 16, 17, 40, 61])
def test_one_pass_equals_asking_step_by_step_beyond_max_length(length: int) -> None:
    made, whole = model(), history(length)
    traced = made.score_trace(made.trace(whole), np.arange(len(whole) + 1))
    asked = made.score([request_at(whole, step) for step in range(length + 1)])
    assert traced.shape == (length + 1, len(ITEMS))
    np.testing.assert_allclose(traced, asked, rtol=1e-4, atol=2e-5)


def test_unknown_items_are_as_if_they_had_never_been() -> None:
    made, whole = model(), history(12)
    strange = whole.items.copy()
    strange[[2, 7, 11]] = ["never heard of", "<b>", ""]
    with_strange = History(strange, whole.times, whole.utc_offsets, whole.places)
    final = Request(with_strange, time=2e9, place=(40.5, -73.5))
    plain = Request(whole.without([2, 7, 11]), time=2e9, place=(40.5, -73.5))
    np.testing.assert_allclose(made.score([final]), made.score([plain]), atol=1e-5)
    stepwise = made.score([request_at(with_strange, step) for step in range(13)])
    np.testing.assert_allclose(made.score_trace(made.trace(with_strange), np.arange(len(with_strange) + 1)), stepwise, atol=2e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 30), st.integers(0, 5))
def test_nothing_after_a_step_changes_it(cut: int, seed: int) -> None:
    made, whole = model(), history(31, seed)
    other = history(31, seed + 100)
    changed = History(
        np.concatenate([whole.items[:cut], other.items[cut:]]),
        np.concatenate([whole.times[: cut + 1], other.times[cut + 1 :]]),  # the time of the next event is the request's
        whole.utc_offsets,
        np.concatenate([whole.places[:cut], other.places[cut:]]),
    )
    np.testing.assert_allclose(made.trace(whole).states[: cut + 1], made.trace(changed).states[: cut + 1], atol=1e-5)


def test_time_and_place_of_the_request_reach_the_scores() -> None:
    made, whole = model(), history(10)
    base = made.score([Request(whole)])
    assert not np.allclose(base, made.score([Request(whole, time=whole.times[-1] + 5 * 3600)]))
    assert not np.allclose(base, made.score([Request(whole, place=(45.0, -70.0))]))


def test_attention_sums_to_one_and_its_terms_add_up_to_it() -> None:
    made, whole = model(), history(14)
    trace = made.trace(whole, attention=True)
    assert trace.attention.shape == (2, 2, 15, 15)
    np.testing.assert_allclose(trace.attention.sum(-1), 1.0, atol=1e-5)
    logits = sum(trace.terms[name] for name in ("content", "order", "time", "distance"))
    gap = np.arange(15)[:, None] - np.arange(15)
    logits = np.where((gap < 0) | (gap >= 8), -np.inf, logits)
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    np.testing.assert_allclose(trace.attention, weights / weights.sum(-1, keepdims=True), atol=1e-5)


def test_distances_against_the_haversine_at_the_poles_and_the_date_line() -> None:
    pairs = [((0, 179.9), (0, -179.9)), ((90, 0), (89.9, 120)), ((-90, 10), (-90, -170)), ((51.5, -0.1), (40.7, -74.0)), ((1, 1), (1, 1))]
    for (a, b), (c, d) in pairs:
        f, g, h, i = map(math.radians, (a, b, c, d))
        haversine = 2 * 6371 * math.asin(math.sqrt(math.sin((h - f) / 2) ** 2 + math.cos(f) * math.cos(h) * math.sin((i - g) / 2) ** 2))
        ours = compute_distances(torch.tensor([[a, b]], dtype=torch.float64), torch.tensor([[c, d]], dtype=torch.float64)).item()
        assert abs(ours - haversine) < 0.01


def test_buckets_grow_with_the_gap_and_unknown_is_zero() -> None:
    gaps = torch.tensor([math.nan, 0.0, 59.0, 3600.0, 86_400.0, 3e9])
    for buckets in (bucket_times(gaps), bucket_distances(gaps / 3600)):
        assert buckets[0] == 0
        assert (buckets[1:].diff() >= 0).all()
        assert buckets[1] == 1


def test_parts_of_one_history_share_their_pairs_and_strangers_do_not() -> None:
    random = np.random.default_rng(0)

    def batch(parts: bool) -> Context:
        """Sixteen rows of twelve tokens, some times and places unknown."""
        seconds, places = 1.6e9 + np.cumsum(random.exponential(40_000, (16, 20)), 1), random.uniform(40, 41, (16, 20, 2))
        seconds[:, 3], places[:, 5, 0], places[:, 6] = np.nan, np.nan, np.nan
        chosen = np.sort(np.argsort(random.random((16, 20)), axis=1)[:, :12], axis=1)
        whose = np.zeros((16, 1), dtype=int) if parts else np.arange(16)[:, None]
        seconds, places = torch.from_numpy(seconds[whose, chosen]), torch.from_numpy(places[whose, chosen])
        return Context(seconds=seconds, asked=seconds + 60.0, places=places, here=places.flip(1))

    for parts in (True, False):
        context = batch(parts)
        with torch.inference_mode():
            (window,) = context.windows(2, 12, 12, torch.device("cpu"))
            assert (context._times is not None) == (context._distances is not None) == parts
        (plain,) = Context(**{name: getattr(context, name) for name in ("seconds", "asked", "places", "here")}).windows(
            2, 12, 12, torch.device("cpu")
        )
        assert window.time is not None and window.distance is not None
        assert torch.equal(window.time.long(), plain.time) and torch.equal(window.distance.long(), plain.distance)
        assert (window.time == 0).any() and (window.distance == 0).any() and len(window.time.unique()) > 5


def test_hour_of_week_against_the_calendar() -> None:
    import pandas as pd

    moments = pd.to_datetime(["2012-04-03T18:00Z", "1969-12-29T00:00Z", "2024-02-29T23:59Z"], utc=True)
    seconds = np.array([each.timestamp() for each in moments])
    assert compute_hours_of_week(seconds, None).tolist() == [each.weekday() * 24 + each.hour + 1 for each in moments]
    assert compute_hours_of_week(np.array([np.nan]), None).tolist() == [0]
    assert compute_hours_of_week(seconds[:1], np.array([-240.0])).tolist() == [1 * 24 + 14 + 1]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=12), st.integers(1, 9), st.integers(0, 99))
def test_training_windows_cover_every_target_once(sizes: list[int], max_length: int, seed: int) -> None:
    starts = np.concatenate([[0], np.cumsum(sizes)])
    firsts, lengths = _windows(starts, max_length, np.random.default_rng(seed))
    covered = np.concatenate([np.arange(first, first + length) for first, length in zip(firsts, lengths, strict=True)] or [[]])
    assert sorted(covered.tolist()) == list(range(sum(sizes)))
    assert (lengths <= max_length).all()
    owner = np.searchsorted(starts, firsts, side="right")
    assert (np.searchsorted(starts, firsts + lengths - 1, side="right") == owner).all()

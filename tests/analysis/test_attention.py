"""Views of attention, against sums written out by hand."""

import numpy as np
import pytest

from recsys.analysis.attention import (
    MEAN,
    OWN,
    compute_rollout,
    compute_view,
    describe_view,
    list_views,
    measure_logit_shares,
    summarize_attention,
)
from recsys.core import History
from recsys.core.errors import UnknownNameError
from recsys.evaluation.replay import StepAttention


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def made(blocks: int = 2, heads: int = 2, events: int = 4, seed: int = 0) -> StepAttention:
    rng = np.random.default_rng(seed)
    terms = {name: rng.normal(size=(blocks, heads, events + 1, events + 1)) * scale for name, scale in (("content", 2.0), ("order", 0.5))}
    hidden = np.triu(np.full((events + 1, events + 1), -np.inf), 1)
    return StepAttention(events, np.arange(-1, events), softmax(sum(terms.values()) + hidden), terms)


def test_rollout_is_the_sum_over_all_paths_through_the_blocks() -> None:
    weights = made(blocks=3, events=3).weights
    size = weights.shape[-1]
    mixed = [0.5 * block.mean(axis=0) + 0.5 * np.eye(size) for block in weights]
    by_hand = np.zeros((size, size))
    for top in range(size):
        for second in range(size):
            for third in range(size):
                for bottom in range(size):
                    by_hand[top, bottom] += mixed[2][top, second] * mixed[1][second, third] * mixed[0][third, bottom]
    assert np.allclose(compute_rollout(weights), by_hand)


@pytest.mark.parametrize("heads", [1, 2])
def test_every_view_has_rows_that_sum_to_one_without_later_events(heads: int) -> None:
    attention = made(heads=heads)
    names = list_views(attention)
    assert len(names) == 2 + 2 * (1 if heads == 1 else 3)
    for name in names:
        weights = compute_view(attention, name)
        assert np.allclose(weights.sum(-1), 1), name
        assert not np.triu(weights, 1).any(), name


def test_a_view_of_one_head_is_that_head() -> None:
    attention = made()
    assert np.array_equal(compute_view(attention, "block 2, head 1"), attention.weights[1, 0])
    assert np.allclose(compute_view(attention, "block 1"), (attention.weights[0, 0] + attention.weights[0, 1]) / 2)


def test_views_are_described_in_words() -> None:
    names = ["block 2", "block 1, head 2", OWN, f"{OWN}, head 1", MEAN]
    expected = ["Block 2", "Block 1, head 2", "Pointer to own events", "Pointer to own events, head 1", "Mean of all heads"]
    assert [describe_view(name) for name in names] == expected


def test_an_unknown_view_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="rollout"):
        compute_view(made(), "roll-out")


def test_shares_are_the_spreads_over_visible_events() -> None:
    attention = made()
    found = measure_logit_shares(attention)
    for block in range(2):
        for head in range(2):
            spreads = {name: terms[block, head, -1].std() for name, terms in attention.terms.items()}
            for name, spread in spreads.items():
                assert found[name][block, head] == pytest.approx(spread / sum(spreads.values()))


def test_a_term_that_is_the_same_for_all_events_has_no_share() -> None:
    made_up = made()
    flat = StepAttention(4, made_up.steps, made_up.weights, {**made_up.terms, "time": np.full_like(made_up.weights, 7.0)})
    assert not measure_logit_shares(flat)["time"].any()
    assert np.allclose(sum(measure_logit_shares(flat).values()), 1)


def test_hidden_events_do_not_count() -> None:
    attention = made()
    weights = attention.weights.copy()
    weights[:, :, -1, 1] = 0
    attention.terms["order"][:, :, -1, 1] = 1e9
    assert measure_logit_shares(StepAttention(4, attention.steps, weights, attention.terms))["order"].max() < 0.99


def history(events: int) -> History:
    return History(
        items=np.array([f"i{n}" for n in range(events)], dtype=object),
        times=np.arange(events) * 3600.0,
        places=np.stack([np.arange(events) * 1.0, np.zeros(events)], axis=1),
    )


def test_the_summary_holds_the_gaps_to_the_request_and_to_the_last_place() -> None:
    found = summarize_attention(made(events=4), history(6), "mean")
    assert found.hours is not None and found.kilometres is not None
    assert found.hours.tolist() == [4, 3, 2, 1]  # event 4 happens at hour 4
    assert found.kilometres == pytest.approx([3 * 111.19, 2 * 111.19, 111.19, 0], rel=1e-3)
    assert found.weights.sum() + found.start == pytest.approx(1)


def test_at_the_end_the_last_event_is_now() -> None:
    found = summarize_attention(made(events=4), history(4))
    assert found.hours is not None
    assert found.hours.tolist() == [3, 2, 1, 0]


def test_the_summary_of_the_first_step_has_no_events() -> None:
    start = StepAttention(0, np.array([-1]), np.ones((2, 1, 1, 1)), {"content": np.ones((2, 1, 1, 1))})
    found = summarize_attention(start, history(3))
    assert found.start == 1 and found.half() == 0 and not len(found.heaviest(5))


def test_half_and_heaviest() -> None:
    weights = np.zeros((1, 1, 5, 5))
    weights[0, 0, -1] = [0.2, 0.05, 0.5, 0.05, 0.2]
    found = summarize_attention(StepAttention(4, np.arange(-1, 4), weights, {}), history(4), "mean")
    assert found.half() == 1
    assert found.heaviest(2).tolist() == [1, 3]
    assert found.heaviest(4).tolist() == [1, 3, 2, 0]  # the later of equals first

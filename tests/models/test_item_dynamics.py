"""Item states compared with a plain loop over events, and item vectors compared with the formula by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from recsys.core import Dataset, Request, request_at
from recsys.core.split import TRAIN, split_interactions
from recsys.models import MODELS
from recsys.models.base.sequences import build_request_stream
from recsys.models.layers.item_dynamics import AUDIENCE_DECAY, PERIODS, RECENT_EVENTS, compute_item_states


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(15, 4)).astype(np.float32)


def plainly(dataset: Dataset, vectors: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """(PERIODS, n_items, D), event by event."""
    train = split_interactions(dataset, "last-out").labels == TRAIN
    events: list[tuple[float, int, np.ndarray]] = []
    for user in dataset.user_ids:
        rows = [row for row in range(*dataset.rows(user).indices(len(train))) if train[row]]
        for at, row in enumerate(rows):
            before = [vectors[dataset.item_codes[each] - 1] for each in rows[max(0, at - RECENT_EVENTS) : at]]
            taker = np.mean(before, axis=0) if before else np.zeros(vectors.shape[1])
            events.append((dataset.times[row], dataset.item_codes[row] - 1, taker))
    states = np.zeros((PERIODS, *vectors.shape))
    for period in range(1, PERIODS):
        for item in range(len(vectors)):
            total, count = np.zeros(vectors.shape[1]), 0.0
            for past in range(period):
                start, end = (-np.inf if past == 0 else turns[past - 1]), turns[past]
                took = [taker for time, which, taker in events if which == item and start <= time < end]
                total, count = (
                    AUDIENCE_DECAY * total + np.sum([*took, np.zeros(vectors.shape[1])], axis=0),
                    AUDIENCE_DECAY * count + len(took),
                )
            states[period, item] = total / (count + 1)
    return states


def test_states_are_a_plain_loop_over_events(tiny: Dataset, vectors: np.ndarray) -> None:
    turns, states = compute_item_states(tiny, split_interactions(tiny, "last-out"), vectors)
    assert (np.diff(turns) > 0).all() and not states[0].any() and states[-1].any()
    np.testing.assert_allclose(states, plainly(tiny, vectors, turns), atol=1e-6)


@pytest.mark.parametrize("period", [1, 4, PERIODS - 1])
def test_a_state_knows_nothing_of_its_own_period_and_later(tiny: Dataset, vectors: np.ndarray, period: int) -> None:
    turns, states = compute_item_states(tiny, split_interactions(tiny, "last-out"), vectors)
    table = tiny.interactions.copy()
    table.loc[tiny.times >= turns[period - 1], "item_id"] = "i14"
    changed = replace(tiny, interactions=table)
    again, other = compute_item_states(changed, split_interactions(changed, "last-out"), vectors)
    np.testing.assert_array_equal(again, turns)
    np.testing.assert_array_equal(other[: period + 1], states[: period + 1])
    assert period == PERIODS - 1 or not np.array_equal(other, states)


def test_without_times_nothing_changes(order_only: Dataset, vectors: np.ndarray) -> None:
    turns, states = compute_item_states(order_only, split_interactions(order_only, "last-out"), vectors)
    assert np.isinf(turns).all() and not states.any()


def test_an_item_vector_is_that_of_the_period_of_the_request(tiny: Dataset) -> None:
    """A score is that of the model that does not evolve, had its items always been as they are in that period."""
    torch.manual_seed(0)
    dataset_split = split_interactions(tiny, "last-out")
    spec = MODELS["spatiotemporal-evolving"]
    model = spec.load().build(tiny, dataset_split, spec.config(embedding_size=8, max_length=6), 1).eval()
    torch.nn.init.normal_(model.changed.weight, std=0.5)
    still = MODELS["spatiotemporal"]
    plain = still.load().build(tiny, dataset_split, still.config(embedding_size=8, max_length=6), 1).eval()
    plain.load_state_dict({name: value for name, value in model.state_dict().items() if name in plain.state_dict()})
    history = tiny.history("u03")
    turns = model.turns.numpy()
    found = []
    for period, time in enumerate([turns[0] - 1, *turns]):
        request = Request(history, time=float(time))
        items = torch.nn.functional.normalize(plain._table()[1:-1] + model.changed(model.audience[period]), dim=-1)
        plain.item_vectors = lambda items=items: items.detach()
        plain._items.__init__()  # other items than before, which nothing but this test can bring about
        found.append(model.score([request]))
        np.testing.assert_allclose(found[-1], plain.score([request]), rtol=1e-4, atol=1e-5)
    assert not np.allclose(found[0], found[-1])


def test_training_loss_is_what_scores_say(tiny: Dataset) -> None:
    """Targets of each period are compared with the item vectors of that period, as in scoring."""
    torch.manual_seed(0)
    spec = MODELS["spatiotemporal-evolving"]
    model = spec.load().build(tiny, split_interactions(tiny, "last-out"), spec.config(embedding_size=8, max_length=50), 1).eval()
    torch.nn.init.normal_(model.changed.weight, std=0.5)
    whole = max((tiny.history(user) for user in tiny.user_ids), key=len)
    stream = build_request_stream([Request(whole)], model.vocabulary)
    tokens = stream.take(stream.starts[:1], np.diff(stream.starts), left=False)
    assert len(np.unique(model._periods(tokens))) > 3
    loss, count = model.loss(tokens, torch.float32)
    stepwise = np.concatenate([model.score([request_at(whole, step)]) for step in range(len(whole))])
    assert count == len(whole)
    own = stepwise[np.arange(count), model.vocabulary.encode(whole.items) - 1]
    assert float(loss.detach()) == pytest.approx(-own.sum(), rel=1e-4)

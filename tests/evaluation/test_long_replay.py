"""Replays of long histories: equal to step-by-step scoring, in time that grows with the number of events."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset, FallsBack, History, Request, candidate_scores, request_at, top_k
from recsys.evaluation import compute_ranks
from recsys.evaluation.replay import replay_history
from recsys.models import MODELS
from recsys.models.base.event_arrays import collect_events, collect_weighted_events
from tests.conftest import WHOLE

COUNTED = [name for name in WHOLE if not MODELS[name].gradient and not MODELS[name].parts]
DENSE = ("content", "user-knn-text")
"""Models that multiply dense matrices, whose last bit depends on the number of requests."""


def random_history(length: int, seed: int, unknown: float) -> History:
    """Events of 15 known items and, in the given share, of unknown ones; some times, offsets and places are missing."""
    random = np.random.default_rng(seed)

    def with_gaps(values: np.ndarray) -> np.ndarray:
        return np.where(random.random(length) < 0.2, np.nan, values)

    items = np.array([f"i{code:02}" for code in random.choice(15, size=length, p=np.arange(15, 0, -1) / 120)], dtype=object)
    items[random.random(length) < unknown] = "no such item"
    return History(
        items=items,
        times=with_gaps(1.704e9 + np.sort(random.integers(0, 90 * 86_400, size=length)).astype(np.float64)),
        utc_offsets=with_gaps(np.full(length, -240.0)),
        places=np.column_stack([with_gaps(random.uniform(40, 41, length)), random.uniform(-74, -73, length)]),
        likes=("i07",),
        dislikes=("i03", "no such item"),
        user_id="u02",
    )


@pytest.mark.parametrize("name", COUNTED)
@pytest.mark.parametrize(("unknown", "repeats"), [(0.0, True), (0.3, False), (0.95, True), (1.0, True)])
def test_a_long_replay_is_step_by_step_scoring(
    name: str, unknown: float, repeats: bool, tiny: Dataset, trained: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal to the bit where no product of dense matrices depends on the batch, also beyond the events whose weights are 0 and across the borders of chunks and blocks."""
    model, history, exact = trained(name, tiny), random_history(90, 3, unknown), name not in DENSE
    monkeypatch.setattr("recsys.evaluation.replay.CHUNK_STEPS", 32)
    monkeypatch.setattr("recsys.models.base.event_arrays.FLOAT32_HALVINGS", 150 if unknown else 4)
    monkeypatch.setattr("recsys.models.base.history_blocks.BLOCK_EVENTS", 24)
    monkeypatch.setattr("recsys.models.frequency.MAX_PAIRS", 100)
    found = replay_history(model, history, repeats, k=4)
    codes = model.vocabulary.encode(history.items)
    for step in range(len(history) + 1):
        request = request_at(history, step)
        likeless = replace(request, history=replace(request.history, likes=(), dislikes=()))
        scores = candidate_scores(model, [likeless], model.vocabulary, repeats)
        scores = np.where(np.isinf(scores), scores, model.score([request]))
        scores[:, 3] = -np.inf
        best = top_k(scores, 4)[0]
        np.testing.assert_allclose(found.top_scores[step], scores[0, best], rtol=0 if exact else 1e-4, atol=0 if exact else 1e-5)
        assert not exact or list(found.top_items[step]) == [model.item_ids[at] if scores[0, at] > -np.inf else "" for at in best]
        assert found.fallbacks[step] == (model.fallback(request) if isinstance(model, FallsBack) else None)
        if step < len(history):
            expected = compute_ranks(scores, codes[[step]] - 1)[0] if codes[step] else len(model.vocabulary)
            assert found.ranks[step] == expected or (not exact and abs(found.ranks[step] - expected) <= 1)


@pytest.mark.parametrize("unknown", [0.0, 0.3, 0.95, 1.0])
def test_events_of_mixed_requests(unknown: float, tiny: Dataset) -> None:
    """Steps of one history, views that begin elsewhere or skip events, and other times for the same items are told apart."""
    history, vocabulary = random_history(60, 4, unknown), tiny.vocabulary
    later = replace(history, times=history.times + 1.0)
    histories = [history, later, history.since(7), replace(history, items=history.items[::2], times=None, utc_offsets=None, places=None)]
    requests = [Request(each.until(step)) for each in histories for step in (len(each), 0, 5, len(each) - 1)]
    events = collect_events(requests, vocabulary)
    recent = collect_events(requests, vocabulary, within=3)
    for row, request in enumerate(requests):
        codes = vocabulary.encode(request.history.items)
        known = codes != 0
        np.testing.assert_array_equal(events.codes[events.starts[row] : events.ends[row]], codes[known])
        times = np.full(len(codes), np.nan) if request.history.times is None else request.history.times
        np.testing.assert_array_equal(events.times[events.starts[row] : events.ends[row]], times[known])
        own = recent.codes[recent.starts[row] : recent.ends[row]]
        np.testing.assert_array_equal(own[-3:], codes[known][-3:])
    rows, codes, weights = collect_weighted_events(requests, vocabulary, half_life=0.05)
    assert weights.all() and weights.dtype == np.float32
    assert (np.bincount(rows, minlength=len(requests)) == np.minimum(events.lengths, 8)).all()
    assert np.concatenate(list(events.split(50))).tolist() == list(range(len(requests)))


@pytest.mark.parametrize("name", ["popularity", "popularity-recent", "popularity-nearby", "markov", "ngram", "item-knn", "ease", "friends"])
def test_the_history_is_not_read_at_every_step(
    name: str, tiny: Dataset, trained: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in encoded events instead of seconds, which would depend on the machine."""
    model, encoded = trained(name, tiny), []
    encode = type(model.vocabulary).encode
    monkeypatch.setattr(type(model.vocabulary), "encode", lambda self, ids: encoded.append(len(ids)) or encode(self, ids))
    for length in (4_000, 8_000):
        replay_history(model, random_history(length, 5, 0.5), repeats=True)
    totals = np.add.reduceat(encoded, [0, int(np.flatnonzero(np.array(encoded) == 8_000)[0])])
    assert totals[1] < 2.6 * totals[0]

"""The events of one request are those that it has among many."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.core import History, Request, Vocabulary
from recsys.models.base.event_arrays import EventArrays, collect_events

VOCABULARY = Vocabulary(["a", "b", "c"])
ITEMS = st.lists(st.sampled_from(["a", "b", "c", "unknown"]), max_size=12)


def events_of(found: EventArrays, number: int) -> tuple[list[int], list[float]]:
    part = slice(found.starts[number], found.ends[number])
    return found.codes[part].tolist(), found.times[part].tolist()


@given(ITEMS, ITEMS, st.none() | st.integers(1, 5))
def test_one_request_has_the_same_events_alone_and_among_others(items: list[str], others: list[str], within: int | None) -> None:
    history = History(np.array(items, dtype=object), times=np.arange(len(items), dtype=float))
    other = History(np.array(others, dtype=object), times=np.arange(len(others), dtype=float))
    alone = collect_events([Request(history)], VOCABULARY, within)
    among = collect_events([Request(history), Request(other)], VOCABULARY, within)
    assert events_of(alone, 0) == events_of(among, 0)
    known = [(VOCABULARY.encode([item])[0], float(at)) for at, item in enumerate(items) if item != "unknown"]
    kept = list(zip(*events_of(alone, 0), strict=True))
    assert kept == known[len(known) - len(kept) :] and len(kept) >= min(len(known), within or len(known))
    assert alone.last_codes().tolist() == among.last_codes()[:1].tolist() and alone.stops.tolist() == [len(alone.known)]
    assert np.array_equal(alone.request_times, among.request_times[:1], equal_nan=True)

"""Token sequences for causal sequence models: from requests for scoring, from a dataset for training.

Token i is what happened before event i: the start token for i = 0, else event i - 1. It carries the time and place of that event,
and beside them the time at which event i is asked for. The state at token N is the state after N events.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from recsys.core import PAD, Dataset, Request, Vocabulary
from recsys.core.split import TRAIN, Split

HOURS = 168
"""Hours of a week. Hour 0 is unknown, 1 is Monday from midnight, local time where the offset is known, else UTC."""


def _padded(value: float) -> dict[str, float]:
    """Metadata of a column: what stands where a batch has no token."""
    return {"padding": value}


@dataclass(frozen=True, eq=False)
class TokenColumns:
    """What is known of tokens; every array has the same leading axes, `places` and `here` a last one of 2 (latitude, longitude).

    `codes` item codes, 0 padding, n_items + 1 the start; `targets` codes of what came next (training only), 0 where there is none.
    `seconds`, `places`, `behaviours` and `texts` belong to the token, `asked`, `hours` and `here` to the request made at it; NaN (0 for
    hours, behaviours and texts) where unknown. `texts` are codes from 1 of the words in `words`. `next_behaviours` and `next_ratings` belong to what came next (training only).
    """

    codes: np.ndarray = field(metadata=_padded(PAD))
    seconds: np.ndarray = field(metadata=_padded(np.nan))
    asked: np.ndarray = field(metadata=_padded(np.nan))
    hours: np.ndarray = field(metadata=_padded(0))
    places: np.ndarray = field(metadata=_padded(np.nan))
    here: np.ndarray = field(metadata=_padded(np.nan))
    targets: np.ndarray = field(metadata=_padded(PAD))
    behaviours: np.ndarray = field(metadata=_padded(0))
    next_behaviours: np.ndarray = field(metadata=_padded(0))
    next_ratings: np.ndarray = field(metadata=_padded(np.nan))
    texts: np.ndarray = field(metadata=_padded(0))
    words: tuple[str, ...]


PADDING: dict[str, float] = {each.name: each.metadata["padding"] for each in fields(TokenColumns) if each.metadata}
"""Column to what stands where a batch has no token."""


@dataclass(frozen=True, eq=False)
class Tokens(TokenColumns):
    """A batch of token sequences; every array (B, T), `places` and `here` (B, T, 2)."""

    def repeated(self, times: int) -> "Tokens":
        """The same batch several times."""
        return Tokens(**{name: np.repeat(getattr(self, name), times, axis=0) for name in PADDING}, words=self.words)


@dataclass(frozen=True, eq=False)
class EventColumns:
    """The events of many histories end to end: `codes` of items, `times` in seconds, `offsets` in minutes, `places` (n, 2),
    codes of `behaviours` from 1, `ratings`, codes of `texts` from 1; NaN or 0 where unknown."""

    codes: np.ndarray
    times: np.ndarray
    offsets: np.ndarray
    places: np.ndarray
    behaviours: np.ndarray
    ratings: np.ndarray
    texts: np.ndarray


def hour_of_week(seconds: np.ndarray, utc_offsets: np.ndarray | None) -> np.ndarray:
    """Local hours of the week (…) int64, 1 to 168, 0 where the time is NaN. 1970 began on a Thursday."""
    offsets = 0.0 if utc_offsets is None else np.nan_to_num(utc_offsets) * 60.0
    hours = np.floor((seconds + offsets) / 3600.0) + 72
    return np.where(np.isfinite(hours), np.nan_to_num(hours) % HOURS + 1, 0).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Stream(TokenColumns):
    """Tokens of many histories end to end: history h is rows starts[h] to starts[h + 1], each starting with the start token."""

    starts: np.ndarray

    def take(self, firsts: np.ndarray, lengths: np.ndarray, left: bool) -> Tokens:
        """The rows firsts[b] … firsts[b] + lengths[b] - 1 as a batch, padded on the left or on the right."""
        width = int(lengths.max())
        positions = np.arange(width)[None, :] - (width - lengths[:, None] if left else 0)
        inside = (positions >= 0) & (positions < lengths[:, None])
        rows = np.where(inside, firsts[:, None] + positions, 0)

        def cut(column: np.ndarray, outside: float) -> np.ndarray:
            mask = inside if column.ndim == 1 else inside[..., None]
            return np.where(mask, column[rows], outside)

        return Tokens(**{name: cut(getattr(self, name), outside) for name, outside in PADDING.items()}, words=self.words)


def _stream(lengths: np.ndarray, events: EventColumns, words: tuple[str, ...], final: list[Request] | None, start: int) -> Stream:
    """Tokens of histories with `lengths` events, whose texts are codes of `words`.

    With `final` requests each history gets a last token for what comes after all its events; without, its last event is a target only.
    """
    extra = 0 if final is None else 1
    starts = np.concatenate([[0], np.cumsum(lengths + extra)])
    size = int(starts[-1])
    is_last = np.zeros(size, dtype=bool)
    if final is not None:
        is_last[starts[1:] - 1] = True
    event = np.cumsum(~is_last) - 1  # the event asked for at a token, where there is one
    is_first = np.zeros(size, dtype=bool)
    is_first[starts[:-1][np.diff(starts) > 0]] = True
    before = np.where(is_last, event, event - 1)  # the event a token stands for
    has_event = ~is_first

    def of(column: np.ndarray, where: np.ndarray, index: np.ndarray, empty: float) -> np.ndarray:
        out = np.full((size, *column.shape[1:]), empty, dtype=column.dtype)
        out[where] = column[index[where]]
        return out

    seconds, token_places = of(events.times, has_event, before, np.nan), of(events.places, has_event, before, np.nan)
    here, last_offsets = token_places, of(events.offsets, has_event, before, np.nan)
    # a request that is not told its time or offset is made at those of the last event
    asked = _else(of(events.times, ~is_last, event, np.nan), seconds)
    asked_offsets = _else(of(events.offsets, ~is_last, event, np.nan), last_offsets)
    if final is not None:
        ends = starts[1:] - 1
        here = token_places.copy()
        asked[ends] = [seconds[end] if each.time is None else each.time for end, each in zip(ends, final, strict=True)]
        asked_offsets[ends] = [
            known if each.utc_offset is None else each.utc_offset for known, each in zip(last_offsets[ends], final, strict=True)
        ]
        for end, each in zip(ends, final, strict=True):
            if each.place is not None:
                here[end] = each.place
    return Stream(
        codes=np.where(is_first, start, of(events.codes, has_event, before, PAD)),
        seconds=seconds,
        asked=asked,
        hours=hour_of_week(asked, asked_offsets),
        places=token_places,
        here=here,
        targets=of(events.codes, ~is_last, event, PAD),
        behaviours=of(events.behaviours, has_event, before, 0),
        next_behaviours=of(events.behaviours, ~is_last, event, 0),
        next_ratings=of(events.ratings, ~is_last, event, np.nan),
        texts=of(events.texts, has_event, before, 0),
        words=words,
        starts=starts,
    )


def _else(values: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(values), otherwise, values)


def request_stream(requests: Sequence[Request], vocabulary: Vocabulary, behaviour_names: Sequence[str] = ()) -> Stream:
    """Tokens of the histories of requests, each ending in the token at which the request is made; unknown items are left out."""
    lengths, events, words = _events(requests, vocabulary, behaviour_names)
    return _stream(lengths, events, words, list(requests), len(vocabulary) + 1)


def subset_stream(
    request: Request, keep: np.ndarray, instead: str | None, vocabulary: Vocabulary, behaviour_names: Sequence[str] = ()
) -> Stream:
    """As `request_stream` of n requests, of which each has those events of one history that a row of `keep` (n, T) says.

    With `instead`, each has all events, and that item in the others. The items of the history are known.
    """
    _, events, words = _events([request], vocabulary, behaviour_names)
    keep = np.asarray(keep, dtype=bool)
    rows = np.nonzero(keep)[1] if instead is None else np.tile(np.arange(keep.shape[1]), len(keep))
    kept = EventColumns(**{each.name: getattr(events, each.name)[rows] for each in fields(EventColumns)})
    lengths = keep.sum(axis=1)
    if instead is not None:
        there = keep.ravel()  # words of an event say which item it was
        kept = replace(kept, codes=np.where(there, kept.codes, vocabulary.encode([instead])[0]), texts=np.where(there, kept.texts, 0))
        lengths = np.full(len(keep), keep.shape[1])
    return _stream(lengths, kept, words, [request] * len(keep), len(vocabulary) + 1)


def _events(
    requests: Sequence[Request], vocabulary: Vocabulary, behaviour_names: Sequence[str]
) -> tuple[np.ndarray, EventColumns, tuple[str, ...]]:
    """How many known events each request's history has (n,), those end to end, and the words that their texts are codes of."""
    histories = [each.history for each in requests]
    lengths = np.array([len(each) for each in histories], dtype=np.int64)
    owner = np.repeat(np.arange(len(histories)), lengths)
    codes = vocabulary.encode(np.concatenate([each.items for each in histories]) if histories else [])
    known = codes != PAD

    def column(name: str, width: tuple[int, ...] = ()) -> np.ndarray:
        parts = [getattr(each, name) for each in histories]
        if all(part is None for part in parts):
            return np.full((int(known.sum()), *width), np.nan)
        filled = [np.full((n, *width), np.nan) if part is None else part for part, n in zip(parts, lengths, strict=True)]
        return np.asarray(np.concatenate(filled).astype(np.float64, copy=False)[known])

    behaviours = [_behaviour_codes(each.behaviours, len(each), behaviour_names) for each in histories]
    texts, words = _text_codes([each.texts for each in histories], lengths)
    events = EventColumns(
        codes[known],
        column("times"),
        column("utc_offsets"),
        column("places", (2,)),
        np.concatenate(behaviours)[known] if histories else np.empty(0, dtype=np.int64),
        column("ratings"),
        texts[known],
    )
    return np.bincount(owner[known], minlength=len(histories)), events, words


def _behaviour_codes(behaviours: np.ndarray | None, length: int, names: Sequence[str]) -> np.ndarray:
    """Codes (length,) from 1, 0 for what is unknown."""
    if behaviours is None or not len(names):
        return np.zeros(length, dtype=np.int64)
    code_of = {name: code for code, name in enumerate(names, start=1)}
    return np.fromiter((code_of.get(each, 0) for each in behaviours), dtype=np.int64, count=length)


def _text_codes(texts: Sequence[np.ndarray | None], lengths: Sequence[int] | np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Codes from 1 of the texts of events end to end, 0 for none, and the texts that the codes mean."""
    codes = np.zeros(int(np.sum(lengths)), dtype=np.int64)
    if all(each is None for each in texts):
        return codes, ()
    ends = np.cumsum(lengths)
    code_of: dict[str, int] = {}
    for some, end in zip(texts, ends, strict=True):
        for at, text in enumerate(() if some is None else some, start=0 if some is None else int(end) - len(some)):
            if isinstance(text, str) and text.strip():
                codes[at] = code_of.setdefault(text.strip(), len(code_of) + 1)
    return codes, tuple(code_of)


def training_stream(dataset: Dataset, split: Split, behaviour_names: Sequence[str] = ()) -> Stream:
    """Tokens of everybody's training events; a token for every target, none after the last event."""
    keep = split.labels == TRAIN
    size = len(keep)
    users = dataset.interactions["user_id"].cat.codes.to_numpy()[keep]

    def column(values: np.ndarray | None, width: tuple[int, ...] = ()) -> np.ndarray:
        return (np.full((size, *width), np.nan) if values is None else values)[keep]

    behaviours = None if dataset.behaviours is None else dataset.behaviours[keep]
    texts, words = _text_codes([None if dataset.texts is None else dataset.texts[keep]], [int(keep.sum())])
    events = EventColumns(
        dataset.item_codes[keep],
        column(dataset.times),
        column(dataset.utc_offsets),
        column(dataset.places, (2,)),
        _behaviour_codes(behaviours, int(keep.sum()), behaviour_names),
        column(dataset.ratings),
        texts,
    )
    return _stream(np.bincount(users, minlength=len(dataset.user_ids)), events, words, None, len(dataset.item_ids) + 1)


def training_batches(stream: Stream, max_length: int, batch_tokens: int, rng: np.random.Generator) -> Iterator[tuple[int, int, Tokens]]:
    """One epoch: (number, of how many, batch). Every event is a target once, in windows cut at random, packed by length."""
    firsts, lengths = _windows(stream.starts, max_length, rng)
    # a little noise in the order keeps windows of nearly the same length from always meeting
    order = np.argsort(lengths + rng.uniform(0, 4, len(lengths)), kind="stable")[::-1]
    groups = _packed(lengths[order], batch_tokens)
    for number, group in enumerate(rng.permutation(len(groups))):
        rows = order[groups[group]]
        yield number, len(groups), stream.take(firsts[rows], lengths[rows], left=False)


def _windows(starts: np.ndarray, max_length: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """First rows and lengths of windows of at most `max_length` that cover every history once, the first cut of long ones at random."""
    sizes = np.diff(starts)
    head = np.where(sizes <= max_length, sizes, rng.integers(1, max_length + 1, len(sizes)))
    pieces = np.where(sizes == 0, 0, 1 + -(-(sizes - head) // max_length))
    owner = np.repeat(np.arange(len(sizes)), pieces)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    begin = np.where(number == 0, 0, head[owner] + (number - 1) * max_length)
    end = np.minimum(head[owner] + number * max_length, sizes[owner])
    return starts[:-1][owner] + begin, end - begin


def _packed(lengths: np.ndarray, batch_tokens: int) -> list[slice]:
    """Slices of windows sorted longest first, each at most `batch_tokens` with its padding (one window at least)."""
    groups, start = [], 0
    while start < len(lengths):
        size = max(1, batch_tokens // int(lengths[start]))
        groups.append(slice(start, start + size))
        start += size
    return groups

"""Token sequences for causal sequence models: from requests for scoring, from a dataset for training.

Token i stands for the event before event i: the start token for i = 0, else event i - 1. It carries the time and place of that event
and the time of the request for event i. The state at token N is the state after N events.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from recsys.core import PAD, Dataset, Request, Vocabulary
from recsys.core.split import TRAIN, Split

HOURS_PER_WEEK = 168
"""Hours of the week are coded from 1, Monday from midnight, in local time where the offset is known, else UTC; 0 is unknown."""


def _padded(value: float) -> dict[str, float]:
    """Return the metadata of a column: its value where a batch has no token."""
    return {"padding": value}


@dataclass(frozen=True, eq=False)
class TokenColumns:
    """Columns of tokens; all arrays have the same leading axes, and `places` and `here` a last axis of 2 (latitude, longitude).

    `codes` are item codes, 0 padding, n_items + 1 the start token; `targets` codes of the next items (training only), 0 where there is
    none. `seconds`, `places`, `behaviours` and `texts` belong to the event of the token, `asked` (seconds), `hours` and `here` to the
    request made at it; NaN (0 for hours, behaviours and texts) where unknown. `texts` are codes from 1 of the strings in `words`.
    `next_behaviours` and `next_ratings` belong to the next event (training only).
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
"""Value of each column where a batch has no token."""


@dataclass(frozen=True, eq=False)
class Tokens(TokenColumns):
    """A batch of token sequences; every array is (B, T), `places` and `here` (B, T, 2)."""

    def repeat(self, times: int) -> "Tokens":
        """Return a batch with every sequence repeated."""
        return Tokens(**{name: np.repeat(getattr(self, name), times, axis=0) for name in PADDING}, words=self.words)


@dataclass(frozen=True, eq=False)
class EventColumns:
    """Concatenated events of many histories: `codes` of items, `times` in seconds, `offsets` in minutes, `places` (n, 2),
    codes of `behaviours` from 1, `ratings`, codes of `texts` from 1; NaN or 0 where unknown."""

    codes: np.ndarray
    times: np.ndarray
    offsets: np.ndarray
    places: np.ndarray
    behaviours: np.ndarray
    ratings: np.ndarray
    texts: np.ndarray


def compute_hours_of_week(seconds: np.ndarray, utc_offsets: np.ndarray | None) -> np.ndarray:
    """Return local hours of the week (…) int64, 1 to 168, 0 where the time is NaN. 1970 began on a Thursday."""
    offsets = 0.0 if utc_offsets is None else np.nan_to_num(utc_offsets) * 60.0
    hours = np.floor((seconds + offsets) / 3600.0) + 72
    return np.where(np.isfinite(hours), np.nan_to_num(hours) % HOURS_PER_WEEK + 1, 0).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Stream(TokenColumns):
    """Concatenated tokens of many histories: history h is rows starts[h] to starts[h + 1], and begins with the start token."""

    starts: np.ndarray

    def take(self, firsts: np.ndarray, lengths: np.ndarray, left: bool) -> Tokens:
        """Return the rows firsts[b] … firsts[b] + lengths[b] - 1 as a batch, padded on the left or on the right."""
        width = int(lengths.max())
        positions = np.arange(width)[None, :] - (width - lengths[:, None] if left else 0)
        inside = (positions >= 0) & (positions < lengths[:, None])
        rows = np.where(inside, firsts[:, None] + positions, 0)

        def cut(column: np.ndarray, outside: float) -> np.ndarray:
            mask = inside if column.ndim == 1 else inside[..., None]
            return np.where(mask, column[rows], outside)

        return Tokens(**{name: cut(getattr(self, name), outside) for name, outside in PADDING.items()}, words=self.words)


def _stream(lengths: np.ndarray, events: EventColumns, words: tuple[str, ...], final: list[Request] | None, start: int) -> Stream:
    """Return the tokens of histories with `lengths` events, whose texts are codes of `words`.

    With `final` requests each history gets a last token for the request after all its events; without, its last event is only a target.
    """
    extra = 0 if final is None else 1
    starts = np.concatenate([[0], np.cumsum(lengths + extra)])
    size = int(starts[-1])
    is_last = np.zeros(size, dtype=bool)
    if final is not None:
        is_last[starts[1:] - 1] = True
    event = np.cumsum(~is_last) - 1  # the event requested at a token, where there is one
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
    # a request without a time or an offset is made at those of the last event
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
        hours=compute_hours_of_week(asked, asked_offsets),
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


def build_request_stream(requests: Sequence[Request], vocabulary: Vocabulary, behaviour_names: Sequence[str] = ()) -> Stream:
    """Return the tokens of the requests' histories, each ending with the token at which the request is made; unknown items are left out."""
    lengths, events, words = _events(requests, vocabulary, behaviour_names)
    return _stream(lengths, events, words, list(requests), len(vocabulary) + 1)


def build_subset_stream(
    request: Request, keep: np.ndarray, instead: str | None, vocabulary: Vocabulary, behaviour_names: Sequence[str] = ()
) -> Stream:
    """Return the tokens of n requests, each with the subset of one history's events given by a row of `keep` (n, T).

    With `instead`, the other events stay in the history, but with that item. The model must know all items of the history.
    """
    _, events, words = _events([request], vocabulary, behaviour_names)
    keep = np.asarray(keep, dtype=bool)
    rows = np.nonzero(keep)[1] if instead is None else np.tile(np.arange(keep.shape[1]), len(keep))
    kept = EventColumns(**{each.name: getattr(events, each.name)[rows] for each in fields(EventColumns)})
    lengths = keep.sum(axis=1)
    if instead is not None:
        is_kept = keep.ravel()  # the text of an event can reveal its item
        kept = replace(kept, codes=np.where(is_kept, kept.codes, vocabulary.encode([instead])[0]), texts=np.where(is_kept, kept.texts, 0))
        lengths = np.full(len(keep), keep.shape[1])
    return _stream(lengths, kept, words, [request] * len(keep), len(vocabulary) + 1)


def _events(
    requests: Sequence[Request], vocabulary: Vocabulary, behaviour_names: Sequence[str]
) -> tuple[np.ndarray, EventColumns, tuple[str, ...]]:
    """Return the number of known events of each request (n,), these events concatenated, and the strings that their texts are codes of."""
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
    """Return codes (length,) from 1, 0 where unknown."""
    if behaviours is None or not len(names):
        return np.zeros(length, dtype=np.int64)
    code_of = {name: code for code, name in enumerate(names, start=1)}
    return np.fromiter((code_of.get(each, 0) for each in behaviours), dtype=np.int64, count=length)


def _text_codes(texts: Sequence[np.ndarray | None], lengths: Sequence[int] | np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return codes from 1 of the texts of concatenated events, 0 for none, and the strings of the codes."""
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


def build_training_stream(dataset: Dataset, split: Split, behaviour_names: Sequence[str] = ()) -> Stream:
    """Return the tokens of all users' training events: one before every event, none after the last.

    The order within a moment is that of the dataset, even where it predicts a moment at once.
    """
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
    stream = _stream(np.bincount(users, minlength=len(dataset.user_ids)), events, words, None, len(dataset.item_ids) + 1)
    return replace(stream, targets=np.where(dataset.is_target[keep], stream.targets, PAD))


def iterate_training_batches(
    stream: Stream, max_length: int, batch_tokens: int, rng: np.random.Generator
) -> Iterator[tuple[int, int, Tokens]]:
    """Yield one epoch of (batch number, number of batches, batch). Every event is a target once, in windows cut at random, packed by length."""
    firsts, lengths = _windows(stream.starts, max_length, rng)
    # noise in the order, so that the same windows of similar length do not always share a batch
    order = np.argsort(lengths + rng.uniform(0, 4, len(lengths)), kind="stable")[::-1]
    groups = _packed(lengths[order], batch_tokens)
    for number, group in enumerate(rng.permutation(len(groups))):
        rows = order[groups[group]]
        yield number, len(groups), stream.take(firsts[rows], lengths[rows], left=False)


def _windows(starts: np.ndarray, max_length: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return first rows and lengths of windows of at most `max_length` that cover each history once; long ones have a random first cut."""
    sizes = np.diff(starts)
    head = np.where(sizes <= max_length, sizes, rng.integers(1, max_length + 1, len(sizes)))
    pieces = np.where(sizes == 0, 0, 1 + -(-(sizes - head) // max_length))
    owner = np.repeat(np.arange(len(sizes)), pieces)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    begin = np.where(number == 0, 0, head[owner] + (number - 1) * max_length)
    end = np.minimum(head[owner] + number * max_length, sizes[owner])
    return starts[:-1][owner] + begin, end - begin


def _packed(lengths: np.ndarray, batch_tokens: int) -> list[slice]:
    """Return slices of windows sorted longest first, each of at most `batch_tokens` with padding, and at least one window."""
    groups, start = [], 0
    while start < len(lengths):
        size = max(1, batch_tokens // int(lengths[start]))
        groups.append(slice(start, start + size))
        start += size
    return groups

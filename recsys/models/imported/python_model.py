"""A recommender written in Python by the person who runs the app: an object or a plain function."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np

from recsys.core import PAD, Request, Vocabulary
from recsys.core.errors import CheckpointError, DataError, RecsysError
from recsys.core.translation import _
from recsys.models.imported.columns import spread_scores

LISTED = 100
"""Items that are requested from a model that only returns lists."""
MOST_LISTED = 10_000
"""Items of a list that are read, since a generator may never end."""


@dataclass(frozen=True)
class Parameter:
    """A number that the code declares as adjustable, from `low` to `high`."""

    low: float
    high: float
    default: float

    def __post_init__(self) -> None:
        if not self.low < self.high or not self.low <= self.default <= self.high:
            raise DataError(
                _(
                    "a parameter from {low} to {high} cannot start at {default}; give for example Parameter(0, 1, 0.5)",
                    low=self.low,
                    high=self.high,
                    default=self.default,
                )
            )


@dataclass(frozen=True)
class PythonConfig:
    """`source` names the code."""

    source: str = ""


class PythonRecommender:
    """Items, parameters and their values of a recommender in Python.

    `compute` is the code, called with its arguments and the values of the parameters by name. An error in it is a DataError that says
    where.
    """

    Config = PythonConfig

    def __init__(
        self, item_ids: np.ndarray, config: PythonConfig, compute: Callable[..., Any], parameters: Mapping[str, Parameter] | None = None
    ):
        self.vocabulary = Vocabulary(item_ids)
        self.config = config
        self.parameters = dict(parameters or {})
        self.values = {name: each.default for name, each in self.parameters.items()}
        self._compute = compute

    @property
    def item_ids(self) -> np.ndarray:
        return self.vocabulary.item_ids

    def arrays(self) -> dict[str, np.ndarray]:
        """Return no arrays: code is not stored in checkpoints."""
        return {}

    @classmethod
    def restore(cls, item_ids: np.ndarray, config: PythonConfig, arrays: dict[str, np.ndarray]) -> Self:
        """Refuse: no file names code that is run."""
        raise CheckpointError(_("a checkpoint cannot hold Python code; name the code itself, like package.module:factory"))

    def with_parameters(self, values: Mapping[str, float]) -> Self:
        """Return the model with other values of its parameters."""
        changed = copy(self)
        changed.values = self.values | dict(values)
        return changed

    def _call(self, *arguments: Any) -> Any:
        return call_code(self.config.source, self._compute, *arguments, self.values)


class PythonModel(PythonRecommender):
    """Ranks items by the scores that the code computes for histories.

    `compute(histories, values)` returns (n, n_own) numbers for n lists of item ids, oldest first; `columns` (n_items,) is the column of
    each item of the dataset, −1 for an item that the code does not know, which scores −inf. An array of another shape and NaN are a
    DataError.
    """

    def __init__(
        self,
        item_ids: np.ndarray,
        config: PythonConfig,
        compute: Callable[[list[list[str]], dict[str, float]], Any],
        columns: np.ndarray,
        parameters: Mapping[str, Parameter] | None = None,
    ):
        super().__init__(item_ids, config, compute, parameters)
        self._columns = columns

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Return the scores of the code (requests, n_items)."""
        if not requests:
            return np.empty((0, len(self.vocabulary)), dtype=np.float32)
        histories = [[str(item) for item in request.history.items] for request in requests]
        own = self._call(histories)
        width = int(self._columns.max(initial=-1)) + 1
        try:
            own = np.asarray(own)
            if own.dtype.kind not in "fiubO":
                raise TypeError(own.dtype)
            with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
                own = own.astype(np.float32)
        except Exception as error:  # an object of the code may fail in any way
            raise DataError(
                _("{model} returned scores that are not numbers: {reason}", model=self.config.source, reason=str(error))
            ) from error
        if own.ndim != 2 or len(own) != len(requests) or own.shape[1] < width:
            raise DataError(
                _(
                    "{model} returned scores of the shape {shape} for {count} histories; return one row for each history and one column for "
                    "each item",
                    model=self.config.source,
                    shape=" × ".join(map(str, own.shape)),
                    count=len(requests),
                )
            )
        check_scores(self.config.source, own)
        return self.vocabulary.mask(spread_scores(own, self._columns), requests)


class PythonLists(PythonRecommender):
    """Lists of code that recommends items to a user and scores no others: an item outside the list is not listed.

    `compute(user_id, history, k, values)` returns at most k item ids, best first, or pairs of an id and a score.
    """

    @property
    def depth(self) -> int:
        """Number of items requested (see `HoldsLists`)."""
        return min(LISTED, len(self.vocabulary))

    def has_lists(self, requests: Sequence[Request]) -> np.ndarray:
        """Return True for every request: the code is asked anew (see `HoldsLists`)."""
        return np.ones(len(requests), dtype=bool)

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        """Return the scores of the code's list, or 1 / rank where it has none, −inf for items outside it (requests, n_items)."""
        scores = np.full((len(requests), len(self.vocabulary)), -np.inf, dtype=np.float32)
        for row, request in zip(scores, requests, strict=True):
            history = [str(item) for item in request.history.items]
            listed = self._call(request.history.user_id, history, self.depth)
            self._fill(row, listed)
        return self.vocabulary.mask(scores, requests)

    def _fill(self, row: np.ndarray, listed: Any) -> None:
        try:
            entries = list(islice(listed, MOST_LISTED))
            pairs = [(entry, None) if isinstance(entry, (str, int, np.integer)) else tuple(entry) for entry in entries]
            items = [str(pair[0]) for pair in pairs]
            given = [None if pair[1] is None else np.float32(pair[1]) for pair in pairs]
        except Exception as error:  # an object of the code may fail in any way
            raise DataError(
                _("{model} did not return a list of item ids, or of pairs of an id and a score", model=self.config.source)
            ) from error
        codes = self.vocabulary.encode(items)
        if len(items) and not (codes != PAD).any():
            raise DataError(
                _(
                    "{model} recommends only items that the dataset does not have, for example '{item}'",
                    model=self.config.source,
                    item=items[0],
                )
            )
        for place in reversed(range(len(items))):  # the first place of an item counts
            if codes[place] != PAD:
                value = given[place]
                row[codes[place] - 1] = 1 / (1 + place) if value is None else value
        check_scores(self.config.source, row)


def check_scores(source: str, scores: np.ndarray) -> None:
    """Raise a DataError for scores that have no order; −inf is that of an item that is not recommended."""
    if np.isnan(scores).any():
        raise DataError(_("{model} returned scores that are not numbers (NaN)", model=source))
    if np.isposinf(scores).any():
        raise DataError(_("{model} returned scores that are infinite or above 3.4e38", model=source))


def call_code(source: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call code of the person who runs the app; an error in it is a DataError that names its place, and so is an attempt to exit."""
    try:
        return function(*arguments)
    except (RecsysError, KeyboardInterrupt):
        raise
    except BaseException as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        try:
            text = " ".join(str(error).split())[:200]
        except Exception:  # an error of the code may itself fail
            text = ""
        raise DataError(
            _(
                "{model} failed: {kind}: {text} ({file}:{line})",
                model=source,
                kind=type(error).__name__,
                text=text,
                file=Path(place.filename).name,
                line=place.lineno,
            )
        ) from error

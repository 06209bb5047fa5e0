"""Columns of users and items that the data brings, as attributes of cases."""

import numpy as np
import pandas as pd

from recsys.failures.binning import bin_values, choose_limits

SHOWN_ELSEWHERE = {"title", "text", "category", "district", "latitude", "longitude", "image", "url"}
MOST_VALUES = 20
"""Values of one attribute with a slice of their own, the most frequent ones; all others share one."""
MOST_DISTINCT = 50
"""Distinct words above which a column is not a segment but a name, a place or a text."""
ENTITIES_PER_VALUE = 5
FEW_NUMBERS = 8
"""Distinct numbers up to which each is a value of its own."""

OTHERS = "(other)"
"""Value of the cases whose value is not among the most frequent ones."""


def encode_column(column: pd.Series) -> tuple[np.ndarray, tuple[str, ...]] | None:
    """Return the code (n,) of every row, −1 where unknown, and the values in their order; None for a column that is not a segment.

    Segments are columns with few distinct words, each of several rows, and numbers, which are binned by quantiles.
    """
    numbers = _read_numbers(column)
    if numbers is not None:
        distinct = np.unique(numbers[np.isfinite(numbers)])
        if len(distinct) > FEW_NUMBERS:
            return bin_values(numbers, choose_limits(numbers))
        known = np.isfinite(numbers)
        codes = np.where(known, np.searchsorted(distinct, np.where(known, numbers, np.inf)), -1)
        return codes, tuple(f"{each:.12g}" for each in distinct)
    words = column.map(_read_word)
    count = words.nunique()
    if not 0 < count <= MOST_DISTINCT or count * ENTITIES_PER_VALUE > words.notna().sum():
        return None
    return encode_words(words.to_numpy(dtype=object))


def encode_words(words: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the code (n,) of every word, −1 where it says nothing, and the words in alphabetical order."""
    codes, values = pd.factorize(np.array([_read_word(each) for each in words], dtype=object))
    order = sorted(range(len(values)), key=lambda at: (str(values[at]).casefold(), str(values[at])))
    places = np.empty(len(order) + 1, dtype=np.int64)
    places[order] = np.arange(len(order))
    places[-1] = -1
    return places[codes], tuple(str(values[at]) for at in order)


def join_rare(codes: np.ndarray, values: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the codes (n,) and values with the most frequent ones kept and all others joined to one, which comes last."""
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    if np.count_nonzero(counts) <= MOST_VALUES + 1:
        return codes, values
    kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_VALUES])
    places = np.full(len(values) + 1, len(kept))
    places[kept] = np.arange(len(kept))
    places[-1] = -1
    return places[codes], (*(values[at] for at in kept), OTHERS)


def _read_numbers(column: pd.Series) -> np.ndarray | None:
    """Return the numbers (n,) of a column, NaN where unknown; None where it has words, dates or codes with leading zeros."""
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return None
    if pd.api.types.is_numeric_dtype(column):
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    known = column.dropna().map(_read_word).dropna().astype(str)
    if not len(known) or known.str.match(r"0\d").any() or pd.to_numeric(known, errors="coerce").isna().any():
        return None
    return np.asarray(pd.to_numeric(column.astype(object), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan))


def _read_word(value: object) -> str | None:
    """Return a word or a truth as text; None for what is neither, such as a list, and for words that say that a value is not known."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if not isinstance(value, str) or value.casefold() == "unknown" or not any(map(str.isalnum, value)):
        return None
    return value

"""A column of a sample: its name and what its values look like, as evidence for its role."""

import re
from functools import cached_property

import pandas as pd

from recsys.datasets.importing.column_names import find_meaning
from recsys.item_images import is_image_name

_MONTHS = (
    "jan ene gen янв sty led feb fév fev lut фев mar mär maa maj mag mai may mei ма apr abr avr kwi апр jun juin cze июн giu jul juil lip июл lug "
    "aug aoû ago août sie авг sep set wrz сен oct okt ott out paź окт nov lis ноя dec dez déc dic gru дек"
)
_MONTH = rf"(?:{'|'.join(_MONTHS.split())})[^\W\d_]*"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?"
_DATE = (
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})(?!\d)|\d{4}\s?[年년.]\s?\d{1,2}\s?[月월.]|"
    rf"\d{{1,2}}(?:st|nd|rd|th|\.)?[\s/-]*(?:de )?{_MONTH}\.?,?[\s/-]*(?:de )?\d{{2,4}}|{_MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s.*\d{{4}}"
)
_DATED = re.compile(rf"^(?:[^\W\d_]{{2,12}}\.?,?\s+)?(?:{_DATE}|\d{{8}}T\d{{4,6}})", re.IGNORECASE)
_EPOCHS = ((3e8, 4.2e9), (3e11, 4.2e12), (3e14, 4.2e15), (3e17, 4.2e18))
_MOST = 0.9
WRITTEN_RATING = r"(\d+(?:[.,]\d+)?)\s*(/\s*\d+|out of \d+(?: stars)?|von \d+(?: Sternen)?|sur \d+(?: étoiles)?|[Ss]tars?|Sterne?|étoiles?|estrellas?|stelle|★)"
STARS = "★+☆*"


class Column:
    """A column of a sample. `all` has a missing value for every empty cell, `values` leaves these out; `filled` is their share."""

    def __init__(self, name: str, values: pd.Series) -> None:
        self.name, self.meaning = name, find_meaning(name)
        stripped = values.fillna("").str.strip()
        self.all = stripped.mask(stripped.isin(("", "nan", "NaN", "None", "null", "NULL", "\\N", "<NA>")))
        self.values = self.all.dropna()
        self.filled = len(self.values) / max(len(values), 1)

    @cached_property
    def distinct(self) -> int:
        return int(self.values.nunique())

    @cached_property
    def numbers(self) -> pd.Series:
        """The values as numbers, also those with a decimal comma; empty for the others."""
        return pd.to_numeric(self.values.str.replace(r"^([-+]?\d+),(\d+)$", r"\1.\2", regex=True), errors="coerce")

    @cached_property
    def example(self) -> str:
        return str(self.values.iloc[0])[:60] if len(self.values) else ""

    @property
    def are_written_ratings(self) -> bool:
        """Whether the values are ratings with words or signs around them, all on one scale: 4/5, 4 stars, ★★★★☆."""
        found = self.values.str.extract(f"^{WRITTEN_RATING}$")
        is_stars = self.values.str.fullmatch(STARS)
        rests = found[1][~is_stars & found[1].notna()].str.lower().str.rstrip("s").nunique()
        return len(self.values) > 0 and bool((found[0].notna() | is_stars).mean() > _MOST) and rests <= 1

    @property
    def are_numbers(self) -> bool:
        return len(self.values) > 0 and bool(self.numbers.notna().mean() > _MOST)

    @property
    def are_whole(self) -> bool:
        return self.are_numbers and bool((self.numbers.dropna() % 1 == 0).all())

    @property
    def are_unique(self) -> bool:
        """Whether every row has a value of its own, in a sample of more than a few rows."""
        return len(self.values) >= 20 and self.distinct == len(self.values)

    @property
    def are_flags(self) -> bool:
        return set(self.values.str.lower().unique()[:8]) <= {"0", "1", "0.0", "1.0", "true", "false", "yes", "no", "y", "n", "t", "f"}

    @cached_property
    def epoch(self) -> int:
        """0 for seconds since 1970, 1 for milliseconds, 2 for microseconds, 3 for nanoseconds; −1 for other values."""
        shares = [self.numbers.abs().between(*limits).sum() / max(len(self.values), 1) for limits in _EPOCHS]
        return shares.index(max(shares)) if max(shares) > _MOST else -1

    @cached_property
    def precision(self) -> int:
        """3 for seconds since 1970, 2 for dates with a time, 1 for dates only, 0 for other values."""
        if self.epoch >= 0:
            return 3
        if not len(self.values):
            return 0
        short = self.values[self.values.str.len() <= 48]
        if short.str.contains(_DATED).sum() / len(self.values) > _MOST:
            return 2 if short.str.contains(_CLOCK).mean() > 0.5 or short.str.contains(r"^\d{8}T\d{4}").mean() > 0.5 else 1
        days = self.numbers.dropna()
        written = pd.to_datetime(days[days.between(19_000_101, 21_001_231)].astype("int64").astype("str"), format="%Y%m%d", errors="coerce")
        return int(written.notna().sum() / len(self.values) > _MOST)

    @property
    def are_clocks(self) -> bool:
        """Whether the values are times of day or durations, such as 01:31:02, without a date."""
        return self._share(rf"^{_CLOCK}\s*(?:[AaPp][Mm])?$") > _MOST

    @property
    def are_lists(self) -> bool:
        """Whether cells hold several ids: "N1 N2 N3", "['a', 'b']", "12|7"; names of several words have few digits."""
        return self._share(r"^\[.*\]$|^\S*\d\S*(?:[\s|;,]+\S*\d\S*)+$") > 0.5 and self.precision == 0

    @property
    def are_links(self) -> bool:
        return self._share(r"^(?:https?://|www\.)") > 0.5

    @property
    def are_images(self) -> bool:
        return bool(self.values.map(is_image_name).mean() > 0.5)

    @property
    def are_prose(self) -> bool:
        return len(self.values) > 0 and bool(self.values.str.count(r"\s").median() >= 12 or self.values.str.len().median() > 120)

    @property
    def are_names(self) -> bool:
        """Whether the values are words of a language, and not codes such as u17, 3f9a20 or B000012."""
        return self._share(r"^[^\W\d_]+$|[^\W\d_]{2,}.*\s") > 0.5 and not self.are_prose

    @property
    def are_phrases(self) -> bool:
        """Whether many values are of several words, as titles are and names of users mostly are not."""
        return self.are_names and self._share(r"\S\s+\S") > 0.3

    @property
    def are_scale(self) -> bool:
        """Whether the values are the few steps of ratings: 1 to 5 or 0 to 10, whole or halves, −1 for none."""
        numbers = self.numbers.dropna()
        counts_rows = len(numbers) > 1 and numbers.diff().iloc[1:].eq(1).all()
        steps = 1 < numbers.nunique() <= 22 and numbers.between(-1, 10).all() and ((numbers * 2) % 1 == 0).all()
        return self.are_numbers and bool(steps) and not counts_rows and not self.are_flags

    def are_degrees(self, limit: float) -> bool:
        """Return whether all values are fractions between −limit and limit."""
        return self.are_numbers and bool(self.numbers.dropna().abs().le(limit).all()) and self._share(r"\.\d{3,}$") > 0.5

    def _share(self, pattern: str) -> float:
        return float(self.values.str.contains(pattern).mean()) if len(self.values) else 0.0


def determines(cause: Column, effect: Column) -> bool:
    """Return whether every value of one column goes with a single value of the other, judged by the values that occur again."""
    pairs = pd.DataFrame({"cause": cause.all, "effect": effect.all}).dropna()
    groups = pairs.groupby("cause")["effect"].agg(["size", "nunique"])
    again = groups[groups["size"] > 1]
    return bool((again["nunique"] == 1).mean() > _MOST) if len(again) else True

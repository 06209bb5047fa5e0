"""Formats of written dates: the shape of a text (its digits as zeros) becomes a format of strptime for each order of day, month and year.

A shape keeps every other character, so a format fits exactly the texts of its shape. Words are first written in one way: months as JAN,
a.m. as am, weekdays and words such as "de" removed.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from recsys.datasets.source import quote_literal

DATE_ORDERS = ("day-first", "month-first", "year-first")

_LANGUAGES = ("en", "en_GB", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "pl", "fi", "tr", "cs", "ro", "hu")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WITHOUT_MEANING = "de del of den der um uhr at à às le il el om kl the on st nd rd th er º ª"
_SPECIAL = {"mrz": "MAR", "年": "-", "月": "-", "日": "", "\xa0": " ", "\u202f": " "}
_UNDERSTOOD = {"am", "pm", "t", "z", "utc", "gmt", "h"}
_HALF_DAY = r"\b([ap])\.\s?m\b\.?"
_EDGES = " ,.-"

# Fields are named by the directives of strptime; first, second and third are day, month and two-digit year in an order yet unknown.
_MONTH = f"(?P<b>{'|'.join(_MONTHS)})"
_DATES = (
    r"(?P<Y>0000)(?P<mark>[-/. ] ?)(?P<m>00?)(?P=mark)(?P<d>00?)",
    r"(?P<Y>0000)(?P<m>00)(?P<d>00)",
    r"(?P<first>00?)(?P<mark>[-/.] ?)(?P<second>00?)(?P=mark)(?:(?P<Y>0000)|(?P<third>00))",
    r"(?P<m>00?) (?P<d>00?), (?P<Y>0000)",
    rf"(?P<first>00?)(?P<mark>[-/ .,]*){_MONTH}[-/ .,']*(?:(?P<Y>0000)|(?P<third>00))",
    rf"{_MONTH}[- .]*(?P<d>00?)(?:[- ,.]+(?P<Y>0000)|, ?'?(?P<y>00))",
    rf"(?P<Y>0000)[-/ .,]*{_MONTH}[-/ .,]*(?P<d>00?)",
)
_CLOCK = r"(?P<H>00?)(?:(?P<colon>[:.h])(?P<M>00)(?:(?P=colon)(?P<S>00)(?:[.,](?P<n>0{1,9}))?)?)?(?: ?(?P<p>am|pm))?"
# Without seconds an offset needs a space before it: 08:26-09:30 is a time and its end.
_ZONE = r"(?: ?(?:z|utc|gmt))?(?(S) ?| )(?P<z>[+-]00(?::?00)?)(?: \([^%0]*\))?| ?(?:z|utc|gmt)"
# Mar is March, and Tuesday in French, Spanish and Italian: there it is written like the month.
_TUESDAY = r"(?:MAR[., ]+)?"
_TEXTS = [
    re.compile(pattern)
    for pattern in (
        *(rf"{_TUESDAY}{date}(?:(?:t|[ ,.:-]+){_CLOCK}(?:{_ZONE})?)?" for date in _DATES),
        *(rf"{_CLOCK}[ ,]+{date}" for date in _DATES),
        r"(?P<Y>0000)(?P<m>00)(?P<d>00)[t -]?(?P<H>00)(?P<M>00)(?P<S>00)?z?",
        rf"{_MONTH} +(?P<d>00?) {_CLOCK}(?: (?P<z>[+-]0000)| utc| gmt)? (?P<Y>0000)",
    )
]
# The meaning of first, second and third in each order; a year of four digits is never first in such a date.
_ORDERED = {"day-first": "dmy", "month-first": "mdy", "year-first": "ymd"}
_NAMED = {"day-first": "d y", "month-first": "d y", "year-first": "y d"}


@dataclass(frozen=True)
class DateFormats:
    """Formats of strptime by order of day, month and year, for texts prepared by `rewrite_sql`.

    `orders_differ` for some shape; `usually_day_first`: only for dotted dates and those with the name of a month and a short year, which
    are written day first nearly everywhere. `has_offsets`: some text states an offset.
    """

    formats: dict[str, list[str]]
    rewrites: dict[str, str]
    is_plain: bool
    orders_differ: bool
    usually_day_first: bool
    has_offsets: bool

    def rewrite_sql(self, text: str) -> str:
        """Return SQL for a text with its words written in one way."""
        if self.is_plain:
            return text
        text = f"lower({text})"
        for old, new in self.rewrites.items():
            text = f"replace({text}, {quote_literal(old)}, {quote_literal(new)})"
        return f"trim({text}, {quote_literal(_EDGES)})"


def find_formats(shapes: Iterable[str]) -> DateFormats:
    """Return the formats of the shapes that are written dates."""
    texts = [shape.lower() for shape in shapes]
    rewrites = _find_rewrites(texts)
    formats: dict[str, list[str]] = {order: [] for order in DATE_ORDERS}
    ordered_marks = set()
    for text in texts:
        for old, new in rewrites.items():
            text = text.replace(old, new)
        found = next((found for each in _TEXTS if (found := each.fullmatch(text.strip(_EDGES)))), None)
        fields = found.groupdict() if found else {}
        if found is None or (fields.get("H") and not fields.get("M") and not fields.get("p")):
            continue
        written = _write_formats(found)
        for order, each in written.items():
            if each not in formats[order]:
                formats[order].append(each)
        if len(set(written.values())) > 1:
            ordered_marks.add("name" if fields.get("b") else fields["mark"].strip())
    for listed in formats.values():
        listed.sort(key=lambda each: "%y" not in each)  # %Y would read a year of two digits too, as one of the first century
    is_plain = not rewrites and not any(re.search(r"[^\W\d_]|^\W|\W$", text) for text in texts)
    has_offsets = any("%z" in each for listed in formats.values() for each in listed)
    return DateFormats(formats, rewrites, is_plain, bool(ordered_marks), ordered_marks <= {".", "name"}, has_offsets)


def _write_formats(found: re.Match[str]) -> dict[str, str]:
    """Return the format of a shape in each order that it can have."""
    fields = {name: text for name, text in found.groupdict().items() if text is not None and name not in ("mark", "colon")}
    orders = _ORDERED if "second" in fields else _NAMED
    result = {}
    for order in DATE_ORDERS:
        unknown = dict(zip(("first", "second", "third"), orders[order]))
        if "first" in fields and "third" not in fields:
            if order == "year-first" and "second" in fields:
                continue
            unknown = dict(zip(("first", "second"), orders["day-first" if order == "year-first" else order]))
        elif order == "year-first" and fields.get("first") == "0":
            continue
        written, done = "", 0
        for name in sorted(fields, key=found.start):
            directive = "I" if name == "H" and "p" in fields else unknown.get(name, name)
            written += found.string[done : found.start(name)] + "%" + directive
            done = found.end(name)
        result[order] = written + found.string[done:]
    return result


def _find_rewrites(texts: Iterable[str]) -> dict[str, str]:
    """Return what to write in place of the words that occur in these texts; longer words first, so that none is taken for a part of one.

    What is written is in capitals, so that no later rewriting of a lower-case text applies to it.
    """
    found: dict[str, str] = {}
    for text in texts:
        for half in re.finditer(_HALF_DAY, text):
            found[half[0]] = f"{half[1]}m"
        for word in re.findall(r"[^\W\d_]+|[\xa0\u202f]", re.sub(_HALF_DAY, "", text)):
            if word not in _UNDERSTOOD and (new := _words().get(word)) is not None:
                found[word] = new
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


@cache
def _words() -> dict[str, str]:
    """Return the names of months and weekdays in _LANGUAGES, and words without meaning, each with what is written in its place."""
    from babel import Locale

    months: dict[str, str] = {}
    removed: dict[str, str] = dict.fromkeys(_WITHOUT_MEANING.split(), "")
    for language in _LANGUAGES:
        locale = Locale.parse(language)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in locale.months[context][width].items():
                    months.update(dict.fromkeys(_spellings(name), _MONTHS[number - 1]))
                for name in locale.days[context][width].values():
                    removed.update(dict.fromkeys(_spellings(name), ""))
    return removed | months | _SPECIAL


def _spellings(name: str) -> set[str]:
    """Return the words of a name, with and without accents."""
    plain = "".join(each for each in unicodedata.normalize("NFD", name.lower()) if not unicodedata.combining(each))
    return {word for spelling in (name.lower(), plain) for word in re.findall(r"[^\W\d_]{2,}", spelling)}

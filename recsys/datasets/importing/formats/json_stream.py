"""A JSON text read piece by piece, so that memory does not grow with the file; numbers stay the text that they are."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from recsys.core.errors import DataError
from recsys.core.formatting import format_number
from recsys.core.translation import _

_CHUNK = 1 << 22
_LONGEST = 1 << 26
_BLANKS = re.compile(r"[ \t\n\r]*")


class _RepeatedKeyError(ValueError):
    pass


class _NotANumberError(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _value in pairs]
        raise _RepeatedKeyError(next(key for key in keys if keys.count(key) > 1))
    return found


def _refuse(constant: str) -> None:
    raise _NotANumberError(constant)


_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse, object_pairs_hook=_object)


class JsonStream:
    """A position in a JSON text; every method starts at the next character that is not blank. Errors name the file and line."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self._file = file
        self._path = path
        self._text = ""
        self._place = 0
        self._lines = 1

    def peek(self) -> str:
        """Return the next character, "" at the end of the file."""
        while True:
            self._place = _BLANKS.match(self._text, self._place).end()  # type: ignore[union-attr]
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._fill():
                return ""

    def take(self, mark: str) -> bool:
        """Step over this character if it is the next one."""
        if self.peek() != mark:
            return False
        self._place += 1
        return True

    def expect(self, mark: str) -> None:
        """Step over this character; another one is a DataError."""
        if not self.take(mark):
            raise self._error(_("'{mark}' is missing", mark=mark), self._place)

    def value(self) -> Any:
        """Return the next value and step over it; numbers are strings."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._place)
            except json.JSONDecodeError as error:
                # What stands at the end of the piece may be whole in the file.
                place = len(self._text) if error.msg.startswith("Unterminated") else error.pos
                if place >= len(self._text) - 16 and len(self._text) - self._place <= _LONGEST and self._fill():
                    continue
                raise self._error(error.msg, place) from error
            except _RepeatedKeyError as error:
                raise self._error(_("an object has two values called '{name}'", name=error), self._place) from error
            except _NotANumberError as error:
                raise self._error(_("{value} is not a value of JSON; write null", value=error), self._place) from error
            except RecursionError as error:
                raise self._error(_("it is nested too deeply for data"), self._place) from error
            if end > len(self._text) - 4 and self._fill():
                continue  # the number may go on: "1", "1e" and "1e+" end here and are not the whole of 1e+5
            self._place = end
            return value

    def elements(self) -> Iterator[Any]:
        """Step over a list, yielding its elements."""
        self.expect("[")
        if self.take("]"):
            return
        while True:
            yield self.value()
            if not self.take(","):
                return self.expect("]")

    def keys(self) -> Iterator[str]:
        """Step over an object, yielding each name; the caller steps over its value."""
        self.expect("{")
        seen: set[str] = set()
        if self.take("}"):
            return
        while True:
            if self.peek() != '"':
                raise self._error(_("'{mark}' is missing", mark='"'), self._place)
            key = self.value()
            if key in seen:
                raise self._error(_("an object has two values called '{name}'", name=key), self._place)
            seen.add(key)
            self.expect(":")
            yield key
            if not self.take(","):
                return self.expect("}")

    def _fill(self) -> bool:
        more = self._file.read(_CHUNK)
        if not more:
            return False
        self._lines += self._text.count("\n", 0, self._place)
        self._text = self._text[self._place :] + more
        self._place = 0
        return True

    def _error(self, reason: str, place: int) -> DataError:
        if len(self._text) - self._place > _LONGEST:
            return DataError(
                _(
                    "{file}: a value in line {line} is longer than {count} characters; a quote or bracket before it may not be closed",
                    file=self._path.name,
                    line=format_number(self._lines + self._text.count("\n", 0, self._place)),
                    count=format_number(_LONGEST),
                )
            )
        if place >= len(self._text.rstrip()) and not self._file.read(1):
            return DataError(
                _("{file} ends in the middle of its data: the file was cut off; download or copy it again", file=self._path.name)
            )
        return DataError(
            _(
                "{file}: line {line} is not JSON: {reason}, at '{text}'; correct it or export the file again",
                file=self._path.name,
                line=format_number(self._lines + self._text.count("\n", 0, place)),
                reason=reason[:200],
                text=" ".join(self._text[max(place - 10, 0) : place + 30].split()),
            )
        )

"""Text files of any encoding and with any line ends, as UTF-8 that a reader of tables can take."""

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from recsys.core import Check
from recsys.core.errors import DataError, QuestionError
from recsys.core.formatting import format_number
from recsys.core.translation import N_, _
from recsys.datasets.source import read_head, unreadable_file

ENCODING_NOTE = N_("text read as {encoding}, for example '{example}'")

_CHUNK = 1 << 22
_SAMPLE = 1 << 18
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_WESTERN = {"cp1252", "latin_1", "iso8859_15", "iso8859_1"}
# Letters and marks of Western European languages outside ASCII: a word such as "Café" in which all others are ASCII is Western text.
_WESTERN_LETTERS = re.compile(r"[A-Za-z]?[À-ÖØ-öø-ÿŒœŠšŽžŸ][a-z]|[A-Za-z][À-ÖØ-öø-ÿŒœŠšŽžŸ]|[’‘“”–—…€°£§«»´]")
# The bytes of common letters and marks in each encoding: the first level of each standard for ideographs, kana, and Hangul.
_COMMON = {
    "shift_jis": re.compile(rb"[\x88-\x97][\x40-\x7e\x80-\xfc]|\x81[\x40-\x7e\x80-\xac]|\x82[\x4f-\x9a\x9f-\xf1]|\x83[\x40-\x7e\x80-\x96]"),
    "euc_kr": re.compile(rb"[\xb0-\xc8][\xa1-\xfe]|[\xa1\xa3][\xa1-\xfe]"),
    "gbk": re.compile(rb"[\xb0-\xd7][\xa1-\xfe]|[\xa1-\xa3][\xa1-\xfe]|\xa8[\xa1-\xba]"),
    "big5": re.compile(rb"[\xa4-\xc6][\x40-\x7e\xa1-\xfe]|\xa1[\x40-\x7e\xa1-\xfe]"),
}
_MANY_SYLLABLES = 12


@dataclass(frozen=True)
class PlainText:
    """A file as UTF-8 text with one kind of line end: the file itself, or a copy. `encoding` is that of the original."""

    path: Path
    encoding: str
    notes: tuple[Check, ...] = ()


@dataclass(frozen=True)
class _Scan:
    """One pass over the bytes: the UTF-8 sequences that are valid, the lines with other bytes, the kinds of line ends."""

    valid: int
    invalid: int
    odd_lines: bytes
    has_zeros: bool
    ends: Counter[bytes]


def as_plain_text(path: Path, work: Path, encoding: str | None = None) -> PlainText:
    """Return the file as UTF-8; what is not certain about its encoding is a QuestionError.

    Args:
        path: a file that is not compressed.
        work: an existing folder for a copy, made only where the file is not UTF-8 or mixes kinds of line ends.
        encoding: the encoding to use instead of detecting it.
    """
    try:
        head = read_head(path, _SAMPLE)
        marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
        if marked == "utf-16" or encoding:
            return _convert(path, work, encoding or "utf-16")
        scan = _scan(path)
        if scan.has_zeros:
            return _convert(path, work, _utf16_without_mark(path, head))
        if scan.invalid:
            return _convert(path, work, _detect(path, scan))
        kinds = sum(scan.ends[end] > 0 for end in (b"\r\n", b"\n", b"\r"))
        return _convert(path, work, "utf-8", is_certain=True) if kinds > 1 else PlainText(path, "utf-8")
    except OSError as error:
        raise unreadable_file(path, error) from error


def _scan(path: Path) -> _Scan:
    decoder = codecs.getincrementaldecoder("utf-8")()
    valid = invalid = 0
    odd, ends, has_zeros, rest = bytearray(), Counter[bytes](), False, b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            has_zeros = has_zeros or b"\x00" in chunk
            returns = chunk.count(b"\r")
            windows = (chunk.count(b"\r\n") if returns else 0) + (rest.endswith(b"\r") and chunk.startswith(b"\n"))
            ends[b"\r\n"] += windows
            ends[b"\n"] += chunk.count(b"\n") - windows
            ends[b"\r"] += returns - windows
            rest = chunk[-1:]
            if chunk.isascii():
                continue
            try:
                valid += sum(map(len, re.findall(r"[^\x00-\x7f]+", decoder.decode(chunk))))
            except UnicodeDecodeError:
                decoder.reset()
                text = chunk.decode("utf-8", errors="surrogateescape")
                bad = len(re.findall("[\udc80-\udcff]", text))
                invalid += bad
                valid += len(re.findall("[^\x00-\x7f]", text)) - bad
                if len(odd) < _SAMPLE:
                    odd += b"\n".join(line for line in chunk.splitlines() if not line.isascii())[:_SAMPLE]
    return _Scan(valid, invalid, bytes(odd), has_zeros, ends)


def _utf16_without_mark(path: Path, head: bytes) -> str:
    """Return the kind of UTF-16 in which the zero bytes are halves of Latin letters; other zero bytes are a DataError."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) > len(head) * 0.2 and min(even, odd) < max(even, odd) * 0.02:
        return "utf-16-le" if odd > even else "utf-16-be"
    raise DataError(_("{file} is not text: it contains zero bytes; save it as CSV in UTF-8", file=path.name))


def _detect(path: Path, scan: _Scan) -> str:
    """Return the encoding of a file that is not UTF-8 where one is certain; else raise a QuestionError that suggests one."""
    if scan.valid > 9 * scan.invalid:
        raise QuestionError(
            _(
                "{file} is UTF-8 apart from {count} bytes, near '{example}'; is it UTF-8 with damaged characters?",
                file=path.name,
                count=format_number(scan.invalid),
                example=_example(scan.odd_lines.decode("utf-8", errors="replace"), "\ufffd"),
            ),
            "--encoding",
            "utf-8",
        )
    from charset_normalizer import from_bytes

    western = scan.odd_lines.decode("cp1252", errors="replace")
    # Short words with many capitals look unlikely in every encoding: the likeliest one is asked about all the same.
    matches = from_bytes(scan.odd_lines) or from_bytes(scan.odd_lines, threshold=0.5)
    found = matches.best()
    best = found.encoding if found is not None else "cp1252"
    marks = re.findall(r"[^\x00-\x7f]", western)
    explained = re.findall(r"[^\x00-\x7f]", "".join(_WESTERN_LETTERS.findall(western)))
    if len(explained) >= len(marks) * 0.95 and (best in _WESTERN or _is_isolated(western)):
        # Five bytes mean nothing in cp1252; a file that has them is Latin-1.
        return "latin-1" if "\ufffd" in western else "cp1252"
    likely = _find_common_letters(scan.odd_lines)
    if likely and likely != best:
        best, example = likely, _example(scan.odd_lines.decode(likely, errors="replace"))
    else:
        example = _example(str(found) if found is not None else western)
    raise QuestionError(
        _(
            "{file} is not UTF-8; read as {encoding} it contains '{example}', read as cp1252 '{other}'; which encoding is right?",
            file=path.name,
            encoding=best,
            example=example,
            other=_example(western),
        ),
        "--encoding",
        best,
        choices=dict.fromkeys((best, "cp1252", *(each.encoding for each in matches))),
    )


def _find_common_letters(data: bytes) -> str | None:
    """Return the encoding in which nearly all letters outside ASCII are common ones, of those that take each other's bytes for rare ones."""
    whole = len(re.findall(rb"[^\x00-\x7f]", data))
    for encoding, letters in _COMMON.items():
        found = letters.findall(data)
        # All Korean syllables are common Chinese characters too; of these a text of any length has others.
        if sum(map(len, (re.sub(rb"[\x00-\x7f]", b"", each) for each in found))) > 0.95 * whole and (
            encoding != "euc_kr" or len(set(found)) >= _MANY_SYLLABLES
        ):
            return encoding
    return None


def _is_isolated(text: str) -> bool:
    """Return whether letters outside ASCII mostly stand alone between ASCII letters, as in Western languages and no others."""
    runs = re.findall(r"[^\W\d_a-zA-Z]+", text)
    return bool(runs) and sum(len(run) == 1 for run in runs) > len(runs) * 0.9 and len(re.findall("[a-zA-Z]", text)) > 2 * len(runs)


def _example(text: str, mark: str = r"[^\x00-\x7f]") -> str:
    found = re.search(rf"[^\s,;|\t\"]{{0,12}}{mark}[^\s,;|\t\"]{{0,12}}", text)
    return found.group() if found else text[:20]


def _convert(path: Path, work: Path, encoding: str, is_certain: bool = False) -> PlainText:
    """Write a copy as UTF-8 with one kind of line end."""
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise DataError(_("'{encoding}' is not an encoding; give one such as utf-8, cp1252 or shift_jis", encoding=encoding)) from error
    target = Path(mkdtemp(dir=work)) / path.name
    example = rest = ""
    errors = "replace" if encoding.lower() in ("utf-8", "utf8", "utf-8-sig") else "strict"
    try:
        with path.open(encoding=encoding, errors=errors, newline="") as text, target.open("w", encoding="utf-8", newline="") as file:
            has_feeds = False
            while part := text.read(_CHUNK):
                if "\x00" in part:
                    raise DataError(_("{file} is not text: it contains zero bytes; save it as CSV in UTF-8", file=path.name))
                example = example or (_example(part) if not part.isascii() else "")
                has_feeds = has_feeds or "\n" in part
                part, rest = _split_return(rest + part)
                # Where lines end in line feeds, a carriage return alone is part of a cell.
                file.write(part.replace("\r\n", "\n").replace("\r", " " if has_feeds else "\n"))
            file.write(rest.replace("\r", "\n"))
    except UnicodeError as error:
        raise DataError(
            _("{file} cannot be read as {encoding} ({reason}); save it as UTF-8", file=path.name, encoding=encoding, reason=error)
        ) from error
    is_unicode = encoding.lower().startswith("utf")
    notes = () if is_certain or is_unicode else (Check(ENCODING_NOTE, 1, "kept", {"encoding": encoding, "example": example}),)
    return PlainText(target, encoding, notes)


def _split_return(text: str) -> tuple[str, str]:
    """Split off a carriage return at the end, whose line feed may be in the next part."""
    return (text[:-1], text[-1:]) if text.endswith("\r") else (text, "")

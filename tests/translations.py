"""The messages of the code: `python -m tests.translations` writes the template for translators; tests make a pseudo-locale of them.

The pseudo-locale is a language of accented letters: whatever a page shows in plain letters has escaped the catalogue. Its messages
are a third longer than the English ones, as German or Finnish would be.
"""

import ast
import re
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import write_po

from recsys.core.translation import DOMAIN

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "assets" / "translations" / f"{DOMAIN}.pot"
KEYWORDS = {"_": 1, "N_": 1, "ngettext": 2, "unknown": 1, "check_name": 1}  # how many of the first arguments are messages
LANGUAGE = "en_XA"
KEPT = re.compile(r"%?\{\{?[^{}]*\}?\}|<[^<>]*>|&#?\w+;|`[^`]*`")  # placeholders, tags, entities and code
ACCENTS = str.maketrans("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "áƀçđéƒğĥíĵķłɱñóþǫŕšŧúṽŵẋýžÁƁÇĐÉƑĞĤÍĴĶŁṀÑÓÞǪŔŠŦÚṼŴẊÝŽ")
Message = tuple[str, ...]  # (message,) or (singular, plural)


@cache
def messages() -> dict[Message, list[tuple[str, int]]]:
    """Every message of the library and the pages, with its places.

    Read from the syntax tree: Babel's own reader misses calls inside f-strings before Python 3.12.
    """
    found: dict[Message, list[tuple[str, int]]] = {}
    for path in sorted([*(ROOT / "recsys").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
                texts = [each.value for each in node.args[: KEYWORDS[node.func.id]] if isinstance(each, ast.Constant)]
                if len(texts) == KEYWORDS[node.func.id] and all(isinstance(text, str) for text in texts):
                    found.setdefault(tuple(map(str, texts)), []).append((path.relative_to(ROOT).as_posix(), node.lineno))
    return found


def write_template(path: Path = TEMPLATE) -> None:
    """Write the template that translations into a language begin with; without line numbers, which would change with every edit."""
    catalogue = Catalog(project="Recscope", charset="utf-8", fuzzy=False)
    for message, places in messages().items():
        catalogue.add(message if len(message) > 1 else message[0], locations=sorted({(file, 0) for file, _line in places}))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=120, sort_by_file=True, include_lineno=False, omit_header=True)


def accented(message: str) -> str:
    """The message in the pseudo-locale; placeholders, tags and code stay."""
    pieces, end = [], 0
    for kept in KEPT.finditer(message):
        pieces += [message[end : kept.start()].translate(ACCENTS), kept.group()]
        end = kept.end()
    pieces.append(message[end:].translate(ACCENTS))
    longer = max(len(KEPT.sub("", message)) // 3, 1)
    return "".join(pieces) + " " + ("ñóŕéáłŧéẋŧ " * (longer // 11 + 1))[: longer - 1].rstrip()


def write_pseudo_locale(folder: Path) -> Path:
    """Compile the pseudo-locale into a folder for RECSYS_TRANSLATIONS."""
    catalogue = Catalog(locale="en")
    for message in messages():
        translated = tuple(map(accented, message))
        catalogue.add(*((message, translated) if len(message) > 1 else (message[0], translated[0])))
    target = folder / LANGUAGE / "LC_MESSAGES" / f"{DOMAIN}.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, catalogue)
    return folder


if __name__ == "__main__":
    write_template()
    print(f"{len(messages())} messages in {TEMPLATE.relative_to(ROOT)}")

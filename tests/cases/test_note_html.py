"""Notes as HTML: read back by an HTML parser of the standard library, nothing in them runs or loads."""

import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.cases.note_html import render_note, shorten_note
from recsys.core.translation import _, language
from tests import translations

HARMLESS = {
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {"href", "title", "target", "rel", "start", "class", "style"}
HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![x](https://elsewhere.test/a.png)", "![x][r]\n\n[r]: https://elsewhere.test/b.png",
    "[x](javascript:alert(1))", "[x](data:text/html,<script>)", "![](javascript:alert(1))", '<a href="x" onclick="alert(1)">', "<iframe src=//x>",
    "<style>*{display:none}</style>", '[a](https://x.test "\\" onmouseover=alert(1) ")', '![\\" onerror=alert(1)](https://x.test/\\"q)', "```js\n</code><script>\n```",
    "&lt;script&gt;", "<svg onload=alert(1)>", "[![i](https://x.test/a.png)](https://x.test)", "| a |\n|:-:|\n| <b> |",
]  # fmt: skip


class Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def check(html: str) -> Reader:
    found = Reader(html)
    for tag, attributes in found.tags:
        assert tag in HARMLESS and set(attributes) <= ATTRIBUTES, (tag, attributes)
        assert "url" not in (attributes.get("style") or "")
        address = (attributes.get("href") or "").strip().casefold()
        assert not address.startswith(("javascript:", "data:", "vbscript:", "file:")), address
        if tag == "a":
            assert attributes["rel"] == "noopener noreferrer" and attributes["target"] == "_blank"
    return found


@pytest.mark.parametrize("note", HOSTILE)
def test_nothing_runs_and_nothing_loads(note: str) -> None:
    check(render_note(note))


@given(
    st.lists(
        st.sampled_from([*HOSTILE, "**b**", "\n", "\n\n", "> ", "- ", "`", "[", "](", ")", "<", ">", '"', "🙂", "\\"]), max_size=12
    ).map("".join)
)
def test_no_mixture_of_it_either(note: str) -> None:
    check(render_note(note))


def test_html_is_shown_as_it_was_written() -> None:
    assert check(render_note("<b>Ada & Bob</b> 🙂")).text.strip() == "<b>Ada & Bob</b> 🙂"


def test_markdown_is_drawn() -> None:
    found = check(
        render_note(
            "# Why\n\n**bold** ~~no~~\nnew line\n\n- a\n\n| x |\n|---|\n| y |\n\n[link](https://x.test/?a=1&b=2)\n\n![A place](https://x.test/p.png)"
        )
    )
    assert {"h1", "strong", "s", "br", "li", "table", "a"} <= {tag for tag, _attributes in found.tags}
    assert [attributes["href"] for tag, attributes in found.tags if tag == "a"] == ["https://x.test/?a=1&b=2", "https://x.test/p.png"]
    assert "A place" in found.text


@pytest.mark.parametrize("piece", ["n", "[", "![", "> ", "- a\n", "[a](b", "*a ", "|a|b|\n", "🙂", "<", "`", "_a "])
def test_the_longest_note_is_drawn(piece: str) -> None:
    began = time.perf_counter()
    check(render_note(piece * (102_400 // len(piece))))
    assert time.perf_counter() - began < 30


def test_the_beginning_of_a_note() -> None:
    assert shorten_note("short", 10) == "short"
    assert shorten_note("one two three four", 12) == "one two …"
    assert shorten_note("x" * 30, 10) == "x" * 10 + " …"


def test_the_words_of_a_note_are_in_the_language_of_its_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_TRANSLATIONS", str(translations.write_pseudo_locale(tmp_path / "translations")))
    assert ">picture</a>" in render_note("![](https://example.com/a.png)")
    with language(translations.LANGUAGE):
        assert _("picture") != "picture" and f">{_('picture')}</a>" in render_note("![](https://example.com/a.png)")

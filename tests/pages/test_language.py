"""The language of the app: every visible sentence is in the catalogue, and a session's language is its own."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from babel import Locale
from google.protobuf.json_format import MessageToDict
from streamlit.testing.v1 import AppTest

from recsys import datasets
from recsys.core import translation
from recsys.models import MODELS
from tests import translations
from tests.pages.conftest import NAVIGATION

PAGES = [
    "home", "explore/timeline", "explore/dataset", "explore/items", "demo/recommend", "demo/compare", "demo/cold_start",
    "inspect/explain", "inspect/attention", "inspect/drift", "evaluate/leaderboard", "evaluate/checkpoints",
]  # fmt: skip
VISIBLE = {"label", "help", "placeholder", "body", "text", "options", "title", "caption", "alt", "content", "emptyText"}
CHART_TEXTS = {"text", "name", "hovertemplate", "ticktext", "hovertext"}
ATTRIBUTES = {"title", "alt", "aria-label", "data-says", "placeholder"}
NAMES = """
    Recscope SASRec EASE BERT Markov LSTM LLM MLP kNN NDCG HR MRR MAP RMSE MAE AUC KL JSD PSI UTC ISO CUDA CSV TSV XLSX JSON NPZ
    Parquet RecBole GitHub inter zip gzip auto cpu cuda ndcg mrr rmse bits min sec km Shapley Jensen Shannon Spearman Kendall MiniLM all
    GroupLens ODbL python recsys prepare fetch train demo city Precision Recall temporal last out
    Block CausalAttention Embedding Dropout Gate ItemVectors LayerNorm Linear LSTM ModuleList Pointer Sequential
"""
WORD = re.compile(r"[A-Za-z]{3,}")
FILE = re.compile(r"[\w.-]*/[\w./-]+|[\w-]+\.[a-z]{2,8}\b")  # names of files and folders


@pytest.fixture
def pseudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RECSYS_TRANSLATIONS", str(translations.write_pseudo_locale(tmp_path / "translations")))
    yield
    translation._catalogue.cache_clear()


def open_page(page: str, language: str = translations.LANGUAGE, **cursor: str) -> AppTest:
    app = AppTest.from_file(NAVIGATION, default_timeout=120)
    app.session_state["language"] = language
    for name, value in {"dataset": "demo-city", "model": "sasrec-time", "user": "p0015", **cursor}.items():
        app.query_params[name] = value
    app.run()
    if page != "home":
        app.switch_page(f"{page}/page.py").run()
    assert not app.exception, app.exception[0].value
    return app


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside.append(tag)
        self.texts += [value for name, value in attrs if name in ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            del self.inside[len(self.inside) - 1 - self.inside[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if not {"style", "code", "script"} & set(self.inside):
            self.texts.append(data)


def without_markup(text: str) -> Iterator[str]:
    parser = _Text()
    parser.feed(text)
    yield from parser.texts


def chart_texts(value: Any, key: str = "") -> Iterator[str]:
    """Whatever a Plotly figure says, its hover texts without d3's own placeholders."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from chart_texts(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from chart_texts(each, key)
    elif isinstance(value, str) and key in CHART_TEXTS:
        yield from without_markup(re.sub(r"%\{[^}]*\}", " ", value))


def field_texts(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "spec" and isinstance(each, str) and each.startswith("{"):
                yield from chart_texts(json.loads(each))
            else:
                yield from field_texts(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from field_texts(each, key)
    elif isinstance(value, str) and key in VISIBLE:
        yield from without_markup(re.sub(r"`[^`]*`|:material/\w+:|:small\[", " ", value).replace("\\", ""))


def visible_texts(app: AppTest) -> Iterator[str]:
    """Every text that the elements of a page show, and those behind the pointer."""
    queue = [app._tree]
    while queue:
        block = queue.pop()
        for node in getattr(block, "children", {}).values():
            queue.append(node)
        proto = getattr(block, "proto", None)
        if proto is None or not hasattr(proto, "DESCRIPTOR") or proto.DESCRIPTOR.name == "Json":
            continue  # st.json shows a checkpoint's card as it is
        if not getattr(block, "children", None):
            yield from field_texts(MessageToDict(proto))


def words_of(table: pd.DataFrame | None) -> Iterator[str]:
    if table is not None:
        for column in table.columns:
            if table[column].dtype.kind not in "fiub":
                for value in table[column].dropna().astype(str).unique():
                    yield from WORD.findall(value)


@pytest.fixture(scope="module")
def known_words() -> set[str]:
    """Names and data, which no catalogue holds, and what Babel knows of dates and units itself."""
    words = set(NAMES.split())
    for card in datasets.list_datasets():
        words |= set(WORD.findall(f"{card.title} {card.name}"))
    data = datasets.open_dataset("demo-city")
    words |= set(words_of(data.items)) | set(words_of(data.users)) | set(words_of(data.interactions))
    words |= {word for name in MODELS for word in WORD.findall(name)}
    locale = Locale.parse("en_GB")
    for names in (locale.months, locale.days):
        words |= {word for widths in names.values() for width in widths.values() for name in width.values() for word in WORD.findall(name)}
    words |= {"minute", "minutes", "hour", "hours", "day", "days", "month", "months", "second", "seconds", "and"}
    return words


def escaped(app: AppTest, known: set[str]) -> list[str]:
    """Texts with a word in plain letters that is neither data nor a name."""
    models = re.compile("|".join(re.escape(spec.title) for spec in sorted(MODELS.values(), key=lambda spec: -len(spec.title))))
    return sorted({text.strip() for text in visible_texts(app) if set(WORD.findall(FILE.sub(" ", models.sub(" ", text)))) - known})


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", PAGES)
def test_no_sentence_escapes_the_catalogue(page: str, pseudo: None, known_words: set[str]) -> None:
    app = open_page(page)
    found = escaped(app, known_words)
    for control in app.get("button_group"):
        for option in range(1, len(control.proto.options)):
            other = open_page(page)
            again = next(each for each in other.get("button_group") if each.proto.id == control.proto.id)
            with translation.language(translations.LANGUAGE):  # AppTest finds a choice by its label, outside of the session
                again.set_value([again.options[option]] if again.proto.click_mode else again.options[option]).run()
            assert not other.exception, other.exception[0].value
            found += escaped(other, known_words)
    assert not found, "\n".join(sorted(set(found)))


def test_the_template_for_translators_is_up_to_date(tmp_path: Path) -> None:
    translations.write_template(tmp_path / "recscope.pot")
    assert translations.TEMPLATE.read_text() == (tmp_path / "recscope.pot").read_text(), "run: python -m tests.translations"


def test_every_message_is_a_text_that_can_be_found() -> None:
    """A template put together at run time would be in no catalogue; a constant is marked by N_ and translated by its name."""
    wrong = []
    for path in [*(translations.ROOT / "recsys").rglob("*.py"), *(translations.ROOT / "pages").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in translations.KEYWORDS:
                first = node.args[: translations.KEYWORDS[node.func.id]]
                allowed = (
                    (ast.Constant,) if node.func.id != "_" else (ast.Constant, ast.Name, ast.Subscript, ast.Attribute, ast.Call, ast.IfExp)
                )
                if not all(isinstance(each, allowed) for each in first):
                    wrong.append(f"{path.relative_to(translations.ROOT)}:{node.lineno}")
    assert not wrong, wrong


def test_messages_have_named_placeholders_only() -> None:
    for message, places in translations.messages().items():
        for text in message:
            assert not re.search(r"(?<!\{)\{\d*\}|%s|%d", text), (text, places)


def test_two_sessions_have_a_language_each(pseudo: None) -> None:
    there, here = open_page("home"), open_page("home", language="en")
    assert here.title[0].value == "Replay a recommender, step by step"
    assert there.title[0].value == translations.accented("Replay a recommender, step by step")
    assert here.run().title[0].value == "Replay a recommender, step by step"


def test_a_browser_language_without_a_catalogue_is_english(open_page: Callable[..., AppTest]) -> None:
    app = open_page("explore/timeline/page.py")
    assert app.session_state["language"] == "en"

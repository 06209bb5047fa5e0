"""Reports as files: all parts present, texts from data escaped, nothing loaded from elsewhere, small, and honest about what is gone."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recsys.core import TOP_K, Dataset
from recsys.evaluation.replay import replay_history
from recsys.explain.progressive import ProgressiveExplanation, explain_progressively
from recsys.reports.case_page import name_version
from tests.reports.conftest import make_case

HOSTILE = '<img src=http://nowhere.test/x onerror="alert(1)"></script><script>alert(2)</script>&'
SECTIONS = {"timeline", "recommend", "map", "explain", "drift", "attention"}


class Outline(HTMLParser):
    """The elements of a page with their attributes, and the text outside of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self._inside: str | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = tag
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside:
            attrs, before = self.scripts[-1]
            self.scripts[-1] = attrs, before + data
        else:
            self.text.append(data)

    @property
    def sections(self) -> list[str]:
        return [
            str(attrs["class"]).removeprefix("part ") for tag, attrs in self.elements if tag == "section" and "part " in str(attrs["class"])
        ]

    @property
    def figures(self) -> dict[str, str]:
        """The JSON of each figure by its name."""
        names = [str(attrs["data-name"]) for tag, attrs in self.elements if tag == "figure"]
        return dict(zip(names, (text for attrs, text in self.scripts if attrs.get("type") == "application/json"), strict=True))

    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def test_all_parts_are_there_and_agree_with_a_replay(
    tiny: Dataset, report_of: Callable[..., str], checkpoint_of: Callable[..., object]
) -> None:
    page = Outline(report_of(tiny, [make_case(note="A **note**", tags=("first tag",))]))
    assert set(page.sections) == SECTIONS
    words = page.words()
    found = checkpoint_of("sasrec-time", tiny)
    history = tiny.history("u03")
    replay = replay_history(found.model, history, tiny.repeats)
    for item in replay.top_items[3]:
        assert tiny.title_of(str(item)) in words
    assert f"next item: {tiny.title_of(str(history.items[3]))}, rank {replay.ranks[3]:.0f} of 15" in words
    for expected in ("A note", "first tag", "by Ada", "last-out", found.fingerprint, tiny.fingerprint, "torch ", "made by Recscope"):
        assert expected in words, expected
    assert "Starting from the baseline" in words  # the explanation, with its precision
    assert "Beats random" in words or "cannot be compared" in words
    ranks = json.loads(page.figures["ranks-1"])["data"][0]
    assert len(_unpack(ranks["x"])) == len(history)


def _unpack(values: object) -> np.ndarray:
    if isinstance(values, dict):
        return np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])
    return np.asarray(values)


@pytest.mark.parametrize("page", ["timeline", "explain", "attention", "drift", "recommend"])
def test_the_section_of_the_kept_page_is_first(page: str, tiny: Dataset, report_of: Callable[..., str]) -> None:
    assert Outline(report_of(tiny, [make_case(page=page)])).sections[0] == page


def test_settings_of_the_kept_page_are_those_of_the_report(tiny: Dataset, report_of: Callable[..., str]) -> None:
    settings = {"explain_u03_3": "i07", "explain_target": "probability", "explain_removal": "neutral"}
    words = Outline(report_of(tiny, [make_case(page="explain", settings=settings)])).words()
    assert f"{tiny.title_of('i07')} ·" in words
    compared = Outline(report_of(tiny, [make_case(page="compare", settings={"beside_tiny": ["markov", "gone"]})]))
    assert compared.sections[0] == "compare"
    heads = re.findall(r"SASRec|Markov chain", compared.words().partition("Models side by side")[2][:80])
    assert heads == ["SASRec", "Markov chain"]  # the third one is gone
    nonsense = {"explain_u03_3": ["x"], "explain_target": "<b>", "attention_view": 3, "drift_view_tiny_u03": {}, "beside_tiny": "markov"}
    for page in ("explain", "attention", "drift", "compare"):
        assert set(Outline(report_of(tiny, [make_case(page=page, settings=nonsense)])).sections) == SECTIONS


def test_an_item_is_explained_once_and_as_a_page_has_explained_it(
    tiny: Dataset, report_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[ProgressiveExplanation] = []

    def explain(*given: Any, **named: Any) -> Iterator[ProgressiveExplanation]:
        answers.append([*explain_progressively(*given, **named)][-1])
        yield answers[-1]

    monkeypatch.setattr("recsys.reports.explanation.explain_progressively", explain)
    cases = [make_case(page=page) for page in ("timeline", "explain")]
    twice = Outline(report_of(tiny, cases))
    assert len(answers) == 1
    known = replace(answers[0], explanation=replace(answers[0].explanation, values=answers[0].explanation.values + 1))
    of_page = Outline(report_of(tiny, cases, find_answer=lambda explained: known if explained.step == 3 else None))
    assert len(answers) == 1
    bars = [name for name in twice.figures if name.startswith("contributions")]
    assert len(bars) == 2
    assert len({twice.figures[name] for name in bars}) == 1
    assert twice.figures[bars[0]] != of_page.figures[bars[0]] == of_page.figures[bars[1]]


def test_hostile_texts_are_shown_and_do_nothing(make_dataset: Callable[..., Dataset], report_of: Callable[..., str]) -> None:
    items = [f"{HOSTILE}{number}" for number in range(6)]
    table = pd.DataFrame({"title": [f"T{item}" for item in items], "category": [HOSTILE, "b"] * 3}, index=items)
    table["latitude"], table["longitude"] = np.arange(6) / 100.0, np.arange(6) / 100.0
    table["district"] = HOSTILE
    events = [(f"u{HOSTILE}", items[at % 6]) for at in range(30)] + [("v", item) for item in items[:3]]
    days = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(len(events)), unit="D")
    dataset = make_dataset(events, name="hostile", items=table, timestamp=days)
    plain = Outline(report_of(dataset, [make_case("hostile", user_id="v", step=2)]))
    note = f"{HOSTILE}\n\n[link](javascript:alert(3)) ![picture](http://nowhere.test/a.png) <iframe src=x>"
    page = Outline(report_of(dataset, [make_case("hostile", note, (HOSTILE,), user_id=f"u{HOSTILE}", step=20)]))
    tags = {tag for tag, _attrs in page.elements}
    assert tags <= {tag for tag, _attrs in plain.elements} | {"i", "a", "p", "br"} and "img" not in tags and "iframe" not in tags
    assert sum(tag == "script" for tag, _attrs in page.elements) == len(page.figures) + 2
    assert not [name for _tag, attrs in page.elements for name in attrs if name.startswith("on")]
    links = [str(attrs["href"]) for tag, attrs in page.elements if tag == "a"]
    assert not [link for link in links if not link.startswith(("http://nowhere.test/", "#"))]
    assert page.words().count(HOSTILE) >= 3  # the note, the tag and the titles are readable
    for figure in page.figures.values():
        json.loads(figure)
        assert "<" not in figure


def test_nothing_is_loaded_and_only_the_two_own_scripts_run(tiny: Dataset, report_of: Callable[..., str]) -> None:
    html = report_of(tiny, [make_case(note="![x](http://nowhere.test/x.png)")])
    page = Outline(html)
    (policy,) = [str(attrs["content"]) for tag, attrs in page.elements if attrs.get("http-equiv")]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'" and "connect-src" not in rules and "http" not in policy
    own = next(text for attrs, text in page.scripts if attrs == {} and "DecompressionStream" in text)
    assert f"'sha256-{base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()}'" in rules["script-src"]
    loaded = [attrs for _tag, attrs in page.elements for name in ("src", "srcset", "action", "data") if attrs.get(name)]
    assert not [attrs for attrs in loaded if not str(attrs.get("src")).startswith("data:")]
    assert not [tag for tag, _attrs in page.elements if tag in ("link", "iframe", "object", "embed", "form")]
    images = [str(attrs["href"]) for tag, attrs in page.elements if tag == "image"]
    assert images and all(href.startswith("data:image/svg+xml;base64,") for href in images)


def test_plotly_is_once_in_the_file(tiny: Dataset, report_of: Callable[..., str]) -> None:
    import gzip

    from plotly.offline import get_plotlyjs

    one, two = (report_of(tiny, [make_case(step=step) for step in range(count)]) for count in (1, 2))
    packed = next(text for attrs, text in Outline(two).scripts if attrs.get("id") == "plotly")
    assert gzip.decompress(base64.b64decode(packed)).decode() == get_plotlyjs()
    assert len(two) - len(one) < 400_000 and len(one) < 3_000_000


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        ({"dataset": "elsewhere"}, "there is no dataset"),
        ({"user_id": "nobody"}, "there is no user"),
        ({"step": 4_000}, "step 4,?000 is outside this history"),
        ({"checkpoint": "gone"}, "there is no checkpoint"),
    ],
)
def test_what_is_gone_is_said_and_what_is_known_is_shown(
    view: dict[str, object], reason: str, tiny: Dataset, report_of: Callable[..., str]
) -> None:
    gone = make_case(**{"dataset": "tiny", "note": "still **here**", "tags": ("kept",), **view})
    page = Outline(report_of(tiny, [gone, make_case()]))
    words = page.words()
    assert re.search(reason, words)
    assert "still here" in words and "kept" in words and f"{name_version(gone.view)}" in words
    assert set(page.sections) == SECTIONS and len(page.sections) == len(SECTIONS)  # those of the other case alone


def test_changes_since_the_case_was_kept_are_said(
    tiny: Dataset, report_of: Callable[..., str], checkpoint_of: Callable[..., object]
) -> None:
    fingerprint = checkpoint_of("sasrec-time", tiny).fingerprint
    same = report_of(tiny, [make_case(checkpoint_fingerprint=fingerprint, dataset_fingerprint=tiny.fingerprint)])
    other = report_of(tiny, [make_case(checkpoint_fingerprint="x", dataset_fingerprint="y")])
    assert "has changed since" not in same
    assert "The model has changed since" in other and "The data has changed since" in other


@pytest.mark.parametrize("step", [0, 1, "last"])
@pytest.mark.parametrize("model", ["popularity", "markov", "sasrec"])
def test_data_that_knows_only_the_order(model: str, step: int | str, order_only: Dataset, report_of: Callable[..., str]) -> None:
    at = len(order_only.history("u03")) if step == "last" else int(step)
    page = Outline(report_of(order_only, [make_case("order-only", checkpoint=model, step=at, user_id="u03")]))
    assert "map" not in page.sections
    words = page.words()
    assert f"after {at} of" in words
    assert ("no attention over single events" in words) == (model != "sasrec")
    assert ("the timeline ends here" in words) == (step == "last")


def test_a_long_timeline_is_replayed_around_the_step(make_dataset: Callable[..., Dataset], report_of: Callable[..., str]) -> None:
    random = np.random.default_rng(3)
    events = [("long", f"i{item}") for item in random.integers(20, size=3_000)] + [("short", f"i{at}") for at in range(20)]
    dataset = make_dataset(events, name="long")
    page = Outline(report_of(dataset, [make_case("long", checkpoint="markov", user_id="long", step=1_500)]))
    steps = _unpack(json.loads(page.figures["ranks-1"])["data"][0]["x"])
    assert steps.min() == 1_300 and steps.max() == 1_700
    assert "steps 1,300 to 1,700" in page.figures["ranks-1"]


def test_versions_are_named_so_that_a_promotion_does_not_change_them() -> None:
    assert name_version(make_case(checkpoint="sasrec", version=1).view) == "sasrec@1"
    assert name_version(make_case(checkpoint="sasrec@2", version=2).view) == "sasrec@2"
    assert name_version(make_case(checkpoint="my.module:Model").view) == "my.module:Model"


def test_list_is_as_long_as_the_top_k(tiny: Dataset, report_of: Callable[..., str]) -> None:
    html = report_of(tiny, [make_case()])
    rows = re.search(r'<section class="part recommend">.*?</section>', html, re.DOTALL)
    assert rows is not None
    listed = re.findall(r'<li class="(\w*)">', rows[0])
    assert len(listed) in (TOP_K, TOP_K + 1) and sum(bool(mark) for mark in listed) == 1

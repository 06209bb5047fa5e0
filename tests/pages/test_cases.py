"""Cases in the app: views of every page kept and restored, listed, edited by two people, and opened when things have changed since."""

import ast
import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from pages.shell import view_settings
from pages.shell.open_case import PAGES
from recsys.accounts.account import open_local_account
from recsys.cases.case import PAGE_TITLES, Case, View
from recsys.cases.keeping import keep_case, list_cases
from recsys.core import Dataset
from recsys.database.engine import open_store
from recsys.storage import paths
from tests.pages.conftest import NAVIGATION, told

CASES = "inspect/cases/page.py"
WHERE = {"user": "u03", "step": "9"}


def stored() -> list[Case]:
    store = open_store()
    return list(list_cases(store, open_local_account(store), limit=None).cases)


def keep_view(page: str = "timeline", note: str = "", tags: tuple[str, ...] = (), **view: Any) -> Case:
    store = open_store()
    given = {"dataset": "tiny", "checkpoint": "sasrec-time", "version": 1, "checkpoint_fingerprint": "", "user_id": "u03", "step": 9}
    return keep_case(store, open_local_account(store), View(**{**given, "page": page, **view}), note, tags)


def keep_here(app: AppTest, note: str = "", *tags: str) -> Case:
    """Press the control in the sidebar, write and save."""
    app.button(key="keep_case").click().run()
    app.text_area(key="keep_note").set_value(note)
    app.multiselect(key="keep_tags").set_value(list(tags))
    before = {case.id for case in stored()}
    app.button(key="keep_save").click().run()
    assert not app.exception and not app.error, told(app)
    (made,) = [case for case in stored() if case.id not in before]
    return made


def address(app: AppTest) -> dict[str, str]:
    return {name: values[0] for name, values in app.query_params.items()}


def is_at(app: AppTest, **where: Any) -> bool:
    here = app.session_state["cursor"]
    return all(getattr(here, name) == value for name, value in where.items())


def shown(app: AppTest) -> list[str]:
    """What the page itself shows: its words and figures, without the note of the open case."""
    parts = [each.value for each in [*app.caption, *app.info, *app.warning]]
    html = [re.sub(r'data-of="\w+"', "", str(each.proto.body)) for each in app.get("html")]
    return [
        *parts,
        *(each for each in html if "rs-case-about" not in each and "rs-markdown" not in each and "<style" not in each),
        *(each.proto.spec for each in app.get("plotly_chart")),
    ]


VIEWS: list[tuple[str, str, dict[str, Any]]] = [
    ("timeline", "sasrec-time", {}),
    ("recommend", "sasrec-time", {"pills:try_weekday": 2, "select_slider:try_hour": 7, "multiselect:try_only_tiny": ["park"], "select_slider:try_most": "2"}),
    ("compare", "sasrec-time", {"multiselect:beside_tiny": []}),
    ("explain", "sasrec-time", {"selectbox:explain_u03_9": "i05", "segmented_control:explain_target": "margin", "segmented_control:explain_removal": "neutral"}),
    ("explain", "sasrec-time", {"segmented_control:view": "what-if", "pills:whatif_weekday": 5, "multiselect:whatif_gone_u03_9": [8, 3], "multiselect:whatif_added_u03_9": ["i01"]}),
    ("attention", "sasrec-time", {"segmented_control:attention_view": "rollout", "toggle:attention_map": True}),
    ("drift", "sasrec-time", {"segmented_control:drift_view_tiny_u03": "hour", "toggle:drift_everybody": True}),
]  # fmt: skip


def test_every_page_whose_views_are_kept_has_a_file_a_title_and_settings() -> None:
    assert list(PAGES) == list(PAGE_TITLES)
    assert PAGES.keys() <= view_settings.VIEW_KEYS.keys()


@pytest.mark.parametrize(("page", "model", "settings"), VIEWS, ids=[f"{page}-{at}" for at, (page, _, _) in enumerate(VIEWS)])
def test_opening_restores_the_view_exactly(
    page: str, model: str, settings: dict[str, Any], train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
) -> None:
    train_tiny("popularity", "item-knn", "sasrec-time")
    app = open_page(PAGES[page], model=model, **WHERE)
    plain = shown(app)
    for name, value in settings.items():
        kind, key = name.split(":")
        getattr(app, kind)(key=key).set_value(value).run()
        assert not app.exception and not app.error, told(app)
    before = shown(app)
    assert (before != plain) == bool(settings)
    case = keep_here(app, "a *note*", "cold")
    assert (case.view.page, case.view.checkpoint, case.view.user_id, case.view.step) == (page, model, "u03", 9)
    assert case.view.checkpoint_fingerprint and case.view.dataset_fingerprint == "tiny" and case.tags == ("cold",)

    fresh = open_page(CASES, dataset="order-only")
    fresh.button(key=f"open_{case.id}").click().run()
    assert not fresh.exception and not fresh.error, told(fresh)
    assert is_at(fresh, model=model, user="u03", step=9) and fresh.session_state["cursor"].dataset.name == "tiny"
    assert shown(fresh) == before
    assert "<em>note</em>" in told(fresh) and not fresh.warning
    for name, value in settings.items():
        kind, key = name.split(":")
        assert getattr(fresh, kind)(key=key).value == value, key

    app.switch_page(CASES).run()  # the session that kept it, after other settings
    app.switch_page(PAGES[page]).run()
    app.switch_page(CASES).run()
    app.button(key=f"open_{case.id}").click().run()
    assert shown(app) == before


def test_settings_that_a_case_does_not_have_are_the_defaults(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("popularity", "item-knn", "sasrec-time")
    case = keep_view("explain", settings={"explain_u03_9": "i05"})
    app = open_page(PAGES["explain"], model="sasrec-time", **WHERE)
    app.segmented_control(key="explain_target").set_value("margin").run()
    app.segmented_control(key="view").set_value("what-if").run()
    app.query_params["case"] = case.id
    app.run()
    assert app.segmented_control(key="view").value == "one" and app.segmented_control(key="explain_target").value == "logit"
    assert app.selectbox(key="explain_u03_9").value == "i05"


@pytest.mark.parametrize(("page", "model", "settings"), VIEWS[1:4], ids=[page for page, _, _ in VIEWS[1:4]])
def test_a_copied_link_restores_the_view_exactly(
    page: str, model: str, settings: dict[str, Any], train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
) -> None:
    train_tiny("popularity", "item-knn", "sasrec-time")
    app = open_page(PAGES[page], model=model, **WHERE)
    for name, value in settings.items():
        kind, key = name.split(":")
        getattr(app, kind)(key=key).set_value(value).run()
    link = copy_link(app)
    assert link.startswith(f"{page}?dataset=tiny&model=sasrec-time&user=u03&step=9&with=")
    fresh = open_page(PAGES[page], **dict(parse_qsl(urlsplit(link).query)))
    assert shown(fresh) == shown(app) and "with" not in fresh.query_params


def copy_link(app: AppTest) -> str:
    """The link that the button copies, as the browser gets it once it has asked for it."""
    app.session_state["copy_view_asked"] = 1
    app.run()
    given = [str(each.proto) for each in app.get("bidi_component")]
    (found,) = {link for each in given for link in re.findall(r'\\"address\\": ?\\"(.*?)\\"', each)}
    return found


def open_link(**query: str) -> AppTest:
    """The app as a link to a case opens it in a new session. AppTest's first run is of the start page, and links to cases work on all."""
    app = AppTest.from_file(NAVIGATION, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


@pytest.mark.parametrize(
    "settings",
    ["", "{", "[]", "null", "1", '"x"', "{" * 5_000, '{"attention_map":"x","attention_view":{"a":1}}', '{"attention_view":"nothing"}', '{"cursor":1,"uploads":{"tiny":1}}'],
)  # fmt: skip
def test_a_damaged_link_shows_the_default_view(settings: str, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("sasrec-time")
    plain = open_page(PAGES["attention"], model="sasrec-time", **WHERE)
    app = open_page(PAGES["attention"], model="sasrec-time", **WHERE, **{"with": settings})
    assert not app.exception and shown(app) == shown(plain)


@pytest.mark.parametrize(
    ("page", "settings"),
    [
        ("recommend", {"try_hour": None, "try_most": None}),
        ("recommend", {"feedback": [["i01", "rating", 10**400]]}),
        ("recommend", {"feedback": [["i01", "rating", float("nan")]]}),
        ("compare", {"compare_view": None}),
        ("explain", {"view": "what-if", "whatif_hour": None}),
        ("drift", {"drift_view_tiny_u03": None}),
    ],
)  # fmt: skip
def test_a_link_with_a_value_that_no_widget_has_shows_its_default(
    page: str, settings: dict[str, Any], train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
) -> None:
    train_tiny("sasrec-time")
    usable = {name: value for name, value in settings.items() if name == "view"}
    plain = open_page(PAGES[page], model="sasrec-time", **WHERE, **{"with": json.dumps(usable)})
    app = open_page(PAGES[page], model="sasrec-time", **WHERE, **{"with": json.dumps(settings)})
    assert not app.exception and shown(app) == shown(plain)


class TestOpening:
    def test_a_link_to_a_case_opens_it(self, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
        train_tiny("sasrec-time")
        case = keep_view("explain", "Look at **this**", settings={"explain_target": "margin"})
        app = open_link(dataset="order-only", case=case.id)
        assert app.title[0].value == "Explain" and is_at(app, model="sasrec-time", user="u03", step=9)
        assert app.segmented_control(key="explain_target").value == "margin" and "<strong>this</strong>" in told(app)
        assert app.query_params["case"] in (case.id, [case.id])

    def test_moving_on_leaves_the_case_and_a_button_leads_back(
        self, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
    ) -> None:
        train_tiny("sasrec-time")
        case = keep_view("explain", "Look at **this**", settings={"explain_target": "margin"})
        app = open_link(case=case.id).switch_page(PAGES["explain"])  # where the app is; AppTest does not follow it
        app.button(key="next").click().run()
        assert is_at(app, step=10) and "You have left the view" in told(app) and "<strong>this" not in told(app)
        assert "case" not in app.query_params
        app.button(key="open_case_back").click().run()
        assert is_at(app, step=9) and "<strong>this" in told(app) and app.segmented_control(key="explain_target").value == "margin"
        app.button(key="open_case_close").click().run()
        assert "<strong>this" not in told(app) and app.segmented_control(key="explain_target").value == "margin"

    @pytest.mark.parametrize("case_id", ["0" * 32, "x", "<b>", "%00"])
    def test_an_unknown_case_is_a_notice(self, case_id: str, open_page: Callable[..., AppTest]) -> None:
        app = open_link(case=case_id)
        assert "there is no case" in told(app) and not app.exception and "case" not in app.query_params

    @pytest.mark.parametrize(
        ("view", "words"),
        [
            ({"checkpoint_fingerprint": "old"}, "The model “sasrec-time” has been trained again since this case was kept"),
            ({"dataset_fingerprint": "old"}, "The dataset has been prepared anew since"),
            ({"step": 500}, "Step 500 does not exist any more, since the user has 21 events now; the last step is shown"),
            ({"user_id": "gone"}, "The user “gone” is not in the dataset any more"),
            (
                {"version": 3, "checkpoint_fingerprint": "old"},
                "The model “sasrec-time@3” of this case is gone; sasrec-time is shown in its place",
            ),
            ({"checkpoint": "my-own", "checkpoint_fingerprint": "old"}, "The model “my-own” of this case is gone; sasrec-time is shown"),
            ({"checkpoint": "sasrec", "checkpoint_fingerprint": "old"}, "The model “sasrec” of this case is gone; train it again"),
        ],
    )
    def test_what_has_changed_is_said_in_one_line(
        self, view: dict[str, Any], words: str, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
    ) -> None:
        train_tiny("sasrec-time")
        case = keep_view("explain", **view)
        app = open_link(case=case.id)
        assert not app.exception and len(app.warning) == 1
        assert words in app.warning[0].value.replace("\\", "") and "\n" not in app.warning[0].value

    def test_a_case_of_a_dataset_that_is_gone_is_shown_and_says_so(self, open_page: Callable[..., AppTest]) -> None:
        case = keep_view("explain", "Still **here**", dataset="gone")
        app = open_link(case=case.id)
        text = told(app)
        assert app.title[0].value == "Cases" and "is not on this server any more" in text and "<strong>here" in text
        assert app.button(key=f"open_{case.id}").disabled
        app.switch_page(CASES)  # where the app is; AppTest does not follow it
        app.button(key="all_cases").click().run()
        assert "1 case" in told(app)

    def test_an_item_that_is_no_longer_listed_gives_the_first(
        self, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
    ) -> None:
        train_tiny("sasrec-time")
        app = open_link(case=keep_view("explain", settings={"explain_u03_9": "gone", "attention_view": 1}).id)
        assert not app.exception and not app.error and app.selectbox(key="explain_u03_9").value != "gone"


class TestFeedbackOfTheList:
    def test_the_list_follows_the_kept_feedback_and_not_the_own(
        self, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
    ) -> None:
        train_tiny("markov")
        app = open_page(PAGES["recommend"], model="markov", **WHERE)
        app.button(key="like_2").click().run()
        app.button(key="dislike_0").click().run()
        followed = cards(app)
        case = keep_here(app)
        assert sorted(row[1] for row in case.view.settings["feedback"]) == ["dislike", "like"]

        again = open_link(case=case.id)  # the same account, with the same feedback still
        assert cards(again) == followed and any(each.key == "like_0" for each in again.button)

        app.button(key="try_reset").click().run()
        own = cards(app)
        assert own != followed
        other = open_link(case=case.id)
        assert cards(other) == followed and "follows the feedback of the open view" in told(other)
        assert not any(each.key == "like_0" for each in other.button)
        other.switch_page(PAGES["recommend"])
        other.button(key="use_own").click().run()
        assert cards(other) == own and any(each.key == "like_0" for each in other.button)

    def test_feedback_of_a_damaged_link_is_left_out(self, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
        train_tiny("markov")
        plain = open_page(PAGES["recommend"], model="markov", **WHERE)
        for rows in (
            [["no such item", "like", None]],
            [["i01", "rating", "5"]],
            [["i01"]],
            "x",
            [[None, "like", None]],
            [["i01", "take over", None]],
        ):
            link = {"with": json.dumps({"feedback": rows})}
            assert cards(open_page(PAGES["recommend"], model="markov", **WHERE, **link)) == cards(plain)


def cards(app: AppTest) -> list[str]:
    return [str(each.proto.body) for each in app.get("html") if 'class="rs-card' in each.proto.body]


class TestKeeping:
    def test_a_view_of_private_data_is_not_kept(
        self, tiny: Dataset, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
    ) -> None:
        train_tiny("markov")
        app = open_page(PAGES["timeline"], model="markov", **WHERE)
        app.session_state["uploads"] = {"tiny": tiny}
        app.run()
        app.button(key="keep_case").click().run()
        assert "belongs to your session and ends with it" in told(app) and not any(each.key == "keep_save" for each in app.button)
        assert stored() == []

    def test_a_note_that_is_too_long_is_refused_and_stays(self, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
        train_tiny("markov")
        app = open_page(PAGES["timeline"], model="markov", **WHERE)
        app.button(key="keep_case").click().run()
        app.text_area(key="keep_note").set_value("n" * 102_401)
        app.button(key="keep_save").click().run()
        app.button(key="keep_case").click().run()
        assert len(str(app.text_area(key="keep_note").value)) == 102_401 and "this note has 102,401" in told(app) and stored() == []

    def test_a_model_that_is_not_trained_is_kept_without_a_fingerprint(
        self, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
    ) -> None:
        train_tiny("markov")
        app = open_page(PAGES["drift"], model="sasrec", **WHERE)
        case = keep_here(app, "drift")
        assert (case.view.checkpoint, case.view.version, case.view.checkpoint_fingerprint) == ("sasrec", 1, "")
        opened = open_link(case=case.id, dataset="order-only")
        assert not opened.warning and is_at(opened, model="sasrec", user="u03", step=9)

    def test_a_blind_comparison_is_not_kept(self, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
        train_tiny("popularity", "markov")
        app = open_page(PAGES["compare"], model="markov", **WHERE)
        assert any(each.key == "keep_case" for each in app.button)
        app.segmented_control(key="compare_view").set_value("blind").run()
        assert not any(each.key == "keep_case" for each in app.button)

    def test_pages_that_need_no_store_do_not_open_it(self, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
        train_tiny("markov")
        for page in ("timeline", "explain", "drift"):
            open_page(PAGES[page], model="markov", **WHERE)
        assert not (paths.home() / "recscope.db").exists()


def test_a_walk_restores_each_view(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("sasrec-time")
    keep_view("attention", "# Third", settings={"attention_view": "rollout"}, user_id="u05", step=4)
    keep_view("explain", "second", dataset="gone")
    keep_view("explain", "**first**", settings={"explain_target": "margin"})
    app = open_page(CASES, dataset="order-only")
    app.button(key="cases_walk").click().run()
    assert not app.exception and app.title[0].value == "Explain" and is_at(app, user="u03", step=9, model="sasrec-time")
    assert app.segmented_control(key="explain_target").value == "margin" and "<strong>first" in told(app)
    app.switch_page(PAGES["explain"])
    app.button(key="case_next").click().run()
    assert not app.exception and app.title[0].value == "Attention" and is_at(app, user="u05", step=4)
    assert app.segmented_control(key="attention_view").value == "rollout" and "<h1>Third</h1>" in told(app)
    app.switch_page(PAGES["attention"])
    app.button(key="case_back").click().run()
    assert app.title[0].value == "Explain" and app.segmented_control(key="explain_target").value == "margin"
    app.switch_page(PAGES["explain"])
    app.button(key="case_list").click().run()
    assert app.title[0].value == "Cases"


WIDGETS = {"selectbox", "multiselect", "segmented_control", "pills", "toggle", "checkbox", "radio", "slider", "select_slider", "date_input", "number_input", "text_input", "text_area"}  # fmt: skip
NOT_KEPT = {"blind_models_*", "blind_method", "blind_take_*_*"}
"""Widgets of a blind comparison, which is not kept."""


@pytest.mark.parametrize("page", PAGES)
def test_every_widget_of_a_page_is_kept_with_its_views(page: str) -> None:
    """A widget that is added to a page must be added to VIEW_KEYS, or a kept view is no longer restored exactly."""
    folder = Path(NAVIGATION).parent / Path(PAGES[page]).parent
    keys = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WIDGETS:
                keys |= {star(each.value) for each in node.keywords if each.arg == "key"}
    known = [re.sub(r"\{\w+\}", "*", name) for name in view_settings.VIEW_KEYS[page]]
    missing = [key for key in keys - {None} - NOT_KEPT if not any(fnmatchcase(str(key), pattern) for pattern in known)]
    assert not missing, f"{missing} of {page} are not in VIEW_KEYS"


def star(key: ast.expr) -> str | None:
    """The key as a pattern, "explain_*_*"; None where it is not written there."""
    if isinstance(key, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in key.values)
    return str(key.value) if isinstance(key, ast.Constant) else None

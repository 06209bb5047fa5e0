"""Cases in the app: views of every page kept and restored, listed, edited by two people, and opened when things have changed since."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.shell.open_case import PAGES
from recsys.accounts.account import open_local_account
from recsys.cases.case import Case, View
from recsys.cases.keeping import keep_case, list_cases
from recsys.database.engine import open_store
from tests.pages.conftest import told

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


@pytest.mark.parametrize(("page", "model", "settings"), VIEWS, ids=[f"{page}-{at}" for at, (page, _, _) in enumerate(VIEWS)])
def test_opening_restores_the_view_exactly(
    page: str, model: str, settings: dict[str, Any], train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
) -> None:
    train_tiny("popularity", "item-knn", "sasrec-time")
    app = open_page(PAGES[page][0], model=model, **WHERE)
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
    app.switch_page(PAGES[page][0]).run()
    app.switch_page(CASES).run()
    app.button(key=f"open_{case.id}").click().run()
    assert shown(app) == before


def test_settings_that_a_case_does_not_have_are_the_defaults(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("popularity", "item-knn", "sasrec-time")
    case = keep_view("explain", settings={"explain_u03_9": "i05"})
    app = open_page(PAGES["explain"][0], model="sasrec-time", **WHERE)
    app.segmented_control(key="explain_target").set_value("margin").run()
    app.segmented_control(key="view").set_value("what-if").run()
    app.query_params["case"] = case.id
    app.run()
    assert app.segmented_control(key="view").value == "one" and app.segmented_control(key="explain_target").value == "logit"
    assert app.selectbox(key="explain_u03_9").value == "i05"

"""Feedback on the live list: kept in the store, shared by the sessions of an account, and never lost silently."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from pages.shell import feedback
from recsys.accounts.account import Account, save_account
from recsys.core import Dataset, recommend
from recsys.core.errors import DataError, StoreError
from recsys.database import engine
from recsys.database.engine import Store, open_store
from recsys.database.schema import FeedbackRow, ImpressionRow
from recsys.feedback.recording import Feedback, withdraw_feedback
from recsys.feedback.training_data import restore_request
from recsys.training.checkpoints import find_checkpoint, load_checkpoint
from tests.pages.conftest import told
from tests.pages.test_recommend import PAGE, listed, tried

Open = Callable[..., AppTest]


@pytest.fixture
def page(visit: Callable[..., AppTest], keep: Callable[..., Dataset], tiny: Dataset) -> Open:
    """page(): the page in a session of its own, at one step of a user of "tiny"."""
    keep(tiny)

    def run(**cursor: str) -> AppTest:
        app = visit(PAGE, **{"dataset": "tiny", "model": "markov", "user": "u03", "step": "3", **cursor})
        assert not app.exception
        return app

    return run


def rows(table: type) -> list:  # type: ignore[type-arg]
    with open_store().read() as session:
        return list(session.scalars(select(table).order_by(table.id)))


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def given() -> list[tuple[str, str]]:
    """What is in the store and not taken back, by its table alone."""
    kept = [each for each in rows(FeedbackRow) if each.withdrawn is None and each.action != "skip"]
    return [(each.item_id, each.action) for each in sorted(kept, key=lambda each: each.created)]


def test_a_list_that_is_drawn_again_is_one_impression(page: Open) -> None:
    app = page()
    first = rows(ImpressionRow)
    assert len(first) == 1 and len(first[0].items) == 10 == len(first[0].scores)
    assert (first[0].dataset, first[0].checkpoint, first[0].version, first[0].user_id, first[0].step) == ("tiny", "markov", 1, "u03", 3)
    assert first[0].context == {} and first[0].source == "live"
    app.run().run()
    assert len(rows(ImpressionRow)) == 1
    click(app, "take_2")
    second = rows(ImpressionRow)[-1]
    assert len(rows(ImpressionRow)) == 2 and second.context == {"taken": [first[0].items[2]]}


def test_items_above_a_taken_one_are_skipped_and_all_is_saved_before_the_page_answers(page: Open) -> None:
    app = page()
    click(app, "like_0")
    (shown, _later) = rows(ImpressionRow)
    assert [(each.item_id, each.action) for each in rows(FeedbackRow)] == [(shown.items[0], "like")]
    items = rows(ImpressionRow)[-1].items
    click(app, "take_2")
    assert given() == [(shown.items[0], "like"), (items[2], "take")]
    assert {each.item_id for each in rows(FeedbackRow) if each.action == "skip"} == set(items[:2])


def test_another_window_follows_on_its_next_list(page: Open) -> None:
    one, two = page(), page()
    before = listed(two)
    click(one, "take_4")
    assert listed(one) != before == listed(two)
    assert listed(two.run()) == listed(one) and tried(two) == tried(one)
    click(two, "tried_0_take")
    assert listed(one.run()) == before and not tried(one)


def test_it_comes_back_after_a_restart_and_only_at_its_step(page: Open) -> None:
    app = page()
    click(click(app, "like_0"), "dislike_1")
    after = listed(app)
    engine._open.cache_clear()
    again = page()
    assert listed(again) == after and len(tried(again)) == 2
    elsewhere = page(step="4")
    assert not tried(elsewhere) and "Feedback belongs to the step at which it was given." in told(elsewhere)
    assert listed(click(elsewhere, "go_3")) == after


def test_forgetting_takes_it_back_in_the_store(page: Open) -> None:
    app, elsewhere = page(), page(step="4")
    before = listed(app)
    click(click(app, "like_0"), "take_3"), click(elsewhere, "dislike_1")
    click(app, "try_reset")
    assert listed(app) == before and [action for _item, action in given()] == ["dislike"]
    click(app, "forget_all")
    assert not given() and not page().button(key="take_0").disabled


def test_stars_rate_on_the_scale_of_the_data(page: Open) -> None:
    app = page()
    shown = rows(ImpressionRow)[0].items
    app.feedback(key=f"stars_1_{shown[1]}").set_value(4).run()
    app.feedback(key=next(each.key for each in app.feedback if each.key.endswith(shown[2]))).set_value(0).run()
    assert not app.exception
    assert {(each.item_id, each.action, each.rating) for each in rows(FeedbackRow)} == {
        (shown[1], "rating", 5.0),
        (shown[2], "rating", 1.0),
    }
    context = rows(ImpressionRow)[-1].context
    assert (context["taken"], context["dislikes"]) == ([{"item_id": shown[1], "rating": 5.0}], [shown[2]])
    assert [each.split(":")[0] for each in tried(app)] == ["Rated 1 of 5", "Rated 5 of 5"]
    click(app, "tried_0_rating"), click(app, "tried_0_rating")
    assert not given()


def test_a_click_that_the_store_does_not_take_counts_and_is_saved_later(page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    app, other = page(), page()
    before = listed(app)

    def fail(self: Store) -> Session:
        raise StoreError("the store did not answer: disk full")

    with monkeypatch.context() as broken:
        broken.setattr(Store, "write", fail)
        click(app, "take_4")
        assert listed(app) != before and len(tried(app)) == 1
        assert any("1 click is not saved" in each.value and "disk full" in each.value for each in app.warning)
        click(app, "like_0")
        assert any("2 clicks are not saved" in each.value for each in app.warning) and len(tried(app)) == 2
        assert not given() and listed(other.run()) == before
    deadline = time.monotonic() + 60  # a store that failed is left alone for a while, on a busy machine for longer
    while app.run().warning and time.monotonic() < deadline:
        time.sleep(0.1)
    after = listed(app)
    assert not app.warning and [action for _item, action in given()] == ["take", "like"]
    assert [each.value for each in app.toast] == ["2 clicks that were not saved are saved now."]
    assert listed(other.run()) == after


def test_the_list_works_while_the_store_cannot_be_opened(page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Store:
        raise StoreError("the store did not answer: connection refused")

    with monkeypatch.context() as broken:
        broken.setattr("pages.shell.account.open_store", fail)
        app = page()
        assert "connection refused" in app.warning[0].value and len(listed(app)) == 10
        click(app, "take_1")
        assert len(tried(app)) == 1 and "1 click is not saved" in app.warning[0].value
    app.run()
    assert not app.warning and [action for _item, action in given()] == ["take"]


def test_a_click_on_a_list_that_was_erased_is_said_to_be_refused(page: Open) -> None:
    app = page()
    with open_store().write() as session:
        session.delete(session.scalar(select(ImpressionRow)))
    click(app, "like_0")
    assert any("was not in a list that was shown to this account" in each.value for each in app.warning)
    assert not given() and not app.session_state[feedback.UNSAVED]
    click(app, "like_0")  # the list was saved anew when it was drawn
    assert not app.warning and [action for _item, action in given()] == ["like"]


def test_a_list_that_cannot_be_saved_is_said_to_take_no_feedback(page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object) -> None:
        raise DataError("'bbb …' is too long to be stored")

    monkeypatch.setattr("recsys.feedback.changes.record_impression", refuse)
    assert any("Feedback on this list cannot be saved: 'bbb …' is too long" in each.value for each in page().run().warning)


def test_an_error_in_place_of_the_list_is_shown(page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object) -> None:
        raise DataError("'uuu …' is too long to be stored")

    monkeypatch.setattr("pages.shell.feedback.load_feedback", refuse)
    assert ["too long to be stored" in each.value for each in page().error] == [True]


def test_feedback_is_loaded_as_soon_as_the_store_answers_again(page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    click(page(), "take_1")
    load, answers = feedback.load_feedback, iter([StoreError("connection refused")])

    def load_second_time(*given: Any) -> list[Feedback]:
        if error := next(answers, None):
            raise error
        return load(*given)

    monkeypatch.setattr("pages.shell.feedback.load_feedback", load_second_time)
    monkeypatch.setattr(
        "pages.shell.feedback.time", SimpleNamespace(monotonic=lambda: 0.0)
    )  # the failure took no time: tried again at once
    app = page()
    assert not app.warning and len(tried(app)) == 1


def test_a_viewer_sees_the_list_without_buttons(page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    account = save_account(open_store(), "issuer", "ann", "Ann", "", "viewer")
    monkeypatch.setattr("pages.shell.feedback.current_account", lambda: account)
    app = page()
    assert len(listed(app)) == 10 and not [each for each in app.button if str(each.key).startswith(("take", "like", "dislike"))]
    assert not app.feedback and "but not give feedback" in told(app)


def test_nobody_sees_the_feedback_of_another_account(page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page()
    before = listed(app)
    click(app, "take_4")
    ben: Account = save_account(open_store(), "issuer", "ben", "Ben", "", "editor")
    monkeypatch.setattr("pages.shell.feedback.current_account", lambda: ben)
    other = page()
    assert listed(other) == before and not tried(other)
    click(other, "dislike_0"), click(other, "try_reset")
    assert withdraw_feedback(open_store(), ben, "tiny", "u03") == 0 and [action for _item, action in given()] == ["take"]


def test_nothing_about_private_data_reaches_the_store(page: Open, tiny: Dataset) -> None:
    app = page()
    stored = len(rows(ImpressionRow))
    app.session_state["uploads"] = {"tiny": tiny}
    app.run()
    from recsys.training import loop

    folder = app.session_state["session_folder"] / "checkpoints" / "tiny" / "markov"
    *_, _last = loop.train_model("markov", tiny, "last-out", device="cpu", folder=folder)
    app.run()
    before = listed(app)
    click(app, "take_4")
    assert listed(app) != before and len(tried(app)) == 1
    click(app, "try_reset")
    assert listed(app) == before
    assert len(rows(ImpressionRow)) == stored and not rows(FeedbackRow)


def test_the_request_of_a_list_can_be_made_again_from_its_impression(page: Open, tiny: Dataset) -> None:
    app = page(model="markov")
    click(app, "like_0"), click(app, "take_3")
    app.feedback(key=app.feedback[0].key).set_value(4).run()
    shown = rows(ImpressionRow)[-1]
    model = load_checkpoint(find_checkpoint("markov", "tiny")).model
    request = restore_request(tiny, shown.user_id, shown.step, shown.context)
    best = recommend(model, request, 10, tiny.repeats)
    assert [each.item_id for each in best] == shown.items
    assert [each.score for each in best] == pytest.approx(shown.scores)


def test_nothing_about_data_in_memory_reaches_the_store(page: Open, tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.shell.feedback.is_temporary", lambda name: name == "tiny")
    app = page()
    click(app, "take_4")
    assert len(tried(app)) == 1 and not rows(ImpressionRow) and not rows(FeedbackRow)

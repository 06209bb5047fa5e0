"""Blind comparison on Compare and Feedback: nothing that is sent before the pick says which model made which list."""

import re
from collections.abc import Callable
from random import Random
from shutil import copytree
from typing import Any

import pytest
from sqlalchemy import select
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.testing.v1 import AppTest

from pages.demo.compare import blind
from pages.shell import account as session_account
from recsys.accounts.account import Account
from recsys.core import Dataset
from recsys.core.errors import StoreError
from recsys.database.engine import Store, open_store
from recsys.database.schema import ComparisonRow, ImpressionRow
from recsys.feedback.blind_comparison import METHODS
from recsys.storage import paths
from tests.pages.conftest import told

PAGE, RATES = "demo/compare/page.py", "evaluate/feedback/page.py"
PAIR = ["frequency", "item-knn"]
WORDS = ("frequency", "own history", "item-knn", "itemknn", "item_knn", "knn")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[ForwardMsg]:
    """Every message of the server to the browser since the click on Start."""
    messages: list[ForwardMsg] = []
    enqueue = ForwardMsgQueue.enqueue

    def note(self: ForwardMsgQueue, message: ForwardMsg) -> None:
        messages.append(message)
        enqueue(self, message)

    monkeypatch.setattr(ForwardMsgQueue, "enqueue", note)
    return messages


@pytest.fixture
def start(train_tiny: Callable[..., None], open_page: Callable[..., AppTest], sent: list[ForwardMsg]) -> Callable[..., AppTest]:
    """start(models=[], method="side by side"): Compare with a blind comparison that has begun, at the cursor of a third model."""

    def run(models: list[str] = PAIR, method: str = METHODS[0], step: str = "3", train: bool = True) -> AppTest:
        if train:
            train_tiny("markov", "popularity", *PAIR)
        app = open_page(PAGE, model="markov", user="u03", step=step)
        app.button_group(key="compare_view").set_value("blind").run()
        app.multiselect(key="blind_models_tiny").set_value(models)
        app.button_group(key="blind_method").set_value(method).run()
        sent.clear()
        app.button(key="blind_start").click().run()
        assert not app.exception
        return app

    return run


def rows(table: type[ComparisonRow] | type[ImpressionRow]) -> list[Any]:
    with open_store().read() as session:
        return list(session.scalars(select(table)))


def is_choice_of_model(message: ForwardMsg) -> bool:
    """Whether a message is the sidebar's list of all models, the same in every session."""
    return message.delta.new_element.selectbox.id.endswith("-model")


def as_text(messages: list[ForwardMsg]) -> str:
    return "\n".join(str(each) for each in messages if not is_choice_of_model(each))


@pytest.mark.parametrize("method", METHODS)
def test_nothing_that_is_sent_before_the_pick_names_the_models(start: Callable[..., AppTest], sent: list[ForwardMsg], method: str) -> None:
    app = start(method=method)
    text = as_text(sent)
    assert text.count('class=\\"rs-card') == sum(len(column) for column in app.session_state[blind.ROUND].comparison.columns)
    assert not [word for word in WORDS if word in text.lower()]
    comparison = app.session_state[blind.ROUND].comparison
    scores = [*comparison.first.scores, *comparison.second.scores]
    assert not [score for score in scores if score not in (0, 1) and (f"{score:.4f}" in text or str(score) in text)]
    assert app.query_params["model"] == "markov" and "beside" not in app.query_params

    if method == METHODS[0]:
        app.button(key="blind_left").click().run()
    else:
        app.checkbox[0].check().run()
        assert not [word for word in WORDS if word in as_text(sent).lower()]
        app.button(key="blind_done").click().run()
    assert "Own history" in told(app) and "Item-kNN" in told(app)  # now it does


@pytest.mark.parametrize("method", METHODS)
def test_the_messages_are_the_same_whichever_model_is_where(
    start: Callable[..., AppTest], train_tiny: Callable[..., None], sent: list[ForwardMsg], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two models with equal lists: if the order of the models showed anywhere, the messages would differ."""
    train_tiny("markov", "frequency")
    folder = next(paths.home().glob("checkpoints/*/frequency"), None) or next(paths.home().rglob("frequency"))
    copytree(folder, folder.with_name("twin"))
    card = folder.with_name("twin") / "card.json"
    card.write_text(card.read_text().replace('"name": "frequency"', '"name": "twin"'), encoding="utf-8")
    start(["frequency", "twin"], method, train=False)  # with cold caches the page shows that it loads models
    pages, orders = [], set()
    for seed in range(6):
        monkeypatch.setattr("recsys.feedback.blind_comparison.SystemRandom", lambda seed=seed: Random(seed))
        app = start(["frequency", "twin"], method, train=False)
        comparison = app.session_state[blind.ROUND].comparison
        orders.add(comparison.sides)
        text = as_text(sent).replace(comparison.id, "ID")
        text = re.sub(r'(hash: |id: |fragment_id: |script_hash: |"session_id": |of\\": )\S+', r"\1", text)
        pages.append(re.sub(r"[0-9a-f]{12,}", "", text))
    assert len(orders) > 1
    assert len(set(pages)) == 1


def test_a_pick_is_saved_before_the_reveal_and_stays(start: Callable[..., AppTest]) -> None:
    app = start()
    (row,) = rows(ComparisonRow)
    assert (row.pick, row.first, row.second, row.user_id, row.step) == (None, *PAIR, "u03", 3)
    shown = rows(ImpressionRow)
    assert {each.checkpoint for each in shown} == set(PAIR) and {each.source for each in shown} == {"comparison"}

    app.button(key="blind_right").click().run()
    (row,) = rows(ComparisonRow)
    picked = row.shown["sides"][1]
    assert row.pick == picked
    winner = {"first": "Own history", "second": "Item-kNN"}[picked]
    assert f"You preferred <b>{winner}</b>" in told(app)
    assert not [each for each in app.button if each.key in ("blind_left", "blind_right", "blind_tie")]

    here, state = app.session_state["cursor"], app.session_state[blind.ROUND]
    for side in ("first", "second", "tie"):  # a replayed click reaches the function with the same arguments
        assert state.pick == picked and here.user == "u03"
        if side != picked:
            with pytest.raises(Exception, match="stays as it is"):
                from recsys.accounts.account import open_local_account
                from recsys.feedback.blind_comparison import record_pick

                record_pick(open_store(), open_local_account(open_store()), row.id, side)
    assert rows(ComparisonRow)[0].pick == picked


def test_ticks_count_for_the_team(start: Callable[..., AppTest]) -> None:
    app = start(method=METHODS[1])
    comparison = app.session_state[blind.ROUND].comparison
    for at, team in enumerate(comparison.sides):
        if team == "second":
            app.checkbox(key=f"blind_take_{at}_{comparison.id}").check().run()
    app.button(key="blind_done").click().run()
    (row,) = rows(ComparisonRow)
    assert row.pick == "second"
    assert row.shown["clicked"] == sorted(
        item for item, team in zip(row.shown["columns"][0], row.shown["sides"], strict=True) if team == "second"
    )
    assert "You preferred <b>Item-kNN</b> to <b>Own history</b>" in told(app)


def test_next_user_starts_another_one_at_once(start: Callable[..., AppTest]) -> None:
    app = start(models=[])  # two at random
    app.button(key="blind_tie").click().run()
    assert "You saw no difference between" in told(app)
    app.button(key="blind_next").click().run()
    assert not app.exception and app.session_state["cursor"].user == "u04"
    assert [each.pick for each in sorted(rows(ComparisonRow), key=lambda each: each.created)] == ["tie", None]
    assert app.button(key="blind_left") is not None
    app.button(key="next").click().run()  # a step of the cursor is another question too
    assert len(rows(ComparisonRow)) == 2 + (app.session_state["cursor"].step > 0)


def test_a_store_that_fails_is_said_and_the_pick_can_be_made_again(start: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch) -> None:
    write = Store.write

    def fail(self: Store) -> Any:
        raise StoreError("the store did not answer: disk full; nothing was saved")

    app = start()
    monkeypatch.setattr(Store, "write", fail)
    app.button(key="blind_left").click().run()
    assert "disk full" in told(app) and "You preferred" not in told(app)
    app.button(key="next").click().run()
    assert "This comparison is not saved yet" in told(app)
    monkeypatch.setattr(Store, "write", write)
    app.button(key="blind_left").click().run()
    assert "You preferred" in told(app)
    assert sorted(bool(each.pick) for each in rows(ComparisonRow)) == [False, True] and len(rows(ImpressionRow)) == 4


def test_a_private_upload_leaves_nothing_in_the_store(start: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.shell.comparisons.is_private", lambda _cursor: True)
    app = start()
    app.button(key="blind_left").click().run()
    assert "You preferred" in told(app) and not rows(ComparisonRow) and not rows(ImpressionRow)
    app.button(key="blind_rates").click().run()
    assert not app.exception and "1 pick so far" in told(app)


def test_a_viewer_is_told_why_there_is_no_comparison(
    train_tiny: Callable[..., None], open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = Account("0" * 32, "Vi", "viewer")
    monkeypatch.setattr("pages.shell.feedback.current_account", lambda: viewer)
    train_tiny("markov", "frequency")
    app = open_page(PAGE, model="markov", user="u03", step="3")
    app.button_group(key="compare_view").set_value("blind").run()
    assert "Your role can look at lists" in told(app) and not [each for each in app.button if each.key == "blind_start"]
    assert session_account.STATE not in app.session_state or not rows(ComparisonRow)


def test_one_model_is_not_enough(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("markov")
    app = open_page(PAGE, model="markov", user="u03", step="3")
    app.button_group(key="compare_view").set_value("blind").run()
    assert "needs two models" in told(app)


def test_win_rates_lead_to_compare_and_back(start: Callable[..., AppTest], open_page: Callable[..., AppTest], tiny: Dataset) -> None:
    app = open_page(RATES)
    app.button_group(key="feedback_part").set_value("comparisons").run()
    assert "Nobody has picked between two models" in told(app)
    app.button(key="to_blind").click().run()
    assert app.button_group(key="compare_view").value == "blind"

    app = start()
    for _ in range(9):  # one model wins nine times out of nine
        sides = app.session_state[blind.ROUND].comparison.sides
        app.button(key=f"blind_{('left', 'right')[sides.index('second')]}").click().run()
        app.button(key="blind_next").click().run()
    app.button(key="blind_left").click().run()
    app.button(key="blind_rates").click().run()
    assert not app.exception
    text = told(app)
    wins = sum(each.pick == "second" for each in rows(ComparisonRow))
    assert f"<b>Item-kNN</b> over <b>Own history</b>, in {wins} of 10 picks" in text
    assert "<td>Item-kNN</td><td>Own history</td>" in text and app.get("plotly_chart")

"""Refits and versions: their state is in the store, so any window shows it; each action is checked, done and recorded."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update
from streamlit.testing.v1 import AppTest

from pages.shell import account as session_account
from recsys.accounts.account import LOCAL, Account, open_local_account, save_account
from recsys.core import Dataset
from recsys.database.engine import Store, open_store
from recsys.database.schema import AuditRow, ImpressionRow, JobRow, VersionRow
from recsys.feedback.recording import Impression, record_feedback, record_impression
from recsys.feedback.refit import refit_checkpoint
from recsys.feedback.versions import promote_version
from recsys.jobs.lifecycle import claim_job, finish_job
from recsys.jobs.queue import submit_job
from recsys.jobs.schedules import list_schedules
from recsys.storage.paths import home
from tests.pages.conftest import told

Open = Callable[..., AppTest]
PAGE = "evaluate/feedback/page.py"


@pytest.fixture
def page(visit: Callable[..., AppTest], keep: Callable[..., Dataset], tiny: Dataset) -> Open:
    """page(): the part of the page in a session of its own, for a model of "tiny"."""
    keep(tiny)

    def run(model: str = "markov") -> AppTest:
        app = visit(PAGE, dataset="tiny", model=model)
        app.segmented_control(key="feedback_part").set_value("versions").run()
        assert not app.exception, app.exception[0].value
        return app

    return run


@pytest.fixture
def store() -> Store:
    return open_store()


def answer(store: Store, tiny: Dataset, accounts: int = 4, lists: int = 6) -> None:
    """Lists of five items, of which each person likes two and dislikes two: any one of them gives enough to learn from."""
    items = [str(each) for each in tiny.item_ids]
    for at in range(accounts):
        who = save_account(store, "https://people.test", f"p{at}", f"Person {at}", "", "editor")
        for number in range(lists):
            shown = items[number : number + 5]
            user = str(tiny.user_ids[(at + number) % len(tiny.user_ids)])
            made = Impression("tiny", tiny.fingerprint, "markov", "fingerprint", user, 2, shown, [1.0] * 5)
            impression = record_impression(store, who, made)
            for place, action in enumerate(("like", "dislike", "like", "dislike")):
                record_feedback(store, who, impression, shown[place], action)


@pytest.fixture
def refitted(page: Open, store: Store, tiny: Dataset) -> str:
    answer(store, tiny)
    return refit_checkpoint(store, open_local_account(store), "markov", tiny).name


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception, app.exception[0].value
    return app


def jobs(store: Store) -> list[JobRow]:
    with store.read() as session:
        return list(session.scalars(select(JobRow).order_by(JobRow.id)))


def actions(store: Store) -> list[tuple[str, str]]:
    with store.read() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.created)).all()
    return [(row.action, row.subject) for row in rows]


def become(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_account(store: Store) -> Account:
        return save_account(store, LOCAL, LOCAL, "Ada", "", role)

    monkeypatch.setattr(session_account, "open_local_account", open_account)


def test_without_feedback_the_page_says_what_is_needed(page: Open) -> None:
    app = page()
    assert "0 answers so far" in told(app) and "at least 20 answers, 5 of them" in told(app)
    assert [each.proto.page for each in app.get("page_link")] == ["recommend"]
    assert app.button(key="refit").disabled
    assert "markov@1" in told(app) and "in use" in told(app)


@pytest.mark.parametrize(("dataset", "model", "says"), [("tiny", "popularity", "not trained"), ("demo-city", "content", "learns nothing")])
def test_a_model_without_refits_says_why(page: Open, visit: Open, dataset: str, model: str, says: str) -> None:
    app = page() if dataset == "tiny" else visit(PAGE, dataset=dataset, model=model)
    app.selectbox(key="model").set_value(model).run()
    app.segmented_control(key="feedback_part").set_value("versions").run()
    assert not app.exception and says in told(app)
    assert "refit" not in [each.key for each in app.button]


def test_a_refit_is_asked_for_and_shown_by_any_window(page: Open, store: Store, tiny: Dataset) -> None:
    answer(store, tiny)
    app = page()
    assert not app.button(key="refit").disabled
    click(app, "refit")
    (job,) = jobs(store)
    assert (job.kind, job.state, job.arguments) == ("refit", "waiting", {"dataset": "tiny", "checkpoint": "markov"})
    another = page()
    assert another.button(key="refit").disabled and "starts in a moment" in told_progress(another)
    claim_job(store, job.id)
    with store.write() as session:
        session.execute(update(JobRow).where(JobRow.id == job.id).values(progress={"share": 0.5, "status": "training"}))
    assert "training" in told_progress(page()) and progress(page()) == 50
    click(page(), "stop_refit")
    assert jobs(store)[0].stop_requested is not None
    app = page()
    assert "stopping" in told_progress(app) and app.button(key="stop_refit").disabled


def test_a_refit_of_another_editor_is_not_started_twice(page: Open, store: Store, tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(store, tiny)
    become("editor", monkeypatch)
    app = page()
    other = save_account(store, "https://people.test", "bob", "Bob", "", "editor")
    submit_job(store, other, "refit", {"dataset": "tiny", "checkpoint": "markov"})
    click(app, "refit")
    assert len(jobs(store)) == 1
    assert any("a refit of 'markov' on tiny is waiting or at work already" in each.value for each in app.warning)


def test_answers_on_earlier_data_are_not_offered(page: Open, store: Store, tiny: Dataset) -> None:
    answer(store, tiny)
    with store.write() as session:
        session.execute(update(ImpressionRow).values(dataset_fingerprint="of the data before"))
    app = page()
    assert app.button(key="refit").disabled and "0 answers so far" in told(app)


def test_a_private_upload_is_not_refitted(page: Open, store: Store, tiny: Dataset) -> None:
    answer(store, tiny)
    app = page()
    assert not app.button(key="refit").disabled
    app.session_state["uploads"] = {"tiny": tiny}
    assert "belongs to this session alone" in told(app.run()) and "nothing can be refitted" in told(app)
    assert not any(each.key in ("refit", "promote_1") for each in app.button) and not app.toggle


def told_progress(app: AppTest) -> str:
    return " ".join(each.proto.text for each in app.get("progress"))


def progress(app: AppTest) -> int:
    return int(app.get("progress")[0].proto.value)


def test_a_failed_refit_says_why_until_it_is_closed(page: Open, store: Store, tiny: Dataset) -> None:
    job = submit_job(store, open_local_account(store), "refit", {"dataset": "tiny", "checkpoint": "markov"})
    claim_job(store, job)
    finish_job(store, job, "failed", {"output": "the last <b>words</b>"}, "its process was **killed**")
    app = page()
    assert r"was \*\*killed\*\*" in told(app) and app.code[0].value == "the last <b>words</b>"
    click(app, "close_refit")
    assert "killed" not in told(app)


def test_a_version_shows_before_and_after_and_is_promoted_compared_and_rolled_back(page: Open, store: Store, refitted: str) -> None:
    app = page()
    words = told(app)
    assert "learnt from" in words and "Held-out feedback" in words and "Off-policy estimate" in words
    assert "Assumes that people examine rank r" in words
    with store.read() as session:
        after = session.scalars(select(VersionRow).where(VersionRow.version == 2)).one().metrics["validation"]["ndcg@10"]["after"]
    assert f"{after:.3f}" in words
    assert refitted == "markov@2" and "version 1 is in use" in words
    click(app, "promote_2")
    assert "version 2 is in use" in told(app) and any(each.startswith("v2 · ") for each in app.selectbox(key="model").options)
    click(app, "compare_2")
    assert "of their items in common" in told(app)
    click(app, "close_diff")
    click(app, "roll_back")
    assert "version 1 is in use" in told(app)
    done = [("promote version", "tiny/markov@2"), ("roll back", "tiny/markov@2 to markov@1")]
    assert actions(store)[-2:] == done
    assert "promoted" in told(app) and "rolled back" in told(app) and LOCAL in told(app)


def test_a_version_is_deleted_with_its_files(page: Open, store: Store, refitted: str) -> None:
    folder = home() / "checkpoints" / "tiny" / refitted
    assert folder.is_dir()
    app = click(page(), "delete_2")
    assert not folder.exists() and "markov@2" not in "".join(app.selectbox(key="model").options)
    assert actions(store)[-1] == ("delete version", "tiny/markov@2")


def test_the_version_in_use_cannot_be_deleted(page: Open, store: Store, refitted: str) -> None:
    promote_version(store, open_local_account(store), "tiny", refitted)
    app = page()
    assert "delete_2" not in [each.key for each in app.button] and "promote_2" not in [each.key for each in app.button]


def test_a_version_in_use_without_its_folder_is_said_to_be_lost(visit: Open, page: Open, store: Store, refitted: str) -> None:
    promote_version(store, open_local_account(store), "tiny", refitted)
    folder = home() / "checkpoints" / "tiny" / refitted
    folder.rename(folder.with_name("markov@9"))  # without a folder of any version the store is not asked
    app = visit("demo/recommend/page.py", dataset="tiny", model="markov")
    assert not app.exception and any("has lost its folder" in each.value for each in app.error)


def test_an_editor_refits_but_does_not_promote_and_a_viewer_only_looks(
    page: Open, store: Store, refitted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page()
    become("editor", monkeypatch)
    editor = page()
    assert not editor.button(key="refit").disabled and editor.button(key="promote_2").disabled
    become("viewer", monkeypatch)
    viewer = page()
    assert viewer.button(key="refit").disabled and viewer.toggle(key="schedule_on").disabled
    del app.session_state[session_account.STATE]  # the window of an admin who is none any more: the button is still there
    click(app, "promote_2")
    assert "does not allow you to promote" in told(app) and "version 1 is in use" in told(app)


def test_a_schedule_is_switched_on_and_off(page: Open, store: Store) -> None:
    app = page()
    app.number_input(key="schedule_every").set_value(30).run()
    assert list_schedules(store) == []
    app.toggle(key="schedule_on").set_value(True).run()
    (schedule,) = list_schedules(store)
    assert (schedule.dataset, schedule.checkpoint, schedule.every) == ("tiny", "markov", 30)
    another = page()
    assert another.toggle(key="schedule_on").value and another.number_input(key="schedule_every").value == 30
    assert "0 new answers so far" in told(another)
    another.toggle(key="schedule_on").set_value(False).run()
    assert list_schedules(store) == []

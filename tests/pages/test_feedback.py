"""Feedback, the part on what people did: counts that were clicked, its empty states, and predicted against given ratings."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from recsys.accounts.account import Account, open_local_account, save_account
from recsys.core import Dataset
from recsys.core.errors import StoreError
from recsys.database.engine import Store, open_store
from recsys.feedback.recording import Impression, record_feedback, record_impression
from tests.pages.conftest import told

PAGE = "evaluate/feedback/page.py"


@pytest.fixture
def page(visit: Callable[..., AppTest], keep: Callable[..., Dataset], tiny: Dataset) -> Callable[..., AppTest]:
    """page(model="markov"): the page on "tiny", with that model trained."""

    def run(model: str = "markov") -> AppTest:
        keep(tiny, model)
        app = visit(PAGE, dataset="tiny", model=model, user="u03", step="3")
        assert not app.exception
        return app

    return run


def show(dataset: Dataset, checkpoint: str = "markov", account: Account | None = None, step: int = 2) -> Callable[..., None]:
    """Show a list, and return the function that answers it."""
    store = open_store()
    account = account or open_local_account(store)
    items = [str(each) for each in dataset.item_ids[:5]]
    identity = record_impression(store, account, Impression("tiny", dataset.fingerprint, checkpoint, "f", "u03", step, items, [1.0] * 5))
    return lambda item, action, rating=None: record_feedback(store, account, identity, items[item], action, rating)


def test_an_empty_page_says_what_to_do(page: Callable[..., AppTest]) -> None:
    app = page()
    assert "Nobody has been shown a list of this dataset yet." in told(app)
    assert "Open the recommendations" in [each.proto.label for each in app.get("page_link")]


def test_lists_without_answers_still_lead_to_the_recommendations(page: Callable[..., AppTest], tiny: Dataset) -> None:
    show(tiny)
    app = page()
    assert "1 list</b> shown, and nobody has answered one yet." in told(app)
    assert "Open the recommendations" in [each.proto.label for each in app.get("page_link")] and not app.get("plotly_chart")


def test_counts_and_the_latest_answers(page: Callable[..., AppTest], tiny: Dataset) -> None:
    show(tiny)(0, "like")
    show(tiny, "markov@2")(2, "take")
    show(tiny, "gone@3")(1, "dislike")
    said = told(page())
    assert "<b>3 lists</b> shown, and of their items <b>1</b> added, <b>1</b> liked, <b>1</b> disliked and <b>2</b> skipped." in said
    table = next(part for part in said.split("\n") if "Small figures" in part)
    assert "<td>markov@2</td>" in table and "<td>gone@3</td>" in table
    latest = next(part for part in said.split("\n") if "Latest answers" in part)
    order = [latest.index(word) for word in ("<td>Disliked</td>", "<td>Added</td>", "<td>Liked</td>")]
    assert order == sorted(order) and "<td>The bakery at number 0</td>" in latest


def test_the_finding_names_the_version_that_stands_out(page: Callable[..., AppTest], tiny: Dataset) -> None:
    for at in range(25):
        show(tiny)
        answer = show(tiny, "markov@2")
        for item in range(3 if at < 20 else 0):
            answer(item, "like")
    assert "People add or like more on lists of <b>markov@2</b>, 240 items per 100 lists, than on those of <b>Markov chain" in told(page())


def test_the_latest_answers_of_others_are_for_admins(page: Callable[..., AppTest], tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = save_account(open_store(), "issuer", "ann", "Ann", "", "editor")
    show(tiny)(0, "dislike")
    monkeypatch.setattr("pages.evaluate.feedback.answers.current_account", lambda: ann)
    said = told(page())
    assert "1</b> disliked" in said and "Latest answers" not in said


def test_given_ratings_are_set_against_predicted_ones(page: Callable[..., AppTest], tiny: Dataset) -> None:
    for at in range(25):
        show(tiny, step=1 + at // 5)(at % 5, "rating", float(1 + at % 5))
    said = told(page("long-short"))
    assert "On the latest 25 ratings given on lists, the RMSE of the predicted ratings is" in said
    app = page("long-short")
    app.segmented_control(key="rating_source").set_value("validation").run()
    assert not app.exception and "validation event" in told(app)
    assert "does not predict ratings" in told(page("markov"))


def test_private_data_says_that_nothing_is_stored(page: Callable[..., AppTest], tiny: Dataset) -> None:
    app = page()
    app.session_state["uploads"] = {"tiny": tiny}
    assert "nothing that you do with its lists is stored" in told(app.run())


def test_a_store_that_fails_leaves_the_rest_of_the_page(page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Store) -> None:
        raise StoreError("the database does not answer")

    app = page("long-short")
    monkeypatch.setattr(Store, "read", fail)
    app.run()
    assert not app.exception and any("the database does not answer" in each.value for each in app.error)
    assert "Predicted against actual ratings" in told(app) and "validation event" in told(app) and len(app.error) == 1

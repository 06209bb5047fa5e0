"""The dataset page: overview, cleaning report, import of a file, and the list of all datasets."""

from collections.abc import Callable
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from pages.explore.dataset import import_choices, import_wizard
from recsys.cli import file_reading
from recsys.core import Dataset
from recsys.datasets import open_dataset, prepare_recipe
from recsys.datasets.importing.file_format import Kind
from recsys.datasets.importing.id_columns import ONE_USER
from recsys.datasets.importing.layouts import Layout
from recsys.datasets.source import KEYS
from recsys.storage.paths import home
from recsys.training import estimates
from tests.pages.conftest import told

PAGE = "explore/dataset/page.py"
SHOP = (
    "when;who;thing;stars\n2024-02-01 10:00;anna;<b>tea</b>;4\n2024-02-02 11:00;anna;milk;5\n2024-02-03 09:00;ben;milk;3\n"
    "2024-02-03 09:00;ben;milk;3\n2024-02-04 09:00;ben;<b>tea</b>;x\nnever;ben;rice;2\n2024-02-05 09:00;;rice;2\n"
    "2024-02-06 09:00;cara;rice;1\n2024-02-07 09:00;cara;milk;5\n2024-02-08 09:00;cara;<b>tea</b>;5\n2024-02-09 09:00;anna;rice;5\n"
)


ONE_PERSON = "endTime,trackName,msPlayed\n" + "".join(
    f"2024-03-{day + 1:02} 10:00,{('Blue', 'Green', 'Red', 'White', 'Black')[day % 5]},{9000 if day % 3 == 0 else 180000}\n"
    for day in range(30)
)


def test_every_format_layout_and_role_has_words_in_the_wizard_and_the_command() -> None:
    formats = set(get_args(Kind)) - {"separated"}  # which is described by its separator
    assert set(import_wizard.FORMAT_SENTENCES) == set(file_reading.FORMATS) == formats
    assert set(import_choices.LAYOUTS) == set(file_reading.LAYOUTS) == set(get_args(Layout))
    assert tuple(import_choices.COLUMN_LABELS) == tuple(import_choices.COLUMN_HELP) == KEYS


def upload(app: AppTest, content: bytes, name: str = "shop.csv") -> AppTest:
    app.segmented_control(key="dataset_part").set_value("import").run()
    app.file_uploader(key="upload").set_value((name, content, "text/csv")).run()
    assert not app.exception
    return app


def check(app: AppTest) -> AppTest:
    """Check an upload; rows whose time cannot be read are dropped, if that is asked."""
    app.button(key="check_file").click().run()
    answers = [button for button in app.button if button.key.startswith("answer_rows_")]
    if answers:
        answers[0].click().run()
    assert not app.exception
    return app


def find_box(app: AppTest, label: str) -> Selectbox:
    return next(box for box in app.main.selectbox if box.label == label)


def use(app: AppTest, button: str = "use_data") -> AppTest:
    """Accept a checked upload and wait for its first models; the timeline opens."""
    check(app)
    app.button(key=button).click().run()
    job = app.session_state.get("training")
    if job is not None:
        job._thread.join(120)
        app.run()
    assert not app.exception
    return app


def test_the_overview_gives_the_size_and_draws_the_distributions(open_page: Callable[..., AppTest]) -> None:
    app = open_page(PAGE)
    assert "12 users" in told(app) and "15 places" in told(app)
    assert len(app.get("plotly_chart")) >= 6


def test_the_density_has_two_digits(open_page: Callable[..., AppTest], tiny: Dataset, order_only: Dataset) -> None:
    for dataset, said in ((tiny, "{:.2g}"), (order_only, "{:.2%}")):
        share = said.format(len(dataset.interactions) / (len(dataset.user_ids) * len(dataset.item_ids)))
        assert f">{share}<" in told(open_page(PAGE, dataset=dataset.name))


def test_order_only_data_says_so(open_page: Callable[..., AppTest]) -> None:
    app = open_page(PAGE, dataset="order-only")
    assert "their times are not" in told(app)
    assert not app.exception


def test_the_order_within_moments_is_mentioned(
    make_dataset: Callable[..., Dataset], keep: Callable[[Dataset], Dataset], open_page: Callable[..., AppTest]
) -> None:
    days = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.tile(np.arange(12) // 2, 12), "D")
    keep(make_dataset([(f"u{user:02}", f"i{(user + at) % 9}") for user in range(12) for at in range(12)], name="days", timestamp=days))
    sentence = "144 of 144 events share their moment with another of the same user. The order within a moment is the file’s"
    for page in (PAGE, "evaluate/leaderboard/page.py"):
        assert sentence in told(open_page(page, dataset="days"))
        assert "share their moment" not in told(open_page(page))


@pytest.mark.parametrize("part", ["overview", "cleaning_report", "import", "all_datasets"])
def test_every_part_draws(part: str, open_page: Callable[..., AppTest]) -> None:
    app = open_page(PAGE)
    app.segmented_control(key="dataset_part").set_value(part).run()
    assert not app.exception


def test_an_upload_is_used_only_after_its_cleaning_report(open_page: Callable[..., AppTest]) -> None:
    app = upload(open_page(PAGE), SHOP.encode())
    boxes = {box.label: box.value for box in app.main.selectbox}
    assert (boxes["User"], boxes["Item"], boxes["Time"], boxes["Rating"]) == ("who", "thing", "when", "stars")
    assert not [button for button in app.button if button.key == "use_data"]
    assert "Not used" not in told(app)
    find_box(app, "Rating").set_value("").run()
    assert "Not used: stars." in told(app)
    find_box(app, "Rating").set_value("stars").run()
    check(app)
    assert "3 users, 3 items, 9 events" in told(app)
    assert "2 rows were dropped" in told(app)
    use(app)
    assert app.session_state["dataset"] == "shop"
    app.switch_page(PAGE).run()
    assert app.title[0].value == "Shop"
    assert "<b>tea</b>" not in told(app), "an item's name must be escaped"
    assert not (home() / "datasets").joinpath("shop").exists() and not (home() / "checkpoints").exists()


def test_an_upload_is_private_to_its_session(open_page: Callable[..., AppTest]) -> None:
    mine = upload(open_page(PAGE), SHOP.encode())
    check(mine)
    mine.button(key="use_data").click().run()
    theirs = open_page(PAGE, dataset="shop")
    assert theirs.session_state["dataset"] != "shop"
    assert "Shop" not in theirs.sidebar.selectbox(key="dataset").options


def test_a_changed_choice_asks_for_a_new_report(open_page: Callable[..., AppTest]) -> None:
    app = upload(open_page(PAGE), SHOP.encode())
    check(app)
    find_box(app, "Duplicate rows").set_value("drop").run()
    assert "check the file again" in told(app)
    check(app)
    assert "3 users, 3 items, 8 events" in told(app)


def test_the_first_models_of_an_upload_open_its_timeline(open_page: Callable[..., AppTest]) -> None:
    app = use(upload(open_page(PAGE), SHOP.encode()))
    assert "training" not in app.session_state, "its page has given way to the timeline"
    app.switch_page("explore/timeline/page.py").run()  # AppTest itself does not follow
    assert not app.exception and not app.error
    trained = cache_of(app)
    assert {"popularity", "popularity-recent", "markov", "item-knn", "ease"} <= trained and "friends" not in trained
    assert app.session_state["dataset"] == "shop" and app.session_state["model"] in trained
    assert "<h1>User anna after" in told(app)
    assert not (home() / "checkpoints").exists()


def cache_of(app: AppTest) -> set[str]:
    """The models trained in the session's own folder."""
    return {card.parent.name for card in (app.session_state["session_folder"] / "checkpoints").glob("*/*/card.json")}


def test_recommended_models_follow_and_can_be_stopped(open_page: Callable[..., AppTest]) -> None:
    app = upload(open_page(PAGE), SHOP.encode())
    check(app)
    app.button(key="use_and_train").click().run()
    job = app.session_state["training"]
    assert [run.model for run in job.runs][-3:] == ["sasrec", "sasrec-time", "lstm-lm"]
    job.stop()
    job._thread.join(120)
    app.run()
    assert not app.exception and "not trained: stopped" in told(app)
    assert any(button.key == "open_first_timeline" for button in app.button) == any(run.state == "done" for run in job.runs)
    app.button(key="close_first_training").click().run()
    assert app.file_uploader(key="upload") is not None


def test_a_model_that_would_take_long_is_left_out_with_the_reason(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimates, "make_count_estimator", lambda _dataset: lambda model, _limit: 300.0 if model == "ease" else 0.0)
    app = upload(open_page(PAGE), SHOP.encode())
    use(app)
    assert "EASE (left out: it would take about 5 min)" in " ".join([*app.session_state.get("notices", []), told(app)])
    assert "ease" not in cache_of(app) and "markov" in cache_of(app)


def test_an_upload_is_saved_with_its_recipe(open_page: Callable[..., AppTest]) -> None:
    app = upload(open_page(PAGE), SHOP.encode())
    find_box(app, "Duplicate rows").set_value("drop").run()
    check(app)
    app.button(key="save_data").click().run()
    assert not app.exception and app.success and "Saved as shop" in app.success[0].value
    recipe = home() / "datasets" / "shop" / "recipe.toml"
    saved = open_dataset("shop")
    (recipe.parent / "shop.csv").write_text(SHOP)
    assert prepare_recipe(recipe, recipe.parent / "shop.csv", "again").fingerprint == saved.fingerprint
    assert app.button(key="save_data").disabled, "an existing name is replaced only when that is ticked"
    next(box for box in app.checkbox if box.label.startswith("Replace")).check().run()
    assert not app.button(key="save_data").disabled


def test_a_file_without_rows_is_refused_first(open_page: Callable[..., AppTest]) -> None:
    app = upload(open_page(PAGE), BAD["header.csv"], "header.csv")
    assert "has no rows of data" in app.error[0].value
    assert not [button for button in app.button if button.key == "check_file"]


BAD = {
    "empty.csv": b"",
    "header.csv": b"user,item,time\n",
    "one.csv": b"name\nanna\nben\n",
    "zip.zip": b"this is no zip",
    "cut.parquet": b"PAR1 and then nothing",
    "binary.csv": bytes(range(256)) * 40,
    "picture.csv": b"\x89PNG\r\n\x1a\n" + b"\x00" * 200,
    "twice.csv": b"user,user\na,b\n",
}
NOTHING_LEFT = b"user,item,timestamp\na,b,never\nc,d,no time\n"
TWO_WAYS = b"user,item,date\na,b,01/02/2024\na,c,03/04/2024\n"


def test_bad_files_get_one_line_and_no_traceback(open_page: Callable[..., AppTest]) -> None:
    app = open_page(PAGE)
    app.segmented_control(key="dataset_part").set_value("import").run()
    for name, content in BAD.items():
        app.file_uploader(key="upload").set_value((name, content, "text/csv")).run()
        checks = [button for button in app.button if button.key == "check_file"]
        if not app.error and checks:
            checks[0].click().run()
        assert not app.exception, name
        assert len(app.error) == 1, name
        assert "\n" not in app.error[0].value, name
        assert not [button for button in app.button if button.key == "use_data"], name


def test_a_date_that_reads_two_ways_is_asked_for(open_page: Callable[..., AppTest]) -> None:
    app = check(upload(open_page(PAGE), TWO_WAYS, "two-ways.csv"))
    assert "can be read in several ways" in app.warning[0].value
    assert not [button for button in app.button if button.key == "use_data"]
    find_box(app, "Dates are written").set_value("day-first").run()
    next(button for button in app.button if button.label == "Continue").click().run()
    assert not app.error and not app.warning
    assert "not trained: " in told(use(app)), "two events are too few, and the page says so"
    app.button(key="close_first_training").click().run()
    app.segmented_control(key="dataset_part").set_value("overview").run()
    assert "1 February 2024" in told(app)


def test_a_question_without_an_answer_says_what_to_change(open_page: Callable[..., AppTest]) -> None:
    app = upload(open_page(PAGE), NOTHING_LEFT, "nothing-left.csv")
    assert "Not used: timestamp" in told(app)
    find_box(app, "Time").set_value("timestamp").run()
    check(app)
    assert "2 of 2 values cannot be read as times" in app.warning[0].value and "Change a setting above" in told(app)
    find_box(app, "Time").set_value("").run()
    assert not app.warning and "check the file again" in told(app)
    assert "2 users, 2 items, 2 events" in told(check(app))


def test_rows_whose_time_cannot_be_read_are_dropped_only_on_demand(open_page: Callable[..., AppTest]) -> None:
    app = upload(open_page(PAGE), SHOP.encode())
    app.button(key="check_file").click().run()
    assert "1 of 11 values cannot be read as times, for example 'never'" in app.warning[-1].value
    next(button for button in app.button if button.label == "Drop these rows and continue").click().run()
    assert "3 users, 3 items, 9 events" in told(app) and "cannot be read" not in app.warning[-1].value


def test_a_file_of_items_is_not_taken_for_events(open_page: Callable[..., AppTest]) -> None:
    rows = "\n".join(["product,price", *(f"P{number},{number}.5" for number in range(12))])
    app = upload(open_page(PAGE), rows.encode(), "items.csv")
    assert "seems to describe items" in app.warning[0].value and "--" not in app.warning[0].value
    assert app.button(key="check_file").disabled
    find_box(app, "User").set_value(ONE_USER).run()
    assert "1 user, 12 items, 12 events" in told(check(app))


def test_a_file_of_one_user_is_confirmed(open_page: Callable[..., AppTest]) -> None:
    app = upload(open_page(PAGE), ONE_PERSON.encode(), "plays.csv")
    assert find_box(app, "User").value == ONE_USER
    assert "not say clearly which columns are meant for User" in app.warning[0].value and "=me" not in told(app)
    assert "1 user, 5 items, 30 events" in told(check(app))


def test_a_kind_of_rows_is_dropped_by_its_choice(open_page: Callable[..., AppTest]) -> None:
    app = check(upload(open_page(PAGE), ONE_PERSON.encode(), "plays.csv"))
    label = next(box.label for box in app.main.selectbox if box.label.startswith("Plays under 30 seconds"))
    find_box(app, label).set_value("drop").run()
    assert not [button for button in app.button if button.key == "use_data"], "the report is of other choices"
    next(button for button in app.button if button.label == "Check again").click().run()
    assert "1 user, 5 items, 20 events" in told(app) and "10 rows were dropped" in told(app)
    find_box(app, label).set_value("keep").run()
    assert "1 user, 5 items, 30 events" in told(check(app))


def test_a_layout_that_the_file_cannot_have_leaves_the_import_as_it_was(open_page: Callable[..., AppTest]) -> None:
    app = check(upload(open_page(PAGE), SHOP.encode()))
    find_box(app, "The rows of the file are").set_value("impressions").run()
    assert not app.exception and len(app.error) == 1
    assert find_box(app, "The rows of the file are").value == "rows"
    app.run()
    assert not app.error and "3 users, 3 items, 9 events" in told(app)


def test_events_and_items_may_have_files_of_one_name(open_page: Callable[..., AppTest]) -> None:
    app = upload(open_page(PAGE), SHOP.encode())
    items = "thing,name\n<b>tea</b>,Green tea\nmilk,Whole milk\nrice,Basmati\n"
    next(box for box in app.file_uploader if box.key.startswith("items_")).set_value(("shop.csv", items.encode(), "text/csv")).run()
    assert "3 users, 3 items, 9 events" in told(check(app))
    use(app)
    assert "Green tea" in cache_titles(app)


def cache_titles(app: AppTest) -> list[str]:
    return list(app.session_state["uploads"]["shop"].items["title"])


def test_lines_of_a_user_and_items(open_page: Callable[..., AppTest]) -> None:
    app = upload(open_page(PAGE), b"1 10 11 12\n2 10 12\n3 11 10 12 13\n", "lines.txt")
    find_box(app, "The rows of the file are").set_value("rows").run()
    assert "cannot be read with the layout “one event a row”" in app.error[0].value
    assert "3 users, 4 items, 9 events" in told(check(app))
    assert "has no times" in told(app)


def test_parquet(open_page: Callable[..., AppTest], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("parquet") / "table.parquet"
    pd.DataFrame({"user": ["a", "a", "b"], "item": [1, 2, 1], "rating": [1.0, 2.0, 3.0]}).to_parquet(path)
    app = upload(open_page(PAGE), path.read_bytes(), "table.parquet")
    check(app)
    assert "2 users, 2 items, 3 events" in told(app)

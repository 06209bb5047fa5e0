"""Checkpoints: the trained models, and a training run in the background with a stop button."""

import itertools
import time
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from pages import cache
from pages.ui.training_job import TrainingJob
from recsys.core.errors import DataError
from recsys.datasets import open_dataset
from recsys.training.checkpoints import list_checkpoints
from tests.pages.conftest import told

PAGE = "evaluate/checkpoints/page.py"


def finish(app: AppTest) -> AppTest:
    app.session_state["training"]._thread.join(60)
    return app.run()


def test_a_checkpoint_shows_its_curves_and_architecture(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("markov", "sasrec")
    app = open_page(PAGE, model="sasrec")
    assert "2 trained models" in told(app) and "trained here" in told(app)
    assert len(app.get("plotly_chart")) == 3  # loss, validation, how it is built
    assert "ModuleList" in told(app) and "Total" in told(app)
    app.selectbox(key="closer").set_value("markov").run()
    assert not app.exception and len(app.get("plotly_chart")) == 1 and "Counted" in told(app)


def test_predicted_ratings_stand_beside_given_ones(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("long-short")
    app = open_page(PAGE, model="long-short")
    assert len(app.get("plotly_chart")) == 4
    assert "always predicting the mean of" in told(app)


def test_a_counted_model_is_trained_from_the_page(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("markov")
    app = open_page(PAGE)
    app.segmented_control(key="checkpoint_part").set_value("train").run()
    app.selectbox(key="train_model").set_value("item-knn").run()
    app.text_input(key="train_name_item-knn").set_value("my-neighbours").run()
    app.button(key="start_training").click().run()
    finish(app)
    assert "is trained and saved as my-neighbours" in told(app)
    assert [found.name for found in list_checkpoints("tiny") if not found.shipped] == ["markov", "my-neighbours"]
    assert not app.get("page_link")
    app.button(key="use_trained").click().run()
    assert app.session_state["model"] == "my-neighbours"
    assert [each.proto.page for each in app.get("page_link")] == ["timeline"]


def test_a_gradient_model_is_trained_with_the_settings_given(open_page: Callable[..., AppTest]) -> None:
    app = open_page(PAGE)
    app.selectbox(key="train_model").set_value("sasrec").run()
    for name, value in {"embedding_size": 8, "epochs": 2, "max_length": 6}.items():
        app.number_input(key=f"set_sasrec_{name}").set_value(value)
    app.run()
    app.button(key="start_training").click().run()
    finish(app)
    card = next(found.card for found in list_checkpoints("tiny") if found.name == "sasrec")
    assert (card.config["embedding_size"], card.epochs) == (8, 2)


@pytest.mark.parametrize(("name", "setting", "says"), [("../up", None, "cannot be used"), ("sasrec", ("n_heads", 5), "n_heads")])
def test_invalid_names_and_settings_are_refused_at_once(
    name: str, setting: tuple[str, int] | None, says: str, open_page: Callable[..., AppTest]
) -> None:
    app = open_page(PAGE)
    app.selectbox(key="train_model").set_value("sasrec").run()
    app.text_input(key="train_name_sasrec").set_value(name).run()
    if setting:
        app.number_input(key=f"set_sasrec_{setting[0]}").set_value(setting[1]).run()
    app.button(key="start_training").click().run()
    assert not app.exception
    assert says in told(app).replace("\\", "")
    assert "training" not in app.session_state


class TestTrainingJob:
    def test_it_stops_when_asked(self) -> None:
        def steps(stop: Callable[[], bool]) -> Iterator[object]:
            while not stop():
                time.sleep(0.005)
                yield "going on"

        job = TrainingJob(steps, "markov", "tiny", "made")  # type: ignore[arg-type]
        job.start()
        assert job.running
        job.stop()
        job._thread.join(5)
        assert not job.running and job.error is None

    def test_it_ends_when_no_window_has_shown_it_for_a_while(self) -> None:
        def steps(stop: Callable[[], bool]) -> Iterator[object]:
            while not stop():
                time.sleep(0.005)
                yield "going on"

        looks = iter([False, True])  # a window that reloads is back before the grace is over
        job = TrainingJob(steps, "markov", "tiny", "made", is_watched=lambda: next(looks, False), grace=0.2)  # type: ignore[arg-type]
        job.start()
        time.sleep(0.1)
        assert job.running
        job._thread.join(5)
        assert not job.running and job.stopping and job.error is None

    def test_a_bug_is_reported_as_one(self) -> None:
        def steps(stop: Callable[[], bool]) -> Iterator[object]:
            raise KeyError("lost")
            yield

        job = TrainingJob(steps, "markov", "tiny", "made")  # type: ignore[arg-type]
        job.start()
        job._thread.join(5)
        assert job.error is not None and "KeyError" in job.error and "This is a bug" in job.error

    def test_an_error_is_kept_as_a_sentence(self) -> None:
        def steps(stop: Callable[[], bool]) -> Iterator[object]:
            raise DataError("no such luck")
            yield

        job = TrainingJob(steps, "markov", "tiny", "made")  # type: ignore[arg-type]
        job.start()
        job._thread.join(5)
        assert job.error == "no such luck"


def test_the_first_model_is_the_best_and_no_variant_that_is_as_good() -> None:
    cards = [each.card for each in cache.checkpoints(open_dataset("demo-city")).values()]
    single = [card for card in cards if not card.parts]
    assert [card.model for card in single[:2]] == ["spatiotemporal", "spatiotemporal-evolving"]
    values = [card.validation["ndcg@10"] for card in single]
    assert values[0] < values[1] < values[0] + 0.01  # so it is not the value alone
    assert all(later < earlier + 0.01 for earlier, later in itertools.pairwise(values))
    assert [card.model for card in cards[len(single) :]] == ["fusion", "fusion-rrf"]

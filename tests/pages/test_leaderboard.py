"""The leaderboard: one protocol a table, intervals, and a test split that is read only on purpose."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from recsys.core import Dataset
from recsys.leaderboard import groups, standing
from recsys.training import train
from tests.pages.conftest import told

PAGE = "evaluate/leaderboard.py"


def test_nothing_trained_says_what_to_do(open_page: Callable[..., AppTest]) -> None:
    assert "No model is trained" in told(open_page(PAGE))


def test_models_stand_in_classes_with_intervals(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("popularity", "markov", "frequency")
    app = open_page(PAGE, model="markov")
    text = told(app)
    assert "Told neither" in text and "Told when or where" in text and "95 % intervals" in text
    assert "last-out" in text and "items seen before stay candidates" in text
    app.button(key="evaluate").click().run()
    assert not app.exception
    assert " ms" in told(app)
    assert "beats" in told(app) or "within chance" in told(app)
    assert "request" in app.selectbox(key="board_x").options or "One request, ms" in app.selectbox(key="board_x").options


def test_the_test_split_takes_a_warning_and_a_word(train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("popularity")
    app = open_page(PAGE, model="popularity")
    app.segmented_control(key="board_split").set_value("test").run()
    assert "to be read once" in told(app)
    assert app.button(key="evaluate").disabled
    assert "last-out, test" not in told(app)
    app.checkbox(key="test_agreed").check().run()
    app.button(key="evaluate").click().run()
    assert "last-out, test events" in told(app)


def test_two_protocols_never_share_a_table(tiny: Dataset, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> None:
    train_tiny("popularity", "markov")
    list(train("markov", tiny, protocol="temporal", name="markov-later"))
    app = open_page(PAGE, model="popularity")
    tables = [str(each.proto.body) for each in app.get("html") if "<table" in str(each.proto.body)]
    assert len(tables) == 2
    assert sum("markov-later" in table for table in tables) == 1
    assert "temporal, validation events" in told(app)


def test_lines_are_grouped_by_protocol_and_best_first(tiny: Dataset, tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    lines = []
    for name, protocol in (("popularity", "last-out"), ("markov", "last-out"), ("markov", "temporal")):
        *_, last = train(name, tiny, protocol=protocol, folder=tmp_path_factory.mktemp("board") / name)
        assert last.card is not None
        lines.append(standing(last.card, tiny))
    found = groups(lines, "ndcg@10")
    assert list(found) == [("last-out", "validation"), ("temporal", "validation")]
    values = [line.metrics["ndcg@10"] for line in found["last-out", "validation"]]
    assert values == sorted(values, reverse=True)

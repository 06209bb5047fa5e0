"""The timeline page: the parts of a step, users with few and many events, escaping, and change points drawn last."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from pages import cache
from pages.shell import keyboard
from recsys.core import Dataset
from recsys.core.errors import DataError

Visit = Callable[..., AppTest]
PAGE = "explore/timeline/page.py"
CHANGE_MARK = '<i class="rs-line-change"'


def html(app: AppTest) -> str:
    return " ".join(str(each.proto.body) for each in app.get("html"))


@pytest.mark.parametrize("user", ["<b>one</b>", "many, *really*", "three"])
@pytest.mark.parametrize("end", ["0", "last"])
def test_users_with_few_and_many_events(visit: Visit, keep: Callable[..., Dataset], odd: Dataset, user: str, end: str) -> None:
    keep(odd)
    step = "0" if end == "0" else str(len(odd.history(user)))
    app = visit(PAGE, dataset="odd", model="markov", user=user, step=step)
    assert not app.exception and not app.error
    assert ("the timeline ends here" in html(app)) == (end == "last")


def test_data_is_shown_as_text(visit: Visit, keep: Callable[..., Dataset], odd: Dataset) -> None:
    keep(odd)
    app = visit(PAGE, dataset="odd", model="markov", user="<b>one</b>", step="0")
    shown = html(app)
    assert "<script>" not in shown and "<i>x</i>" not in shown and "&lt;script&gt;" in shown
    assert "<h1>User &lt;b&gt;one&lt;/b&gt; after" in shown


def test_data_without_times_and_places_shows_the_step_and_a_list_of_events(
    visit: Visit, keep: Callable[..., Dataset], odd: Dataset
) -> None:
    keep(odd)
    app = visit(PAGE, dataset="odd", model="markov", user="three", step="2")
    assert "step 2" in html(app) and "Latest events, newest first" in html(app)


def test_a_fallback_is_labelled(visit: Visit, keep: Callable[..., Dataset], odd: Dataset) -> None:
    keep(odd)
    assert "Fallback list" in html(visit(PAGE, dataset="odd", model="markov", user="three", step="0"))


def test_a_model_without_a_checkpoint_says_what_to_do(visit: Visit, keep: Callable[..., Dataset], odd: Dataset) -> None:
    keep(odd)
    app = visit(PAGE, dataset="odd", model="item-knn", user="three")
    assert not app.exception and "Item-kNN is not trained" in app.info[0].value
    assert [each.proto.page for each in app.get("page_link")] == ["checkpoints"]
    assert app.button(key="next_miss").disabled


def test_the_rank_shown_is_the_rank_replayed(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    from recsys.evaluation.replay import replay_history
    from recsys.training.checkpoints import find_checkpoint, load_checkpoint

    keep(tiny)
    ranks = replay_history(load_checkpoint(find_checkpoint("markov", "tiny")).model, tiny.history("u03"), tiny.repeats).ranks
    app = visit(PAGE, dataset="tiny", model="markov", user="u03", step="0")
    assert any(rank != int(rank) for rank in ranks[:-1])
    for rank in ranks[:-1]:
        assert f"rank {rank:,g}</b>" in html(app)
        assert ("Tied with other items" in html(app)) == (rank != int(rank))
        app.button(key="next").click().run()


def test_the_text_of_the_next_event_is_shown_and_escaped(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    table = tiny.interactions.assign(text=tiny.interactions["text"].replace("live music tonight", "<b>loud</b> " + "very " * 40))
    placeless = tiny.items.drop(columns=["latitude", "longitude"])  # or a map stands where the latest events are listed
    keep(replace(tiny, name="said", interactions=table, items=placeless))
    texts = tiny.history("u03").texts
    shown = {}
    for said in ("quiet place for tea", "live music tonight", None):
        step = list(texts).index(said)
        shown[said] = html(visit(PAGE, dataset="said", model="markov", user="u03", step=str(step)))
    assert "“quiet place for tea”" in shown["quiet place for tea"]
    assert "“&lt;b&gt;loud&lt;/b&gt; very" in shown["live music tonight"] and "very [...]”" in shown["live music tonight"]
    assert "“" not in shown[None].split("rank")[0]
    end = html(visit(PAGE, dataset="said", model="markov", user="u03", step="8")).split("Latest events")[1]
    assert "“quiet place for tea”" in end and "“&lt;b&gt;loud" in end


def test_change_points_are_detected_after_the_rest_of_the_page(
    visit: Visit, keep: Callable[..., Dataset], odd: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(odd)
    calls: list[str] = []

    def detect(dataset: Dataset, user: str) -> SimpleNamespace:
        calls.append("drift")
        return SimpleNamespace(lasting=(SimpleNamespace(step=120), SimpleNamespace(step=300)))

    monkeypatch.setattr(cache, "drift_report", detect)
    monkeypatch.setattr(keyboard, "walk", lambda frames: calls.append("rest of the page"))
    app = visit(PAGE, dataset="odd", model="markov", user="many, *really*", step="20")
    assert not app.exception and calls == ["rest of the page", "drift"]
    assert html(app).count(CHANGE_MARK) == 2 and "Change points at steps 120 and 300" in html(app)
    calls.clear()
    app.button(key="next").click().run()
    assert not app.exception and calls == ["drift", "rest of the page"], "a cached report is drawn at once"
    assert html(app).count(CHANGE_MARK) == 2


def test_an_error_in_the_drift_report_leaves_the_rest_of_the_page(
    visit: Visit, keep: Callable[..., Dataset], odd: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(dataset: Dataset, user: str) -> None:
        raise DataError("no drift today")

    keep(odd)
    monkeypatch.setattr(cache, "drift_report", fail)
    app = visit(PAGE, dataset="odd", model="markov", user="three", step="1")
    assert not app.exception and [each.value for each in app.error] == ["no drift today"]
    assert all(f'data-part="{name}"' in html(app) for name in ("head", "now_on_strip", "list", "beside", "now_on_stream", "pairs"))
    assert CHANGE_MARK not in html(app)

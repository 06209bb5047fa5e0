"""The timeline page: what it says of a step, for the smallest and the largest person, and what it escapes."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from recsys.core import Dataset

Visit = Callable[..., AppTest]
PAGE = "explore/timeline/page.py"


def html(app: AppTest) -> str:
    return " ".join(str(each.proto.body) for each in app.get("html"))


@pytest.mark.parametrize("user", ["<b>one</b>", "many, *really*", "three"])
@pytest.mark.parametrize("end", ["0", "last"])
def test_the_smallest_and_the_largest_person(visit: Visit, keep: Callable[..., Dataset], odd: Dataset, user: str, end: str) -> None:
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
    assert "<h1>Person &lt;b&gt;one&lt;/b&gt; after" in shown


def test_order_only_data_says_step_and_has_titles_in_place_of_a_map(visit: Visit, keep: Callable[..., Dataset], odd: Dataset) -> None:
    keep(odd)
    app = visit(PAGE, dataset="odd", model="markov", user="three", step="2")
    assert "step 2" in html(app) and "What came before" in html(app)


def test_a_fallback_is_labelled(visit: Visit, keep: Callable[..., Dataset], odd: Dataset) -> None:
    keep(odd)
    assert "Not a personal list" in html(visit(PAGE, dataset="odd", model="markov", user="three", step="0"))


def test_a_model_without_a_checkpoint_says_what_to_do(visit: Visit, keep: Callable[..., Dataset], odd: Dataset) -> None:
    keep(odd)
    app = visit(PAGE, dataset="odd", model="item-knn", user="three")
    assert not app.exception and "“Similar items” is not trained" in app.info[0].value
    assert [each.proto.page for each in app.get("page_link")] == ["checkpoints"]
    assert app.button(key="next_miss").disabled


def test_the_rank_told_is_the_rank_replayed(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    from recsys.evaluation.replay import replay_history
    from recsys.training.checkpoints import find, load

    keep(tiny)
    ranks = replay_history(load(find("markov", "tiny")).model, tiny.history("u03"), tiny.repeats).ranks
    app = visit(PAGE, dataset="tiny", model="markov", user="u03", step="0")
    assert any(rank != int(rank) for rank in ranks[:-1])
    for rank in ranks[:-1]:
        assert f"rank {rank:,g}</b>" in html(app)
        assert ("it is tied with others" in html(app)) == (rank != int(rank))
        app.button(key="next").click().run()


def test_words_of_the_next_event_are_told_and_escaped(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
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
    end = html(visit(PAGE, dataset="said", model="markov", user="u03", step="8")).split("What came before")[1]
    assert "“quiet place for tea”" in end and "“&lt;b&gt;loud" in end

"""Failures: the finding in words, slices, their cases worst first, and the walk that a case begins."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.cache import failures as failures_cache
from pages.evaluate.failures import case_list, slice_cases, slice_text
from pages.evaluate.failures.subject import Subject
from pages.evaluate.failures.two_models import choose_opponent
from pages.shell import case_walk
from pages.shell.cursor import Cursor
from pages.shell.view_settings import VIEW_KEYS
from pages.ui.errors import escape_markdown
from recsys.core import Dataset
from recsys.core.split import split_interactions
from recsys.evaluation import Evaluation, evaluate_model
from recsys.failures.findings import Finding, SearchResult
from recsys.failures.slice_report import order_by_cost
from recsys.failures.wording import title_slice
from recsys.figures.failures import RANK_EDGES, bin_ranks
from recsys.leaderboard import run_leaderboard
from recsys.training.checkpoints import find_checkpoint, load_checkpoint, read_card
from recsys.training.loop import train_model
from tests.pages.conftest import told

PAGE = "evaluate/failures/page.py"
OPEN = "failures_cases_slices"


def table_of(app: AppTest) -> pd.DataFrame:
    return app.dataframe[0].value


def evaluation_of(dataset: Dataset, name: str, which: str = "validation") -> Evaluation:
    """The evaluation made apart from the app."""
    found = load_checkpoint(find_checkpoint(name, dataset.name), device="cpu")
    return evaluate_model(found.model, dataset, split_interactions(dataset, found.card.protocol), which)


@pytest.fixture
def failures(tiny: Dataset, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]) -> Callable[..., AppTest]:
    """failures("markov"): the page of a trained and evaluated model of "tiny"."""

    def run(name: str = "markov", **cursor: str) -> AppTest:
        train_tiny(name)
        list(run_leaderboard(tiny, only=[name]))
        return open_page(PAGE, model=name, **cursor)

    return run


def test_a_model_that_is_not_trained_says_what_to_do(open_page: Callable[..., AppTest]) -> None:
    assert "is not trained on" in told(open_page(PAGE, model="markov"))


def test_what_was_not_evaluated_waits_for_the_button(
    tiny: Dataset, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
) -> None:
    train_tiny("markov")
    app = open_page(PAGE, model="markov")
    assert "once it has been evaluated" in told(app) and not app.dataframe
    app.button(key="evaluate").click().run()
    assert not app.exception and app.dataframe
    assert f"{len(evaluation_of(tiny, 'markov').ranks):,} cases of" in told(app)


def test_the_test_split_takes_a_warning_and_a_word(failures: Callable[..., AppTest]) -> None:
    app = failures()
    app.segmented_control(key="failures_split").set_value("test").run()
    assert "turns the test split into a validation split" in told(app) and app.button(key="evaluate").disabled
    assert not app.dataframe
    app.checkbox(key="test_agreed").check().run()
    app.button(key="evaluate").click().run()
    assert not app.exception and "last-out, test events" in told(app)


def test_every_slice_is_in_the_table_with_its_mean(tiny: Dataset, failures: Callable[..., AppTest]) -> None:
    app = failures()
    table = table_of(app)
    evaluation = evaluation_of(tiny, "markov")
    assert f"<b>{len(table)} slices</b>" in told(app)
    assert (table["Cases"] <= evaluation.cases).all() and table["Share of misses"].between(0, 100).all()
    by_category = tiny.items["category"].iloc[tiny.item_codes[evaluation.rows] - 1].to_numpy()
    for category in pd.unique(by_category):
        line = table[table["Slice"] == f"Category: {category}"]
        if len(line):
            chosen = evaluation.values("ndcg@10")[by_category == category]
            assert line["NDCG@10"].item() == pytest.approx(chosen.mean()) and line["Cases"].item() == len(chosen)


def test_another_metric_and_attribute_change_what_is_shown(failures: Callable[..., AppTest]) -> None:
    app = failures()
    attributes = app.pills(key="slice_attribute").options
    app.segmented_control(key="failures_metric").set_value("mrr").run()
    assert "MRR" in table_of(app).columns and "MRR" in told(app)
    app.session_state["slice_attribute"] = "category"
    app.run()
    assert not app.exception and "Category" in attributes
    assert table_of(app)["Slice"].str.startswith("Category: ").all()


def test_a_slice_lists_its_cases_worst_first(tiny: Dataset, failures: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_list, "PER_PAGE", 3)
    app = failures()
    evaluation = evaluation_of(tiny, "markov")
    by_category = tiny.items["category"].iloc[tiny.item_codes[evaluation.rows] - 1].to_numpy()
    category = str(pd.Series(by_category).value_counts().index[0])
    app.session_state[OPEN] = (("category", category),)
    app.run()
    assert not app.exception and f"Category: {category}" in [each.value for each in app.subheader]
    expected = np.sort(evaluation.ranks[by_category == category])[::-1]
    assert f"{len(expected)} cases of" in told(app)
    shown: list[str] = []
    for page in range(1, -(-len(expected) // 3) + 1):
        app.session_state["case_page"] = page
        app.run()
        assert len(table_of(app)) <= 3
        shown += list(table_of(app)["Rank"])
    assert shown == [f"{rank:,g}" for rank in expected]
    app.button(key="close_cases").click().run()
    assert len(table_of(app)) > 3 and not app.subheader


def test_a_case_opens_the_timeline_with_the_walk_begun_and_the_list_is_a_click_away(
    tiny: Dataset, failures: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_list, "PER_PAGE", 2)
    app = failures()
    evaluation = evaluation_of(tiny, "markov")
    by_category = tiny.items["category"].iloc[tiny.item_codes[evaluation.rows] - 1].to_numpy()
    category = str(pd.Series(by_category).value_counts().index[0])
    inside = np.flatnonzero(by_category == category)
    order = inside[np.argsort(-evaluation.ranks[inside], kind="stable")]
    users = tiny.interactions["user_id"].astype(str).to_numpy()[evaluation.rows[order]]
    steps = [
        int((tiny.interactions["user_id"].astype(str).to_numpy()[:row] == user).sum())
        for row, user in zip(evaluation.rows[order], users, strict=True)
    ]
    app.session_state[OPEN] = (("category", category),)
    app.run()
    app.session_state[case_list.CLICKED] = 2
    app.run()
    assert not app.exception
    here = app.session_state["cursor"]
    assert (here.user, here.step, here.model) == (users[2], steps[2], "markov")
    assert f">3</span> of {len(order)}" in told(app) and "Category" in told(app)
    app.switch_page("explore/timeline/page.py").run()  # AppTest forgets the page that a script has opened
    app.button(key="next").click().run()
    here = app.session_state["cursor"]
    assert (here.user, here.step) == (users[3], steps[3])
    app.button(key="case_list").click().run()
    assert f"Category: {category}" in [each.value for each in app.subheader]
    assert app.session_state["case_page"] == 2, "the page with the case that was reached"


def test_data_with_an_order_only_and_ids_full_of_markup(
    order_only: Dataset, odd: Dataset, keep: Callable[..., Dataset], open_page: Callable[..., AppTest]
) -> None:
    for dataset in (order_only, odd):
        keep(dataset)
        list(run_leaderboard(dataset, only=["markov"]))
        app = open_page(PAGE, dataset=dataset.name, model="markov")
        names = set(app.pills(key="slice_attribute").options) if app.pills else set()
        assert not names & {"Hour", "Weekday", "Distance from the last event"}
        assert "<script>alert" not in told(app) and "<i>x" not in told(app)
        for first in (app.session_state["slice_attribute"] or "category", "category"):
            report_names = list(app.pills(key="slice_attribute").options) if app.pills else []
            if "Category" in report_names:
                app.session_state[OPEN] = ((first, "<i>x</i>"),)
                app.run()
                assert not app.exception and "<i>x" not in told(app)


def subject_of(dataset: Dataset, evaluation: Evaluation) -> Subject:
    here = Cursor(dataset, "markov", str(dataset.user_ids[0]), 0, "cpu", True)
    card = read_card(find_checkpoint("markov", dataset.name))
    return Subject(here, "markov", "A <b>model</b>", card, "ndcg@10", evaluation)


def test_the_finding_names_the_costliest_reliable_slice(tiny: Dataset, keep: Callable[..., Dataset]) -> None:
    keep(tiny)
    evaluation = evaluation_of(tiny, "markov")
    subject = subject_of(tiny, evaluation)
    report = subject.report
    template = report.slices[0]
    costly = template._replace(value=report.slices[0].value, cases=50, mean=0.1, difference=-0.2, q=0.01, miss_share=0.3)
    deep = report.slices[1]._replace(cases=3, mean=0.0, difference=-0.3, q=0.01, miss_share=0.05)
    unclear = report.slices[-1]._replace(cases=90, mean=0.0, difference=-0.4, q=0.3, miss_share=0.5)
    ordered = order_by_cost([unclear, deep, costly])
    assert ordered == [costly, deep, unclear]


def test_the_finding_is_honest_where_there_is_none(tiny: Dataset, keep: Callable[..., Dataset]) -> None:
    keep(tiny)
    evaluation = evaluation_of(tiny, "markov")
    hits = subject_of(tiny, replace(evaluation, ranks=np.ones_like(evaluation.ranks), split="hits"))
    text = slice_text.finding_html(hits, hits.report)
    assert "misses nothing" in text and "A &lt;b&gt;model" in text
    one = replace(evaluation, users=1, split="one")
    assert "All events are of one user" in slice_text.finding_html(subject_of(tiny, one), hits.report)
    calm = replace(hits.report, slices=tuple(each._replace(q=0.5) for each in hits.report.slices))
    assert "No slice is reliably worse" in slice_text.finding_html(subject_of(tiny, evaluation), calm)


def test_cases_of_a_list_are_made_one_at_a_time(tiny: Dataset, keep: Callable[..., Dataset]) -> None:
    keep(tiny)
    subject = subject_of(tiny, evaluation_of(tiny, "markov"))
    found = subject.report.slices[0]
    cases = case_list.locate_cases(subject, slice_cases.find_cases(subject, (found[:2],)))
    assert len(cases) == found.cases and title_slice(*found[:2])
    assert isinstance(cases[0], case_walk.UserStep) and cases[:2] == [cases[0], cases[1]][: len(cases)]
    assert cases[0].dataset == "tiny" and cases[0].note.startswith("rank ")
    for case in cases:
        row = tiny.rows(case.user).start + case.step
        assert row in subject.evaluation.rows


def test_a_search_that_confirms_nothing_says_so_and_is_made_once(failures: Callable[..., AppTest]) -> None:
    app = failures()
    app.segmented_control(key="failures_part").set_value("combinations").run()
    assert not app.dataframe and "is confirmed on the other half" in told(app)
    app.button(key="search_combinations").click().run()
    assert not app.exception and "No finding" in told(app) and "were looked at, on two halves" in told(app)
    assert not any(button.key == "search_combinations" for button in app.button)
    app.segmented_control(key="failures_metric").set_value("mrr").run()
    assert app.button(key="search_combinations"), "each metric has a search of its own"


def test_findings_are_listed_and_open_their_cases(tiny: Dataset, failures: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch) -> None:
    app = failures()
    evaluation = evaluation_of(tiny, "markov")
    report = subject_of(tiny, evaluation).report
    hour, kind = (next(each for each in report.slices if each.attribute == name) for name in ("weekday", "behaviour"))
    found = Finding((hour[:2], kind[:2]), 40, 20, 0.1, -0.3, -0.4, -0.2, -0.1, -0.2, -0.05, 0.001, 0.002)
    result = SearchResult("ndcg@10", (found,), 900, 12, 1, (6, 6), (6, 6), 0)
    monkeypatch.setattr(failures_cache, "find_weak_combinations", lambda *given, **options: result)
    app.segmented_control(key="failures_part").set_value("combinations").run()
    app.button(key="search_combinations").click().run()
    assert not app.exception and "<b>1 combination</b>" in told(app) and "900 combinations" in told(app)
    line = table_of(app).iloc[0]
    assert line["Difference"] == -0.3 and line["Beyond its slices"] == -0.1
    assert line["Combination"] == f"{title_slice(*hour[:2])} and {title_slice(*kind[:2])}"
    app.session_state["failures_cases_combinations"] = found.conditions
    app.run()
    both = np.intersect1d(report.find_cases(*hour[:2]), report.find_cases(*kind[:2]))
    assert not app.exception and f"{len(both)} case" in told(app)


def test_two_models_are_compared_on_the_same_cases(
    tiny: Dataset, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
) -> None:
    train_tiny("popularity", "markov")
    list(run_leaderboard(tiny, only=["markov"]))
    app = open_page(PAGE, model="markov")
    app.segmented_control(key="failures_part").set_value("two_models").run()
    assert "has not been evaluated" in told(app)
    app.button(key="evaluate").click().run()
    assert not app.exception
    ours, theirs = (evaluation_of(tiny, name).ranks for name in ("markov", "popularity"))
    facts = next(str(each.proto.body) for each in app.get("html") if "rs-facts" in str(each.proto.body))
    for count in ((ours < theirs).sum(), (ours > theirs).sum(), (ours == theirs).sum()):
        assert f"<b>{count}</b>" in facts
    table = app.dataframe[0].value
    assert (table["Won"] + table["Lost"] + table["Tied"] == table["Cases"]).all()
    first, second = int(bin_ranks(theirs)[0]), int(bin_ranks(ours)[0])
    app.session_state["failures_cases_two_models"] = first * len(RANK_EDGES) + second
    app.run()
    inside = (bin_ranks(theirs) == first) & (bin_ranks(ours) == second)
    assert not app.exception and f"<b>{inside.sum()}</b> case" in told(app)
    assert sorted(table_of(app)["Rank"]) == sorted(f"{rank:,g}" for rank in ours[inside])
    found = subject_of(tiny, evaluation_of(tiny, "markov")).report.slices[0]
    app.session_state["failures_cases_two_models"] = found[:2]
    app.run()
    assert not app.exception and f"{found.cases} cases of" in told(app) and "Under Popularity" in table_of(app).columns


def test_a_moved_user_opens_at_the_largest_change(
    tiny: Dataset, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
) -> None:
    train_tiny("popularity", "markov")
    list(run_leaderboard(tiny, only=["popularity", "markov"]))
    app = open_page(PAGE, model="markov")
    app.segmented_control(key="failures_part").set_value("two_models").run()
    ours, theirs = (evaluation_of(tiny, name) for name in ("markov", "popularity"))
    change = np.abs(np.log2(ours.ranks / theirs.ranks))  # one case a user under last-out
    app.session_state["moved_clicked"] = 0
    app.run()
    assert not app.exception
    here = app.session_state["cursor"]
    row = ours.rows[int(change.argmax())]
    assert (here.user, here.step) == (tiny.interactions["user_id"].iloc[row], row - tiny.rows(here.user).start)
    assert "under Popularity" in told(app)


def test_models_judged_on_other_cases_are_not_compared(
    tiny: Dataset, train_tiny: Callable[..., None], open_page: Callable[..., AppTest]
) -> None:
    train_tiny("popularity")
    list(train_model("markov", tiny, protocol="temporal"))
    list(run_leaderboard(tiny, only=["popularity"]))
    app = open_page(PAGE, model="markov")
    app.button(key="evaluate").click().run()
    app.segmented_control(key="failures_part").set_value("two_models").run()
    assert not app.exception and "temporal" in app.error[0].value and "last-out" in app.error[0].value
    assert app.selectbox(key="failures_other").value == "popularity", "another model can be chosen"


def test_the_only_model_has_none_to_be_compared_with(failures: Callable[..., AppTest]) -> None:
    app = failures()
    app.segmented_control(key="failures_part").set_value("two_models").run()
    assert not app.exception and "No other model is trained" in told(app)


def test_another_version_is_compared_with_first() -> None:
    assert choose_opponent("sasrec", ["fusion", "sasrec@1", "sasrec@2", "ease"]) == "sasrec@2"
    assert choose_opponent("sasrec@2", ["fusion", "sasrec"]) == "sasrec"
    assert choose_opponent("sasrec", ["fusion", "sasrec-time"]) == "fusion"


def test_a_link_opens_the_part_and_the_list_that_it_names(
    tiny: Dataset, failures: Callable[..., AppTest], visit: Callable[..., AppTest]
) -> None:
    failures()
    found = subject_of(tiny, evaluation_of(tiny, "markov")).report.slices[0]
    app = visit("", dataset="tiny", model="markov")
    settings = {"failures_part": "slices", "failures_metric": "mrr", "failures_cases_slices": [list(found[:2])]}
    app.query_params["with"] = json.dumps(settings)
    app.switch_page(PAGE).run()
    assert not app.exception
    assert [each.value for each in app.subheader] == [escape_markdown(title_slice(*found[:2]))]
    assert app.segmented_control(key="failures_metric").value == "mrr" and "MRR" in told(app)


@pytest.mark.parametrize("part", ["slices", "combinations", "two_models"])
def test_a_list_that_is_none_is_not_opened(tiny: Dataset, failures: Callable[..., AppTest], part: str) -> None:
    list(train_model("popularity", tiny, protocol="last-out"))
    list(run_leaderboard(tiny, only=["popularity"]))
    app = failures()
    app.segmented_control(key="failures_part").set_value(part).run()
    for which in ([[1]], {"a": 1}, -1, 99_999, True, ["category"], [["category", "nowhere"]], [["a", "b", "c"]], [], "x"):
        app.session_state[f"failures_cases_{part}"] = which
        app.run()
        assert not app.exception and not app.subheader, which


def test_a_link_cannot_hold_other_things_than_lists() -> None:
    fits = VIEW_KEYS["failures"]["failures_cases_*"]
    assert all(fits(each) for each in (12, ["hour", "3"], [["hour", "3"], ["category", "bar"]]))
    assert not any(fits(each) for each in (None, {"a": 1}, True, 1.5, [1], [[1]], [["a", 1]], [[["a"]]]))

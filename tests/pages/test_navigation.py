"""The cursor: what the URL may hold, who can be found, and how it moves."""

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from recsys.core import Dataset
from recsys.core.split import VALIDATION, split_interactions
from recsys.evaluation.replay import replay_history
from recsys.training.checkpoints import find_checkpoint, load_checkpoint
from tests.pages.conftest import told

Visit = Callable[..., AppTest]


def test_nonsense_in_the_url_falls_back_with_a_notice(visit: Visit, keep: Callable[..., Dataset], odd: Dataset) -> None:
    keep(odd)
    app = visit("", dataset="nowhere", model="<b>magic</b>", user="nobody", step="−3e9")
    assert not app.exception
    assert app.selectbox(key="dataset").value == "demo-city"
    said = " ".join(warning.value for warning in app.warning)
    assert "nowhere" in said and "nobody" in said and "magic" in said and "<b>" not in said.replace("\\<b", "")


@pytest.mark.parametrize("step", ["999999999999999999999", "-1", "²", "", "nan"])
def test_a_step_that_is_none_falls_back(visit: Visit, keep: Callable[..., Dataset], odd: Dataset, step: str) -> None:
    keep(odd)
    app = visit("", dataset="odd", user="three", step=step)
    assert not app.exception
    assert app.slider(key="slider").value == 2


def test_the_url_opens_the_cursor_it_names(visit: Visit, keep: Callable[..., Dataset], odd: Dataset) -> None:
    keep(odd)
    app = visit("explore/timeline/page.py", dataset="odd", model="markov", user="many, *really*", step="7")
    assert not app.exception and not app.warning
    assert (app.session_state["user"], app.slider(key="slider").value) == ("many, *really*", 7)
    assert "after 7 of 400" in told(app)


def test_somebody_it_fails_is_whom_it_ranks_worst_at_their_worst_event(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    keep(tiny)
    app = visit("explore/timeline/page.py", dataset="tiny", model="markov", user="u03", step="2")
    found = load_checkpoint(find_checkpoint("markov", "tiny"))
    labels = split_interactions(tiny, found.card.protocol).labels
    badness, steps = {}, {}
    for person in tiny.user_ids:
        judged = np.flatnonzero(labels[tiny.rows(person)] == VALIDATION)
        if len(judged):
            ranks = replay_history(found.model, tiny.history(person), tiny.repeats).ranks[judged]
            badness[person], steps[person] = np.log2(ranks).mean(), judged[ranks == ranks.max()]
    first, second = sorted(badness, key=lambda person: -badness[person])[:2]
    for expected in (first, second):
        app.button(key="fails").click().run()
        assert not app.exception
        here = app.session_state["cursor"]
        assert badness[here.user] == pytest.approx(badness[expected]) and here.step in steps[here.user]


def test_people_are_found_by_part_of_their_id(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    keep(tiny)
    assert visit("", dataset="tiny", user="07").session_state["user"] == "u07"
    app = visit("", dataset="tiny", user="1")
    assert "several ids contain it" in app.warning[0].value
    assert {"u01", "u10", "u11"} <= set(app.selectbox(key="user").options)


def test_steps_stop_at_both_ends_and_a_new_person_starts_before_their_last_event(
    visit: Visit, keep: Callable[..., Dataset], tiny: Dataset
) -> None:
    keep(tiny)
    app = visit("", dataset="tiny", user="u03", step="0")
    app.button(key="back").click().run()
    assert app.slider(key="slider").value == 0
    app.button(key="next").click().run()
    assert app.slider(key="slider").value == 1
    app.button(key="next_person").click().run()
    assert app.session_state["user"] == "u04"
    assert app.slider(key="slider").value == app.slider(key="slider").max - 1
    app.button(key="next").click().run()
    app.button(key="next").click().run()
    assert app.slider(key="slider").value == app.slider(key="slider").max


def test_another_dataset_brings_its_own_people(visit: Visit, keep: Callable[..., Dataset], odd: Dataset, tiny: Dataset) -> None:
    keep(odd), keep(tiny)
    app = visit("", dataset="tiny", user="u03")
    app.selectbox(key="dataset").set_value("odd").run()
    assert not app.exception and app.session_state["user"] == "many, *really*"


def test_next_miss_goes_to_misses_only(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    keep(tiny, "popularity")
    app = visit("explore/timeline/page.py", dataset="tiny", model="popularity", user="u03", step="0")
    app.button(key="next_miss").click().run()
    assert not app.exception
    moved = app.slider(key="slider").value
    assert (moved > 0 and "10" not in (app.warning[0].value if app.warning else "")) or "misses nothing" in app.warning[0].value


def test_two_sessions_never_share_a_cursor(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    keep(tiny)
    first, second = visit("", dataset="tiny", user="u03", step="1"), visit("", dataset="tiny", user="u05", step="2")
    first.button(key="next").click().run()
    second.run()
    assert (second.session_state["user"], second.slider(key="slider").value) == ("u05", 2)


def test_what_the_browser_has_not_seen_yet_is_not_taken_for_a_move(visit: Visit, keep: Callable[..., Dataset], tiny: Dataset) -> None:
    """A word about something else, sent before the last step has reached the browser, still carries the slider of the step before."""
    keep(tiny)
    app = visit("", dataset="tiny", user="u03", step="1")
    app.button(key="next").click().run()
    app.number_input(key="step").set_value(1)
    app.slider(key="slider").set_value(1).run()
    assert app.slider(key="slider").value == 2 and app.session_state["cursor"].step == 2
    app.slider(key="slider").set_value(1).run()
    assert app.session_state["cursor"].step == 1

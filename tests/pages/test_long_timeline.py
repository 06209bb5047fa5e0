"""A user of 20,000 events: a part is shown first, the whole when asked, and every page says what it covers."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages import cache
from recsys.core import Dataset
from recsys.evaluation.replay import Replay, replay_history
from recsys.figures.strip_view import MOST_DOTS, STRETCH, StripView
from recsys.training.checkpoints import find_checkpoint, load_checkpoint
from tests.pages.test_timeline import html

Visit = Callable[..., AppTest]
PAGE, EVENTS = "explore/timeline/page.py", 20_000


@pytest.fixture
def long(make_dataset: Callable[..., Dataset], keep: Callable[..., Dataset]) -> Dataset:
    codes = np.random.default_rng(0).choice(40, size=EVENTS, p=np.arange(40, 0, -1) / 820)
    items = [f"i{code:02}" for code in codes]
    table = pd.DataFrame(
        {"title": [f"Item {at}" for at in range(40)], "category": [f"c{at % 5}" for at in range(40)]},
        index=[f"i{at:02}" for at in range(40)],
    )
    events = [("me", item) for item in items] + [(f"u{at // 10}", f"i{at % 40:02}") for at in range(90)]
    return keep(make_dataset(events, name="long", items=table))


def shown(app: AppTest) -> str:
    return " ".join([html(app), *(str(each.value) for each in app.caption)])


def test_the_latest_part_is_shown_first_and_the_whole_when_asked(visit: Visit, long: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = replay_history(load_checkpoint(find_checkpoint("markov", "long")).model, long.history("me"), True)
    done: list[range | None] = []
    replay = replay_history
    monkeypatch.setattr("pages.cache.models.replay_history", lambda *a, **b: done.append(b.get("steps")) or replay(*a, **b))
    app = visit(PAGE, dataset="long", model="markov", user="me")
    assert not app.exception and not app.error
    assert "events 18,001 to 20,000 of 20,000" in shown(app) and f"rank {whole.ranks[EVENTS - 1]:,g}</b>" in html(app)
    assert done == [range(18_000, EVENTS + 1)]
    app.button(key="replay_all").click().run()
    assert not app.exception and done[-1] is None
    assert "Replayed so far" not in shown(app) and not [each for each in app.button if each.key == "replay_all"]
    count = len(done)
    app.button(key="back").click().run()
    assert len(done) == count and f"rank {whole.ranks[EVENTS - 2]:,g}</b>" in html(app)


@pytest.mark.parametrize("step", [0, 1, 1_999, 17_999, 18_000, 18_001, EVENTS])
def test_every_step_is_in_the_part_shown(visit: Visit, long: Dataset, step: int) -> None:
    app = visit(PAGE, dataset="long", model="markov", user="me", step=str(step))
    assert not app.exception and not app.error
    replay = cache.replay(long, "markov", "me", "auto", step)
    assert step in replay.steps and len(replay.item_ids) <= 2_000 and f"after {step:,} of 20,000" in html(app)


def test_an_interrupted_replay_is_not_kept(long: Dataset, own_home: None) -> None:
    def stop(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        cache.replay_whole(long, "markov", "me", "cpu", stop)
    assert not cache.replay(long, "markov", "me", "cpu", 5).is_whole
    cache.replay_whole(long, "markov", "me", "cpu", lambda done, total: None)
    assert cache.replay(long, "markov", "me", "cpu", 5).is_whole
    assert not cache.replay_part(long, "markov", "me", "cpu", 5).is_whole


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("demo/compare/page.py", "events 18,001 to 20,000 of 20,000"),
        ("inspect/drift/page.py", "events 18,001 to 20,000 of 20,000"),
        ("inspect/explain/page.py", "latest 3,000 of 19,999 events"),
        ("demo/recommend/page.py", ""),
    ],
)
def test_other_pages_say_what_they_cover(visit: Visit, long: Dataset, page: str, words: str) -> None:
    app = visit(page, dataset="long", model="markov", user="me")
    assert not app.exception and not app.error and words in shown(app)


def test_the_next_miss_is_looked_for_in_the_next_part(visit: Visit, long: Dataset) -> None:
    part = cache.replay(long, "markov", "me", "auto", 3_000)
    last = int(part.misses[-1])
    app = visit(PAGE, dataset="long", model="markov", user="me", step=str(last))
    app.button(key="next_miss").click().run()
    expected = int(cache.replay(long, "markov", "me", "auto", part.steps[-1] + 1).misses[0])
    assert f"after {expected:,} of 20,000" in html(app)


@pytest.mark.parametrize(("length", "first"), [(300, 0), (MOST_DOTS, 0), (MOST_DOTS + 1, 0), (2_000, 18_000), (20_000, 0)])
def test_the_strip_holds_the_cursor_and_a_stretch_that_fits(length: int, first: int) -> None:
    ranks = np.append(np.arange(1.0, length + 1), np.nan)
    splits, items = np.full(length, "train", dtype=object), np.full(length, "i", dtype=object)
    blank = np.empty((length + 1, 1))
    replay = Replay("me", first + length, items, ranks, blank, blank, splits, (None,) * (length + 1), None, {}, 0, 0.0, first)
    for step in {first, first + length // 2, first + length - 1, first + length}:
        strip = StripView(replay, step)
        across, down = strip.locate(step)
        assert 0 <= across <= 1 and (down is None) == (step == first + length)
        assert len(strip.splits) == (length if strip.bins is None else min(STRETCH, length)) == len(strip.ranks) - 1
        known = strip.ranks[:-1]
        np.testing.assert_array_equal(known, ranks[strip.first - first :][: len(known)])
        assert (strip.bins is None) == (length <= MOST_DOTS)
        assert strip.bins is None or strip.bins.counts.sum() == length

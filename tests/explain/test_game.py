"""Values of coalitions are the model's scores for their histories."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.core import Dataset, Event, History, Request, ScoresSubsets, append_likes, empty_history, request_at
from recsys.core.errors import DataError, RecsysError, UnknownNameError
from recsys.explain import explain_item
from recsys.explain.explanation import Player
from recsys.explain.game import Game
from recsys.models import MODELS
from tests.conftest import WHOLE

CLOSE = {"rtol": 1e-4, "atol": 1e-5}  # float32 sums in another order


def game_of(name: str, model: Any, history: History, step: int, item_id: str = "i05", **settings: Any) -> Game:
    return Game(model, request_at(history, step), item_id, aware=MODELS[name].aware, **settings)


def some_coalitions(game: Game, count: int = 24) -> np.ndarray:
    random = np.random.default_rng(3)
    drawn = random.random((count, len(game.players))) < random.random((count, 1))
    return np.concatenate([drawn, np.zeros((1, len(game.players)), bool), np.ones((1, len(game.players)), bool)])


@pytest.mark.parametrize("name", WHOLE)
class TestEveryModel:
    @pytest.fixture
    def model(self, name: str, tiny: Dataset, trained: Callable[..., Any]) -> Any:
        return trained(name, tiny)

    def test_a_coalition_is_its_shortened_history(self, name: str, model: Any, tiny: Dataset) -> None:
        history = tiny.history("u03")
        game = game_of(name, model, history, 9)
        for coalition in some_coalitions(game):
            gone = [player.steps[0] for player, there in zip(game.players, coalition) if player.kind == "event" and not there]
            told = {player.kind: bool(there) for player, there in zip(game.players, coalition)}
            asked = request_at(history, 9)
            place = tuple(history.places[8]) if told.get("place") else None
            if not told.get("time", True):
                asked = replace(asked, time=None, utc_offset=None)
            request = replace(asked, history=history.until(9).without(gone), place=place)
            expected = model.score([request])[0]
            np.testing.assert_allclose(game.value(coalition[None])[0], expected[5], **CLOSE)
            np.testing.assert_allclose(game.scores(coalition[None])[0], expected, **CLOSE)

    def test_the_full_coalition_has_the_model_s_score(self, name: str, model: Any, tiny: Dataset) -> None:
        history = tiny.history("u03")
        for step in (0, 1, len(history)):
            game = game_of(name, model, history, step)
            expected = model.score([request_at(history, step)])[0, 5]
            np.testing.assert_allclose(game.score, expected, **CLOSE)
            np.testing.assert_allclose(game.value(np.ones((1, len(game.players)), bool)), [expected], **CLOSE)

    def test_a_neutral_event_leaves_the_others_where_they_were(self, name: str, model: Any, tiny: Dataset) -> None:
        history = tiny.history("u03")
        game = game_of(name, model, history, 9, removal="neutral")
        coalition = np.ones(len(game.players), dtype=bool)
        coalition[[2, 8]] = False
        request = game.request(coalition)
        assert len(request.history) == 9
        assert list(request.history.items[[2, 8]]) == [request.history.items[2]] * 2
        assert request.history.items[2] not in {*history.items[:9], "i05"}
        np.testing.assert_array_equal(request.history.times, history.times[:9])
        assert list(request.history.texts) == [None if event in (2, 8) else text for event, text in enumerate(history.texts[:9])]
        np.testing.assert_allclose(game.value(coalition[None])[0], model.score([request])[0, 5], **CLOSE)

    def test_unknown_items_are_not_players(self, name: str, model: Any, tiny: Dataset) -> None:
        history = tiny.history("u03").until(2)
        late = Event("no such item", history.times[1], history.utc_offsets[1], tuple(history.places[1]))
        game = Game(model, Request(history.then(late)), "i05", aware=MODELS[name].aware)
        assert game.n_unknown == 1
        assert [player.steps for player in game.players if player.kind == "event"] == [(0,), (1,)]
        np.testing.assert_allclose(game.value(np.ones((1, len(game.players)), bool))[0], game.score, **CLOSE)


class Sums:
    """Scores items by the worth of the items of the history, and counts the scored requests."""

    def __init__(self, worth: Sequence[float] = tuple(range(15)), scores: np.ndarray | None = None) -> None:
        self.item_ids = np.array([f"i{i:02}" for i in range(15)], dtype=object)
        self.worth, self.scores, self.asked = np.array(worth), scores, 0

    def score(self, requests: Sequence[Request]) -> np.ndarray:
        self.asked += len(requests)
        base = np.zeros(15) if self.scores is None else self.scores
        return np.array([base + sum(self.worth[int(item[1:])] for item in each.history.items) for each in requests], dtype=np.float32)


@pytest.fixture
def history() -> History:
    return History(np.array(["i01", "i02", "i04", "i02"], dtype=object))


def test_a_coalition_is_scored_once(history: History) -> None:
    model = Sums()
    game = Game(model, Request(history), "i05")
    coalitions = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [1, 0, 0, 1]], dtype=bool)
    np.testing.assert_array_equal(game.value(coalitions), [3, 4, 3])
    groups = game.with_players([Player("ends", "group", (0, 3)), Player("middle", "group", (1, 2))])
    np.testing.assert_array_equal(groups.value(np.array([[1, 0], [0, 1]], dtype=bool)), [3, 6])
    assert model.asked == groups.evaluations == game.evaluations == 3


def test_events_of_no_player_are_always_present(history: History) -> None:
    game = Game(Sums(), Request(history), "i05").with_players([Player("i01", "event", (0,), "i01")])
    np.testing.assert_array_equal(game.value(np.array([[0], [1]], dtype=bool)), [8, 9])


def test_the_margin_is_over_the_tenth_of_the_others(history: History) -> None:
    scores = np.arange(15.0) ** 2
    game = Game(Sums(np.zeros(15), scores), Request(history), "i14", target="margin")
    assert game.score == 14**2 - 4**2
    hidden = Game(Sums(np.zeros(15), scores), Request(history), "i14", target="margin", repeats=False)
    assert hidden.score == 14**2 - 3**2  # i04 is in the history, so i03 is tenth
    short = Game(Sums(np.zeros(15), scores), Request(history, candidates=None), "i03", target="margin")
    assert short.score == 3**2 - 5**2


def test_the_probability_is_a_share_of_what_may_be_shown(history: History) -> None:
    scores = np.random.default_rng(0).normal(size=15).astype(np.float32)
    shares = np.exp(scores)
    shares[[1, 2, 4]] = 0
    game = Game(Sums(np.zeros(15), scores), Request(history), "i05", target="probability", repeats=False)
    assert game.score == pytest.approx(shares[5] / shares.sum(), rel=1e-6)


def test_likes_are_players_and_the_latest_events(history: History) -> None:
    request = Request(replace(history, likes=("i07",)))
    game = Game(Sums(), request, "i05")
    assert game.players[-1] == Player("i07", "event", (4,), "i07")
    assert game.score == Sums().score([append_likes(request)])[0, 5] == 16
    assert game.step == 4


def test_an_item_filtered_as_seen_is_explained_all_the_same(history: History) -> None:
    """The model is explained and not the filter; the game says that the item is not recommended."""
    game = Game(Sums(), Request(history), "i02", repeats=False)
    assert game.is_seen and not Game(Sums(), Request(history), "i05").is_seen
    found = explain_item(game)
    np.testing.assert_allclose(found.values, [1, 2, 4, 2])  # two events of one item are two players
    assert [player.steps for player in found.players] == [(0,), (1,), (2,), (3,)]
    assert game.scores(np.ones((1, 4), bool))[0, 2] == -np.inf


def test_an_empty_history_has_no_players() -> None:
    game = Game(Sums(), Request(empty_history()), "i05", removal="neutral")
    assert game.players == ()
    assert game.value(np.ones((1, 0), bool))[0] == game.score == game.baseline == 0


@pytest.mark.parametrize("target", ["logit", "probability", "margin"])
def test_scores_that_are_not_numbers_name_the_model(history: History, target: Any) -> None:
    game = Game(Sums(np.full(15, np.nan)), Request(history), "i05", target=target)
    for ask in (lambda: game.score, lambda: game.value(np.ones((1, 4), bool))):
        with pytest.raises(RecsysError, match="Sums gave scores that are not numbers"):
            ask()


def test_an_item_that_is_not_a_candidate_is_an_error(tiny: Dataset, trained: Callable[..., Any]) -> None:
    for name in ("sasrec", "ease"):
        game = Game(trained(name, tiny), Request(tiny.history("u03"), candidates=("i01", "i02")), "i05")
        for ask in (lambda game=game: game.score, lambda game=game: game.value(np.ones((1, len(game.players)), bool))):
            with pytest.raises(DataError, match=r"i05.*not a candidate"):
                ask()


def test_candidates_alone_compete(tiny: Dataset, trained: Callable[..., Any]) -> None:
    model, request = trained("sasrec", tiny), Request(tiny.history("u03"), candidates=("i01", "i02"))
    game = Game(model, request, "i01", target="probability")
    scores = model.score([request])[0, [1, 2]].astype(np.float64)
    assert game.score == pytest.approx(np.exp(scores[0]) / np.exp(scores).sum(), rel=1e-5)
    assert game.value(np.ones((1, len(game.players)), bool))[0] == pytest.approx(game.score, rel=1e-5)


@pytest.mark.parametrize(
    ("wrong", "message"), [({"item_id": "i5"}, "no item 'i5'"), ({"target": "rank"}, "rank"), ({"removal": "mask"}, "mask")]
)
def test_unknown_names_are_errors(history: History, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        Game(Sums(), Request(history), **{"item_id": "i05", **wrong})


def test_every_causal_model_scores_parts_at_once(tiny: Dataset, trained: Callable[..., Any]) -> None:
    fast = {name for name in WHOLE if isinstance(trained(name, tiny), ScoresSubsets)}
    assert {"sasrec", "sasrec-time", "spatiotemporal", "lstm-lm", "llm-lstm", "long-short", "association"} <= fast

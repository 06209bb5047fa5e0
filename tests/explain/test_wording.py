"""Sentences say what the numbers say."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.explain.counterfactual.addition import Addition
from recsys.explain.counterfactual.removal import Counterfactual
from recsys.explain.explanation import Explanation, Player
from recsys.explain.fidelity.deletion import Curve, Fidelity
from recsys.explain.wording import adds_up, by_item, hangs_on, pushes, verdict, why, would_bring

TITLES = {"a": "Apples", "b": "Books", "c": "Chance"}


def explained(values: list[float], errors: list[float] | None = None, items: list[str] | None = None, left: float = 0.0) -> Explanation:
    players = tuple(Player(item, "event", (at,), item) for at, item in enumerate(items or [f"e{at}" for at in range(len(values))]))
    score = 1.0 + sum(values) + left
    return Explanation(
        "shapley", "x", len(values), "logit", "delete", players, np.array(values), np.array(errors or [0.0] * len(values)), 1.0, score, 9, 0.1, errors is None
    )  # fmt: skip


def told(explanation: Explanation, place: int = 1) -> str:
    return " ".join(why(explanation, [player.label for player in explanation.players], place))


def test_one_event_that_carries_it_is_named_alone() -> None:
    assert told(explained([4.0, 0.5, 0.5])) == "Recommended at place 1 because of e0 above all: 80% of what pushes it up."


def test_several_are_named_until_they_carry_it() -> None:
    assert told(explained([3.0, 0.2, 2.0, 2.5]), 4) == "Recommended at place 4 because of e0 and e3, together 71% of what pushes it up."


def test_many_small_pushes_are_said_to_be_that() -> None:
    text = told(explained([1.0] * 30))
    assert "by many small pushes" in text and "together 10%" in text


def test_what_is_not_surely_more_than_chance_is_not_named() -> None:
    found = explained([4.0, 3.9, 0.1], errors=[0.1, 2.5, 0.01])
    assert pushes(found).up == (0, 2)
    assert "e1" not in told(found)


def test_what_speaks_against_it_is_named_only_if_it_weighs_something() -> None:
    assert told(explained([4.0, -2.0])).endswith("E1 speaks against it.")
    assert "against" not in told(explained([4.0, -0.5]))


def test_nothing_that_matters_is_said_to_be_that() -> None:
    assert "nothing they did moves it" in told(explained([0.0, 0.0]))
    assert "nothing they did moves it" in told(explained([]))
    assert "nothing they did moves it" in told(explained([1e-9, 0.0], left=5.0))
    assert "speaks against it most is e1" in told(explained([0.0, -1.0]))


def test_what_is_too_rough_to_name_is_not_called_nothing() -> None:
    assert "not known sharply enough" in told(explained([3.0, -2.0], errors=[2.0, 2.0]))


def test_an_item_outside_the_list_is_not_called_recommended() -> None:
    text = told(explained([4.0, 1.0]), place=1234)
    assert text.startswith("At place 1,234, not among the 10: what speaks for it most is e0")


def test_the_same_item_is_one_thing_in_a_sentence() -> None:
    found = by_item(explained([1.0, 2.0, 3.0, -1.0], errors=[0.3, 0.1, 0.4, 0.0], items=["home", "work", "home", "gym"]))
    assert [player.item_id for player in found.players] == ["home", "work", "gym"]
    assert found.players[0].steps == (0, 2)
    np.testing.assert_allclose(found.values, [4.0, 2.0, -1.0])
    np.testing.assert_allclose(found.standard_errors, [0.5, 0.1, 0.0])
    assert found.residual == pytest.approx(0.0)


def test_what_it_hangs_on() -> None:
    found = Counterfactual("x", 10, (3, 7), True, 2, 14, "y", 50, 0.1)
    assert hangs_on(found, ["A", "B"], "Y") == "Without A and B it would be at place 14, and Y would come in."
    assert hangs_on(replace(found, removed=(1, 2, 3, 4)), list("ABCD"), None) == "Without 4 events, D among them, it would be at place 14."
    many = hangs_on(replace(found, removed=tuple(range(9))), list("ABCDEFGHI"), None)
    assert many == "It does not hang on a few events: the fewest found without which it leaves the list are 9."
    assert "even if nothing of all this" in hangs_on(replace(found, removed=(), verified=False, rank_after=None), [], None)


def test_what_would_bring_it_in() -> None:
    found = Addition("x", 10, ("a", "b"), True, 1234, 4, "y", 300, 0.1)
    told = would_bring(found, ["A", "B"], "Y")
    assert told == "Had they just taken A and B too, the wanted one would be at place 4 instead of 1,234, and Y would leave the list."
    assert would_bring(found, ["A", "B", "A"], None).startswith(
        "Had they just taken A (2 times) and B too, the wanted one would be at place 4 instead"
    )
    never = replace(found, added=(), verified=False, rank_after=None, displaced=None)
    assert would_bring(never, [], None) == "No 3 further events were found that would bring it in: it stands at place 1,234."


def test_whether_it_adds_up() -> None:
    whole = "With nothing known it would stand at 1.00; what is known adds 5.00 and makes it 6.00. Every bar is exact."
    assert adds_up(explained([4.0, 1.0])) == whole
    assert adds_up(explained([4.0, 1.0], errors=[0.0, 3e-17])) == whole, "what cannot be seen is no error"
    rough = adds_up(explained([4.0, 1.0], errors=[0.25, 0.1], left=0.5))
    assert "of which 0.50 belongs to no bar" in rough and "the least sure to within 0.50" in rough
    assert "known takes away 3.00 and makes it −2.00" in adds_up(explained([-4.0, 1.0]))
    assert "what is known adds 0.0412 and" in adds_up(explained([0.04, 0.0012]))


def curve(strength: float, events: int = 20) -> Curve:
    """Deleting loses, and inserting wins, `strength` at once."""
    counts = np.arange(events + 1)
    gone = np.where(counts > 0, strength, 0.0)
    places = np.ones(events + 1)
    return Curve(counts, 10.0 - gone, gone, places, places, 1.0, 10)


def judged(strengths: dict[str, float], chances: list[float], events: int = 20) -> Fidelity:
    return Fidelity(
        {name: curve(each, events) for name, each in strengths.items()},
        tuple(curve(each, events) for each in chances),
        {name: np.ones(events) for name in strengths},
        np.ones((len(strengths), len(strengths))),
    )


def test_the_verdict_trusts_what_beats_chance() -> None:
    text = verdict(judged({"a": 9.0, "b": 8.95, "c": 2.0}, [1.0, 2.5, 3.0, 1.5]), TITLES)
    assert text.startswith(
        "For this case trust Apples, and Books is as good: taking events away and bringing them in by its order moves the score most, more than all 4 random orders do."
    )
    assert text.endswith("Chance does no better than chance here.")


def test_a_tie_with_chance_counts_half_and_is_said_so() -> None:
    text = verdict(judged({"a": 9.0}, [1.0, 2.5, 3.0, 1.5, 1.0, 1.0, 1.0, 9.0]), TITLES)
    assert "more than 7.5 of 8 random orders" in text


def test_the_verdict_trusts_none_that_does_not() -> None:
    assert "No method beats chance" in verdict(judged({"a": 2.0, "b": 1.0}, [1.0, 2.5, 3.0, 1.5]), TITLES)
    assert "cannot tell" in verdict(judged({"a": 9.0}, [1.0], events=3), TITLES)

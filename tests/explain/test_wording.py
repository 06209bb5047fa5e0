"""Sentences that are true of their numbers."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys.core.translation import language
from recsys.explain.counterfactual.addition import Addition
from recsys.explain.counterfactual.removal import Counterfactual
from recsys.explain.explanation import Explanation, Player
from recsys.explain.fidelity.deletion import Curve, Fidelity
from recsys.explain.wording import (
    describe_addition,
    describe_additivity,
    describe_fidelity,
    describe_rank,
    describe_removal,
    find_clear_contributions,
    merge_by_item,
)
from tests import translations

TITLES = {"a": "Apples", "b": "Books", "c": "Chance"}


def explanation_of(
    values: list[float], errors: list[float] | None = None, items: list[str] | None = None, left: float = 0.0
) -> Explanation:
    players = tuple(Player(item, "event", (at,), item) for at, item in enumerate(items or [f"e{at}" for at in range(len(values))]))
    score = 1.0 + sum(values) + left
    return Explanation(
        "shapley", "x", len(values), "logit", "delete", players, np.array(values), np.array(errors or [0.0] * len(values)), 1.0, score, 9, 0.1, errors is None
    )  # fmt: skip


def sentences_of(explanation: Explanation, place: int = 1) -> str:
    return " ".join(describe_rank(explanation, [player.label for player in explanation.players], place))


def test_a_dominant_event_is_named_alone() -> None:
    assert sentences_of(explanation_of([4.0, 0.5, 0.5])) == "Recommended at rank 1 mainly because of e0: 80% of what raises its score."


def test_events_are_named_until_they_account_for_most() -> None:
    assert (
        sentences_of(explanation_of([3.0, 0.2, 2.0, 2.5]), 4)
        == "Recommended at rank 4 because of e0 and e3, together 71% of what raises its score."
    )


def test_many_small_increases() -> None:
    text = sentences_of(explanation_of([1.0] * 30))
    assert "because of many small increases" in text and "together 10%" in text


def test_unclear_contributions_are_not_named() -> None:
    found = explanation_of([4.0, 3.9, 0.1], errors=[0.1, 2.5, 0.01])
    assert find_clear_contributions(found).up == (0, 2)
    assert "e1" not in sentences_of(found)


def test_only_large_decreases_are_named() -> None:
    assert sentences_of(explanation_of([4.0, -2.0])).endswith("The largest decrease comes from e1.")
    assert "decrease" not in sentences_of(explanation_of([4.0, -0.5]))


def test_no_contribution() -> None:
    assert "no event changes its score" in sentences_of(explanation_of([0.0, 0.0]))
    assert "no event changes its score" in sentences_of(explanation_of([]))
    assert "no event changes its score" in sentences_of(explanation_of([1e-9, 0.0], left=5.0))
    assert "e1 lowers it most" in sentences_of(explanation_of([0.0, -1.0]))


def test_imprecise_contributions_are_not_called_zero() -> None:
    assert "no contribution is estimated precisely enough" in sentences_of(explanation_of([3.0, -2.0], errors=[2.0, 2.0]))


def test_an_item_outside_the_list_is_not_called_recommended() -> None:
    text = sentences_of(explanation_of([4.0, 1.0]), place=1234)
    assert text.startswith("At rank 1,234, not in the top 10: the largest increase comes from e0")


def test_events_of_one_item_are_merged() -> None:
    found = merge_by_item(explanation_of([1.0, 2.0, 3.0, -1.0], errors=[0.3, 0.1, 0.4, 0.0], items=["home", "work", "home", "gym"]))
    assert [player.item_id for player in found.players] == ["home", "work", "gym"]
    assert found.players[0].steps == (0, 2)
    np.testing.assert_allclose(found.values, [4.0, 2.0, -1.0])
    np.testing.assert_allclose(found.standard_errors, [0.5, 0.1, 0.0])
    assert found.residual == pytest.approx(0.0)


def test_removals_in_words() -> None:
    found = Counterfactual("x", 10, (3, 7), True, 2, 14, "y", 50, 0.1)
    assert describe_removal(found, ["A", "B"], "Y") == "Without A and B it would be at rank 14, and Y would enter the list."
    assert (
        describe_removal(replace(found, removed=(1, 2, 3, 4)), list("ABCD"), None)
        == "Without 4 events, including D, it would be at rank 14."
    )
    many = describe_removal(replace(found, removed=tuple(range(9))), list("ABCDEFGHI"), None)
    assert many == "It does not depend on a few events: the smallest set found whose removal drops it from the list has 9 events."
    assert "even without the whole history" in describe_removal(replace(found, removed=(), verified=False, rank_after=None), [], None)


def test_additions_in_words() -> None:
    found = Addition("x", 10, ("a", "b"), True, 1234, 4, "y", 300, 0.1)
    told = describe_addition(found, ["A", "B"], "Y")
    assert told == "After A and B, the item would be at rank 4 instead of 1,234, and Y would leave the list."
    assert describe_addition(found, ["A", "B", "A"], None).startswith("After A (2 times) and B, the item would be at rank 4 instead")
    never = replace(found, added=(), verified=False, rank_after=None, displaced=None)
    assert (
        describe_addition(never, [], None) == "No addition of up to 3 events was found that brings it into the list: it is at rank 1,234."
    )


def test_additivity_in_words() -> None:
    whole = "Starting from the baseline 1.00, the contributions add 5.00, giving 6.00. Every bar is exact."
    assert describe_additivity(explanation_of([4.0, 1.0])) == whole
    assert describe_additivity(explanation_of([4.0, 1.0], errors=[0.0, 3e-17])) == whole, "what cannot be seen is no error"
    rough = describe_additivity(explanation_of([4.0, 1.0], errors=[0.25, 0.1], left=0.5))
    assert "the method does not attribute 0.50 of the change" in rough and "at most ±0.50" in rough
    assert "the contributions subtract 3.00, giving −2.00" in describe_additivity(explanation_of([-4.0, 1.0]))
    assert "the contributions add 0.0412, giving" in describe_additivity(explanation_of([0.04, 0.0012]))


def curve(strength: float, events: int = 20) -> Curve:
    """Deleting loses, and inserting wins, `strength` at once."""
    counts = np.arange(events + 1)
    gone = np.where(counts > 0, strength, 0.0)
    places = np.ones(events + 1)
    return Curve(counts, 10.0 - gone, gone, places, places, 1.0, 10)


def fidelity_of(strengths: dict[str, float], chances: list[float], events: int = 20) -> Fidelity:
    return Fidelity(
        {name: curve(each, events) for name, each in strengths.items()},
        tuple(curve(each, events) for each in chances),
        {name: np.ones(events) for name in strengths},
        np.ones((len(strengths), len(strengths))),
    )


def test_methods_better_than_chance_are_trusted() -> None:
    text = describe_fidelity(fidelity_of({"a": 9.0, "b": 8.95, "c": 2.0}, [1.0, 2.5, 3.0, 1.5]), TITLES)
    assert text.startswith(
        "Trust Apples for this item: removing and adding events in its order changes the score more than 4 of 4 random orders. Books is about as good."
    )
    assert text.endswith("Chance is no better than chance here.")


def test_ties_with_chance_count_half() -> None:
    text = describe_fidelity(fidelity_of({"a": 9.0}, [1.0, 2.5, 3.0, 1.5, 1.0, 1.0, 1.0, 9.0]), TITLES)
    assert "more than 7.5 of 8 random orders" in text


def test_methods_no_better_than_chance_are_not_trusted() -> None:
    assert "No method is clearly better than chance" in describe_fidelity(fidelity_of({"a": 2.0, "b": 1.0}, [1.0, 2.5, 3.0, 1.5]), TITLES)
    assert "cannot be compared" in describe_fidelity(fidelity_of({"a": 9.0}, [1.0], events=3), TITLES)


def test_every_sentence_is_translated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the pseudo-locale no word of a sentence is left in plain letters, except the "and" of Babel’s lists."""
    monkeypatch.setenv("RECSYS_TRANSLATIONS", str(translations.write_pseudo_locale(tmp_path)))
    removal = Counterfactual("x", 10, (3, 7), True, 2, 14, "y", 50, 0.1)
    addition = Addition("x", 10, ("a", "b"), True, 1234, 4, "y", 300, 0.1)
    found = [explanation_of(values) for values in ([4.0, 0.5, -2.0], [1.0] * 30, [0.0, -1.0], [0.0, 0.0], [3.0, 2.0, 2.5])]
    found.append(explanation_of([3.0, -2.0], errors=[2.0, 2.0], left=0.5))
    with language(translations.LANGUAGE):
        texts = [text for each in found for rank in (1, 1234) for text in describe_rank(each, ["#"] * len(each.values), rank)]
        texts += [describe_additivity(each) for each in found]
        texts += [
            describe_removal(each, ["#"] * count, other)
            for count in (1, 4, 9)
            for other in (None, "#")
            for each in (removal, replace(removal, verified=False))
        ]
        texts += [
            describe_addition(each, ["#", "#"], other) for other in (None, "#") for each in (addition, replace(addition, verified=False))
        ]
        texts += [describe_fidelity(fidelity_of({"a": 9.0, "b": 8.95, "c": 2.0}, [1.0, 2.5, 3.0, 1.5]), dict.fromkeys("abc", "#"))]
    assert [text for text in texts if re.search("[A-Za-z]", text.replace(" and ", ""))] == []

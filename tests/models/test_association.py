"""System D: a like moves the next list, and a refit learns from feedback it was not shown."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from recsys.core import Dataset, Request, recommend
from recsys.core.errors import DataError
from recsys.models.association import Association, AssociationConfig, Feedback

ITEMS = np.array([f"i{n}" for n in range(20)], dtype=object)


def model() -> Association:
    torch.manual_seed(2)
    made = Association(ITEMS, AssociationConfig(embedding_size=8, text="none"))
    torch.nn.init.normal_(made.embedding.weight, std=0.5)
    return made.eval()


def test_strengths_equal_the_formula_pair_by_pair() -> None:
    made = model()
    people, items = torch.randn(3, 8), made.item_vectors()
    found = made.associate(people, items)
    for n in range(3):
        for m in range(20):
            both = made.of_both @ (people[n] * items[m])
            hidden = torch.relu(both + made.of_person(people[n]) + made.of_item(items[m]))
            assert float(found[n, m]) == pytest.approx(float(people[n] @ items[m] + hidden @ made.out), abs=1e-4)
    own = torch.tensor([4, 9, 0])
    assert torch.allclose(made._pairs(people, items[own]), found[torch.arange(3), own], atol=1e-5)


def test_a_like_moves_the_next_list(tiny: Dataset, trained: Callable[..., Any]) -> None:
    made, history = trained("association", tiny), tiny.history("u02")
    before = recommend(made, Request(history), k=15)
    after = recommend(made, Request(replace(history, likes=(before[-1].item_id,))), k=15)
    assert [each.score for each in before] != [each.score for each in after]


def test_a_refit_improves_feedback_it_was_not_shown_and_leaves_the_model_alone() -> None:
    made, rng = model(), np.random.default_rng(5)
    loved = set(ITEMS[:10])  # everybody likes the first half, which the model cannot know

    def answers(count: int) -> list[Feedback]:
        from recsys.core import History

        found = []
        for _ in range(count):
            request = Request(History(items=ITEMS[rng.integers(0, 20, 6)]))
            item = str(rng.choice(ITEMS))
            found.append(Feedback(request, item, bool((item in loved) ^ (rng.random() < 0.1))))
        return found

    def mistakes(of: Association, held: list[Feedback]) -> float:
        """Share of pairs of a liked and a disliked item that are the wrong way round."""
        scores = of.score([each.request for each in held])[np.arange(len(held)), of.vocabulary.encode([each.item_id for each in held]) - 1]
        liked = np.array([each.liked for each in held])
        return float((scores[liked][:, None] < scores[~liked][None, :]).mean())

    shown, held = answers(200), answers(200)
    before = {name: value.copy() for name, value in made.arrays().items()}
    again = made.refit(shown, epochs=60, learning_rate=0.01)
    assert mistakes(again, held) < mistakes(made, held) - 0.1
    for name, value in made.arrays().items():
        np.testing.assert_array_equal(value, before[name])


def test_no_feedback_is_an_error_that_says_so() -> None:
    with pytest.raises(DataError, match="no feedback"):
        model().refit([])

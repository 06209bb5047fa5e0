"""Explanations of recommended items, made once and shared by all sessions."""

from collections.abc import Iterator
from typing import Any

from pages.cache.explanations import explanation_key, explanation_store
from recsys.core import TOP_K
from recsys.explain.explained_item import ExplainedItem
from recsys.explain.progressive import ProgressiveExplanation, explain_progressively


def find_answer(explained: ExplainedItem) -> ProgressiveExplanation | None:
    """Return the finished answer for an item; None where nobody has asked for it lately."""
    found: ProgressiveExplanation | None = explanation_store().get(_key(explained))
    return found


def share_answers(explained: ExplainedItem) -> Iterator[ProgressiveExplanation]:
    """Yield sharper and sharper answers, only the last one where it is known; leaving the loop ends the work."""
    known = find_answer(explained)
    if known is not None:
        yield known
        return
    for answer in explain_progressively(explained.game, TOP_K):
        if not answer.activity:
            explanation_store().put(_key(explained), answer)
        yield answer


def _key(explained: ExplainedItem) -> tuple[Any, ...]:
    about = (explained.user, explained.step, explained.item, explained.target, explained.removal)
    return explanation_key(explained.dataset, explained.loaded, *about)

"""Answers to why an item is recommended, made once and shared by all sessions."""

from collections.abc import Iterator

from pages.cache.explanations import explanation_key, explanation_store
from recsys.core import TOP_K
from recsys.explain.explained_item import ExplainedItem
from recsys.explain.progressive import ProgressiveExplanation, explain_progressively


def share_answers(explained: ExplainedItem) -> Iterator[ProgressiveExplanation]:
    """Yield sharper and sharper answers, only the last one where it is known; leaving the loop ends the work."""
    key = explanation_key(
        explained.dataset, explained.loaded, explained.user, explained.step, explained.item, explained.target, explained.removal
    )
    known = explanation_store().get(key)
    if known is not None:
        yield known
        return
    for answer in explain_progressively(explained.game, TOP_K):
        if not answer.activity:
            explanation_store().put(key, answer)
        yield answer

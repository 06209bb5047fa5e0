"""One item to be explained at the cursor, whose answers all sessions share."""

from collections.abc import Iterator

from pages.cache.explanations import explanation_key, explanation_store
from pages.shell.cursor import Cursor
from recsys.core import TOP_K
from recsys.explain.explained_item import ExplainedItem
from recsys.explain.explanation import Removal, Target
from recsys.explain.progressive import ProgressiveExplanation, explain_progressively
from recsys.training.checkpoints import LoadedCheckpoint


class Case(ExplainedItem):
    """One item at the cursor, the value that is explained, and the treatment of left-out events."""

    def __init__(self, here: Cursor, loaded: LoadedCheckpoint, item: str, target: Target, removal: Removal) -> None:
        super().__init__(here.dataset, loaded, here.user, here.step, item, target, removal)
        self.here = here

    def answers(self) -> Iterator[ProgressiveExplanation]:
        """Yield sharper and sharper answers, only the last one where it is known; leaving the loop ends the work."""
        key = explanation_key(self.dataset, self.loaded, self.here.user, self.here.step, self.item, self.target, self.removal)
        known = explanation_store().get(key)
        if known is not None:
            yield known
            return
        for answer in explain_progressively(self.game, TOP_K):
            if not answer.activity:
                explanation_store().put(key, answer)
            yield answer

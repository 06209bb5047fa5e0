"""The item that a command explains, as a cooperative game between the events of the history."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from recsys.core.errors import DataError

if TYPE_CHECKING:
    from recsys.core import Dataset, Recommender
    from recsys.explain.game import Game
    from recsys.training.checkpoints import LoadedCheckpoint

CANDIDATES = 20
"""Length of the candidate list that `among` provides."""


def build_game(
    data: "Dataset",
    loaded: "LoadedCheckpoint",
    user: str,
    step: int | None,
    item: str | None,
    among: "Recommender | None" = None,
    **settings: Any,
) -> "Game":
    """Return the game of an item of the user's list after `step` events, by default the first item; `settings` are those of Game.

    With `among`, the candidates are the twenty items that this other model scores highest.
    """
    from recsys.core import recommend, request_at
    from recsys.explain.game import Game, check_explainable
    from recsys.models import find_model_spec

    check_explainable(loaded.model)
    history = data.history(user)
    request = request_at(history, len(history) if step is None else step)
    if among is not None:
        best = recommend(among, request, CANDIDATES, repeats=data.repeats)
        request = replace(request, candidates=tuple(each.item_id for each in best))
    if item is None:
        best = recommend(loaded.model, request, 1, repeats=data.repeats)
        if not best:
            raise DataError(f"{loaded.card.model} has nothing to recommend to '{user}' at this step; name an item with --item")
        item = best[0].item_id
    return Game(loaded.model, request, item, aware=find_model_spec(loaded.card.model).aware, repeats=data.repeats, **settings)

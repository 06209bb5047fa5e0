"""An explanation of a recommendation, by names: the function behind `recsys.explain(…)` of the public API."""

from recsys.core import Dataset, recommend, request_at
from recsys.core.errors import DataError
from recsys.core.translation import _
from recsys.explain.explanation import Explanation
from recsys.explain.game import Game
from recsys.training.checkpoints import LoadedCheckpoint


def explain_recommendation(
    model: LoadedCheckpoint,
    dataset: str | Dataset,
    user: str,
    step: int | None = None,
    item: str | None = None,
    method: str = "shapley",
    budget: int | None = None,
    seed: int = 0,
) -> Explanation:
    """Explain the score of an item after `step` events, by default the first of the user's list after all of them.

    The score is split into contributions of past events, time and place. Shapley values of more than 50 events are those of groups of
    events. `budget` is the number of model evaluations.
    """
    from recsys.datasets import open_dataset
    from recsys.explain import explain_item
    from recsys.explain.grouping import MOST_EVENTS, group_players, refine_grouped_shapley
    from recsys.explain.methods.shapley_values import default_budget
    from recsys.models import find_model_spec

    data = open_dataset(dataset) if isinstance(dataset, str) else dataset
    history = data.history(user)
    request = request_at(history, len(history) if step is None else step)
    if item is None:
        best = recommend(model.model, request, 1, repeats=data.repeats)
        if not best:
            raise DataError(_("{model} has nothing to recommend to '{user}' at this step; name an item", model=model.card.model, user=user))
        item = best[0].item_id
    game = Game(model.model, request, item, aware=find_model_spec(model.card.model).aware, repeats=data.repeats)
    if method == "shapley" and len(game.steps) > MOST_EVENTS:
        grouped = group_players(game, None, data.items["category"].dropna().get if "category" in data.items else None)
        budget = budget or default_budget(grouped)
        *_before, found = refine_grouped_shapley(grouped, budget, seed, first=budget)
        return found
    return explain_item(game, method, budget or default_budget(game), seed)

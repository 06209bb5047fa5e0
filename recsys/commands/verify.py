"""Checking what a recommendation hangs on, by asking the model again: counterfactual."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.commands.ask import _load
from recsys.commands.console import CheckpointName, DatasetName, Device, Json, UserId, show, table

if TYPE_CHECKING:
    from recsys.checkpoints import Loaded
    from recsys.core import Dataset, Recommender
    from recsys.explain.game import Game

Step = Annotated[int | None, typer.Option(help="After how many of the user's events; all of them when left out.")]
Item = Annotated[str | None, typer.Option(metavar="ITEM", help="The id of an item; the first of the list when left out.")]


def counterfactual(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    user: UserId,
    step: Step = None,
    item: Item = None,
    k: Annotated[int, typer.Option(help="How long the list is.")] = 10,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Which events an item's place in the list hangs on.

    The fewest found whose removal drops it out of the first k; the model was asked again without them.
    """
    from recsys import datasets
    from recsys.explain.counterfactual import smallest_removal

    data = datasets.open_dataset(dataset)
    loaded = _load(checkpoint, data, device)
    game = game_of(data, loaded, user, step, item)
    found = smallest_removal(game, k)
    result = {
        "item_id": found.item_id,
        "removed": found.removed,
        "verified": found.verified,
        "rank_before": found.rank_before,
        "rank_after": found.rank_after,
        "replacement": found.replacement,
        "evaluations": found.evaluations,
        "seconds": found.seconds,
    }
    title = data.title_of(found.item_id)
    if not found.verified:
        show(result, as_json, f"{title} stays among the first {k} even without any of the {len(game.steps)} events")
        return
    rows = [(each, data.title_of(str(game.whole.history.items[each]))) for each in found.removed]
    instead = f"; {data.title_of(found.replacement)} comes in" if found.replacement else ""
    head = f"{title}: place {found.rank_before}, and {found.rank_after} without {'this' if len(rows) == 1 else 'these'}{instead}"
    show(result, as_json, head, table(("step", "event"), rows))


def game_of(
    data: "Dataset", loaded: "Loaded", user: str, step: int | None, item: str | None, among: "Recommender | None" = None, **settings: Any
) -> "Game":
    """The game of an item of the list at a step, with further settings of Game; by default the first of the list.

    With `among`, the list is the twenty items that this other model finds best.
    """
    from recsys.core import recommend, request_at
    from recsys.errors import DataError
    from recsys.explain.game import Game
    from recsys.models import model_spec

    history = data.history(user)
    request = request_at(history, len(history) if step is None else step)
    if among is not None:
        request = replace(request, candidates=tuple(each.item_id for each in recommend(among, request, 20, repeats=data.repeats)))
    if item is None:
        best = recommend(loaded.model, request, 1, repeats=data.repeats)
        if not best:
            raise DataError(f"{loaded.card.model} has nothing to recommend to '{user}' at this step; name an item with --item")
        item = best[0].item_id
    return Game(loaded.model, request, item, aware=model_spec(loaded.card.model).aware, repeats=data.repeats, **settings)

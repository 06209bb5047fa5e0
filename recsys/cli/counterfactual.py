"""The `counterfactual` command: the smallest change of a history that removes an item from the list or adds one to it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.api import load
from recsys.cli.console import CheckpointName, DatasetName, Device, ItemId, Json, Step, UserId, show, table
from recsys.cli.explained_item import build_game
from recsys.core.errors import DataError

if TYPE_CHECKING:
    from recsys.core import Dataset
    from recsys.explain.counterfactual.addition import Addition
    from recsys.explain.counterfactual.removal import Counterfactual
    from recsys.explain.game import Game


def run(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    user: UserId,
    step: Step = None,
    item: ItemId = None,
    add: Annotated[bool, typer.Option("--add", help="Find additional events that bring ITEM, which is not in the list, into it.")] = False,
    k: Annotated[int, typer.Option(help="The length of the list.")] = 10,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Find the smallest change that removes an item.

    Prints the fewest events found whose removal drops the item out of the list or, with --add, the fewest additional events that
    bring it in. The result is verified by scoring the changed history again.
    """
    from recsys import datasets

    if add and item is None:
        raise DataError("--add needs the item to bring into the list; name one that is not in it, for example --item v0042")
    data = datasets.open_dataset(dataset)
    loaded = load(checkpoint, data, device)
    game = build_game(data, loaded, user, step, item)
    result, lines = _find_addition(data, game, k) if add else _find_removal(data, game, k)
    show(result, as_json, *lines)


def _find_removal(data: "Dataset", game: "Game", k: int) -> tuple[dict[str, Any], list[str]]:
    from recsys.explain.counterfactual.removal import smallest_removal

    found = smallest_removal(game, k)
    result = _as_json(found)
    title = data.title_of(found.item_id)
    if not found.verified:
        return result, [f"{title} stays in the top {k} even without any of the {len(game.steps)} events"]
    rows = [(each, data.title_of(str(game.full_request.history.items[each]))) for each in found.removed]
    instead = f"; {data.title_of(found.replacement)} comes in" if found.replacement else ""
    head = f"{title}: rank {found.rank_before}, and rank {found.rank_after} without {'this event' if len(rows) == 1 else 'these events'}{instead}"
    return result, [head, table(("step", "event"), rows)]


def _find_addition(data: "Dataset", game: "Game", k: int) -> tuple[dict[str, Any], list[str]]:
    from recsys.explain.counterfactual.addition import MAX_ADDED, smallest_addition
    from recsys.explain.counterfactual.topk_membership import make_event_factory

    found = smallest_addition(game, k, event_of=make_event_factory(game.full_request, data))
    result = _as_json(found)
    title = data.title_of(found.item_id)
    if not found.verified:
        return result, [
            f"{title}: rank {found.rank_before:,}; no set of up to {MAX_ADDED} additional events was found that brings it into the top {k}"
        ]
    instead = f"; {data.title_of(found.displaced)} leaves the list" if found.displaced else ""
    added = "this additional event" if len(found.added) == 1 else "these additional events"
    head = f"{title}: rank {found.rank_before:,}, and rank {found.rank_after} with {added}{instead}"
    return result, [head, table(("item", "title"), [(each, data.title_of(each)) for each in found.added])]


def _as_json(found: "Counterfactual | Addition") -> dict[str, Any]:
    """Return the fields of a result without the k that was given."""
    return {name: value for name, value in asdict(found).items() if name != "k"}

"""explain: why an item stands in somebody's list."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.cli.ask import open_checkpoint
from recsys.cli.console import CheckpointName, DatasetName, Device, Json, UserId, say, show, table
from recsys.cli.verify import Item, Step, game_of
from recsys.core.errors import DataError, unknown

if TYPE_CHECKING:
    from recsys.core import Dataset
    from recsys.explain import Explanation, Game

PLAYERS = ("events", "groups")
ROWS = 20
"""Contributions shown to a person; --json has all."""


def explain(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    user: UserId,
    step: Step = None,
    item: Item = None,
    method: Annotated[
        str,
        typer.Option(help="shapley, leave-one-out, closed-form, gradient, integrated-gradients, attention or rollout."),
    ] = "shapley",
    players: Annotated[
        str | None, typer.Option(help="events or groups; left out, groups for Shapley values of more than 50 events.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="sessions, weeks, categories or runs, how events are grouped.")] = None,
    target: Annotated[str, typer.Option(help="logit, the model's own score, probability, or margin over the tenth.")] = "logit",
    removal: Annotated[str, typer.Option(help="delete: an event never happened. neutral: it says nothing.")] = "delete",
    budget: Annotated[int | None, typer.Option(help="How often the model may be asked; 1,024 and more when left out.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed draws other coalitions.")] = 0,
    among: Annotated[
        str | None, typer.Option(metavar="CHECKPOINT", help="For a model of short lists: order what this one finds best.")
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """What each past event, the time and the place add to an item's score.

    Values and baseline add up to the score but for the residual; each value has its standard error.
    """
    from recsys import datasets
    from recsys.explain import explain_item
    from recsys.explain.grouping import MOST_EVENTS, group_players, refine_grouped_shapley
    from recsys.explain.methods.shapley_values import FEW, usual_budget
    from recsys.models import model_spec

    _check(method, players, by, budget)
    data = datasets.open_dataset(dataset)
    loaded = open_checkpoint(checkpoint, data, device)
    other = None if among is None else open_checkpoint(among, data, device).model
    game = game_of(data, loaded, user, step, item, other, target=target, removal=removal)
    _say_what_is_odd(game, data)
    groups = players == "groups" or by is not None or (players is None and method == "shapley" and len(game.steps) > MOST_EVENTS)
    playing = group_players(game, by, _categories(data)) if groups else game
    slow = model_spec(loaded.card.model).candidates_only  # it reads a list for seconds
    budget = budget or (FEW * max(len(playing.players), 2) if slow else usual_budget(playing))
    if method == "shapley":
        say(f"asking {loaded.card.model} up to {budget:,} times")
    if groups and method == "shapley":
        *_, found = refine_grouped_shapley(playing, budget, seed, first=budget)
    else:
        found = explain_item(playing, method, budget, seed)
    show(_result(found), as_json, *_lines(found, game, data))


def _check(method: str, players: str | None, by: str | None, budget: int | None) -> None:
    from recsys.explain import METHODS
    from recsys.explain.grouping import GROUPINGS

    for kind, value, known in (("method", method, METHODS), ("kind of players", players, PLAYERS), ("way to group events", by, GROUPINGS)):
        if value is not None and value not in known:
            raise unknown(kind, value, known)
    if budget is not None and budget < 2:
        raise DataError(f"--budget {budget} is too small; give two evaluations a player or more, for example --budget 1000")


def _result(found: "Explanation") -> dict[str, Any]:
    contributions, context = [], {}
    for player, value, error in zip(found.players, found.values, found.standard_errors, strict=True):
        numbers = {"value": value, "standard_error": error}
        if player.kind in ("time", "place"):
            context[player.kind] = numbers
        else:
            who: dict[str, Any] = {"group": player.label} if player.kind == "group" else {"step": player.steps[0]}
            contributions.append({**who, "item_id": player.item_id, **numbers})
    return {
        "method": found.method,
        "item_id": found.item_id,
        "score": found.score,
        "baseline": found.baseline,
        "contributions": contributions,
        "context": context,
        "residual": found.residual,
        "evaluations": found.evaluations,
        "seconds": found.seconds,
    }


def _lines(found: "Explanation", game: "Game", data: "Dataset") -> Iterator[str]:
    """For people: the sum, and the contributions that matter most."""
    yield f"{data.title_of(found.item_id)} ({found.item_id}) after {game.step} events: {found.target} {found.score:.4g}"
    yield f"= {found.baseline:.4g} with nothing known {found.values.sum():+.4g} from {len(found.players)} parts {found.residual:+.2g} left over"
    strongest = found.strongest(ROWS)
    rows = [
        (
            found.players[at].steps[0] if found.players[at].kind == "event" else None,
            data.title_of(str(found.players[at].item_id)) if found.players[at].kind == "event" else found.players[at].label,
            float(found.values[at]),
            float(found.standard_errors[at]),
        )
        for at in strongest.tolist()
    ]
    yield table(("step", "what", "adds", "± (standard error)"), rows)
    if len(found.players) > ROWS:
        yield f"and {len(found.players) - ROWS} more that matter less; --json has them all"
    yield f"{found.evaluations:,} evaluations in {found.seconds:.2f} s"


def _say_what_is_odd(game: "Game", data: "Dataset") -> None:
    if game.unknown:
        say(f"note: {game.unknown} events are of items that this model does not know; they change nothing")
    if game.seen and not data.repeats:
        say(f"note: '{game.item_id}' was taken before and so is not shown; explained is the score that the model gives it")


def _categories(data: "Dataset") -> Any:
    return data.items["category"].dropna().get if "category" in data.items else None

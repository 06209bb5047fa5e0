"""The `explain` command: contributions of the events to the score of a recommended item."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.api import load
from recsys.cli.console import CheckpointName, DatasetName, Device, ItemId, Json, Step, UserId, say, show, table
from recsys.cli.explained_item import build_game
from recsys.core.errors import DataError, unknown

if TYPE_CHECKING:
    from recsys.core import Dataset
    from recsys.explain import Explanation, Game

PLAYERS = ("events", "groups")
MAX_ROWS = 20
"""Contributions in the printed table; --json has all."""


def run(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    user: UserId,
    step: Step = None,
    item: ItemId = None,
    method: Annotated[
        str,
        typer.Option(help="shapley, leave-one-out, closed-form, gradient, integrated-gradients, attention or rollout."),
    ] = "shapley",
    players: Annotated[
        str | None, typer.Option(help="events or groups; by default groups for Shapley values of more than 50 events.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="The grouping of events: sessions, weeks, categories or runs.")] = None,
    target: Annotated[str, typer.Option(help="logit, the model's own score, probability, or margin over the tenth item.")] = "logit",
    removal: Annotated[
        str, typer.Option(help="delete: remove an event from the history. neutral: replace its item by a neutral one.")
    ] = "delete",
    budget: Annotated[int | None, typer.Option(max=10_000_000, help="The number of model evaluations; by default 1,024 or more.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The random seed; another seed samples other coalitions.")] = 0,
    among: Annotated[
        str | None,
        typer.Option(metavar="CHECKPOINT", help="For a model that only ranks short lists: the checkpoint that selects the list."),
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Explain the score of a recommended item.

    The score is split into contributions of past events, time and place. Contributions and baseline add up to the score except for the residual; each contribution has a standard error.
    """
    from recsys import datasets
    from recsys.explain import explain_item
    from recsys.explain.grouping import MOST_EVENTS, group_players, refine_grouped_shapley
    from recsys.explain.methods.shapley_values import MIN_EVALUATIONS_PER_PLAYER, default_budget
    from recsys.models import find_model_spec

    _check_options(method, players, by, budget)
    data = datasets.open_dataset(dataset)
    loaded = load(checkpoint, data, device)
    other = None if among is None else load(among, data, device).model
    game = build_game(data, loaded, user, step, item, other, target=target, removal=removal)
    _say_notes(game, data)
    in_groups = players == "groups" or by is not None or (players is None and method == "shapley" and len(game.steps) > MOST_EVENTS)
    played = group_players(game, by, _category_lookup(data)) if in_groups else game
    is_slow = find_model_spec(loaded.card.model).candidates_only  # one evaluation takes seconds
    budget = budget or (MIN_EVALUATIONS_PER_PLAYER * max(len(played.players), 2) if is_slow else default_budget(played))
    if method == "shapley":
        say(f"evaluating {loaded.card.model} up to {budget:,} times")
    if in_groups and method == "shapley":
        *_, found = refine_grouped_shapley(played, budget, seed, first=budget)
    else:
        found = explain_item(played, method, budget, seed)
    show(_as_json(found), as_json, *_lines(found, game, data))


def _check_options(method: str, players: str | None, by: str | None, budget: int | None) -> None:
    from recsys.explain import METHODS
    from recsys.explain.grouping import GROUPINGS

    if method not in METHODS:
        raise unknown("method", method, METHODS)
    if players is not None and players not in PLAYERS:
        raise unknown("kind of players", players, PLAYERS)
    if by is not None and by not in GROUPINGS:
        raise unknown("grouping of events", by, GROUPINGS)
    if budget is not None and budget < 2:
        raise DataError(f"--budget {budget} is too small; give at least two evaluations for each event, for example --budget 1000")


def _as_json(found: "Explanation") -> dict[str, Any]:
    contributions, context = [], {}
    for player, value, error in zip(found.players, found.values, found.standard_errors, strict=True):
        numbers = {"value": value, "standard_error": error}
        if player.kind in ("time", "place"):
            context[player.kind] = numbers
        else:
            name: dict[str, Any] = {"group": player.label} if player.kind == "group" else {"step": player.steps[0]}
            contributions.append({**name, "item_id": player.item_id, **numbers})
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
    """Yield the sum and the largest contributions."""
    yield f"{data.title_of(found.item_id)} ({found.item_id}) after {game.step} events: {found.target} {found.score:.4g}"
    yield f"= baseline {found.baseline:.4g} {found.values.sum():+.4g} from {len(found.players)} contributions {found.residual:+.2g} residual"
    rows = [
        (
            found.players[at].steps[0] if found.players[at].kind == "event" else None,
            data.title_of(str(found.players[at].item_id)) if found.players[at].kind == "event" else found.players[at].label,
            float(found.values[at]),
            float(found.standard_errors[at]),
        )
        for at in found.strongest(MAX_ROWS).tolist()
    ]
    yield table(("step", "event", "contribution", "± (standard error)"), rows)
    if len(found.players) > MAX_ROWS:
        yield f"and {len(found.players) - MAX_ROWS} smaller contributions; --json has them all"
    yield f"{found.evaluations:,} evaluations in {found.seconds:.2f} s"


def _say_notes(game: "Game", data: "Dataset") -> None:
    if game.n_unknown:
        say(f"note: {game.n_unknown} events are of items that this model does not know; they contribute nothing")
    if game.is_seen and not data.repeats:
        say(f"note: '{game.item_id}' is a seen item and therefore not recommended; the score that the model gives it is explained")


def _category_lookup(data: "Dataset") -> Any:
    return data.items["category"].dropna().get if "category" in data.items else None

"""explain: why an item stands in somebody's list."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.commands.ask import open_checkpoint
from recsys.commands.console import CheckpointName, DatasetName, Device, Json, UserId, say, show, table
from recsys.commands.verify import Item, Step, game_of
from recsys.errors import DataError, unknown

if TYPE_CHECKING:
    from recsys.core import Dataset
    from recsys.explain import Explanation, Game

PLAYERS = ("events", "groups")
LISTED = 10
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
    rewrite: Annotated[
        bool, typer.Option("--rewrite", help="Also in words, which a language model puts in other words; shown only if all of it holds.")
    ] = False,
    writer: Annotated[
        str,
        typer.Option(
            "--writer", metavar="MODEL", help="The language model: a folder, a GGUF file or an id; the installed one when left out."
        ),
    ] = "",
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """What each past event, the time and the place add to an item's score.

    Values and baseline add up to the score but for the residual; each value has its standard error.
    """
    from recsys import datasets
    from recsys.explain import explain as explained
    from recsys.explain.groups import MOST_EVENTS, grouped, sharpening_groups
    from recsys.explain.shapley import FEW, usual_budget
    from recsys.models import model_spec

    _check(method, players, by, budget)
    _check_writing(rewrite, writer)
    data = datasets.open_dataset(dataset)
    loaded = open_checkpoint(checkpoint, data, device)
    other = None if among is None else open_checkpoint(among, data, device).model
    game = game_of(data, loaded, user, step, item, other, target=target, removal=removal)
    _say_what_is_odd(game, data)
    groups = players == "groups" or by is not None or (players is None and method == "shapley" and len(game.steps) > MOST_EVENTS)
    playing = grouped(game, by, _categories(data)) if groups else game
    slow = model_spec(loaded.card.model).candidates_only  # it reads a list for seconds
    budget = budget or (FEW * max(len(playing.players), 2) if slow else usual_budget(playing))
    if method == "shapley":
        say(f"asking {loaded.card.model} up to {budget:,} times")
    if groups and method == "shapley":
        *_, found = sharpening_groups(playing, budget, seed, first=budget)
    else:
        found = explained(playing, method, budget, seed)
    words = _in_words(found, game, data, writer) if rewrite else {}
    show({**_result(found), **words}, as_json, *_lines(found, game, data), *_said(words))


def _check(method: str, players: str | None, by: str | None, budget: int | None) -> None:
    from recsys.explain import METHODS
    from recsys.explain.groups import GROUPINGS

    for kind, value, known in (("method", method, METHODS), ("kind of players", players, PLAYERS), ("way to group events", by, GROUPINGS)):
        if value is not None and value not in known:
            raise unknown(kind, value, known)
    if budget is not None and budget < 2:
        raise DataError(f"--budget {budget} is too small; give two evaluations a player or more, for example --budget 1000")


def _check_writing(rewrite: bool, writer: str) -> None:
    """Before the work, not after it."""
    if writer and not rewrite:
        raise DataError(f"--writer {writer} has nothing to write; add --rewrite")
    if rewrite:
        from recsys.explain.rewriting import check_writer

        check_writer(writer)


def _in_words(found: "Explanation", game: "Game", data: "Dataset", writer: str) -> dict[str, Any]:
    """The explanation in words and, where that can be checked and holds, in other words by a language model."""
    from recsys.explain.facts import Named, facts_of
    from recsys.explain.listing import Listing
    from recsys.explain.rewriting import rewritten
    from recsys.explain.words import by_item, why

    together, place = by_item(found), Listing(game, LISTED).place
    named = [
        Named(f"the {player.kind}", quoted=False)
        if not player.steps
        else Named(player.label)
        if player.item_id is None
        else Named(data.title_of(player.item_id), _back(game.step - player.steps[-1], data.noun))
        for player in together.players
    ]
    facts = facts_of(together, named, place, LISTED)
    if facts is None:
        return {"words": " ".join(why(together, [each.written for each in named], place, LISTED)), "rewritten": None, "refused": []}
    say("asking the language model, some eight words a second on a CPU")
    answer = rewritten(facts, writer, lambda what, done, of: say(f"{what}: {done} of at most {of}") if done % 20 == 0 else None)
    refused = [{"text": text, "reasons": reasons} for text, reasons in answer.refused]
    return {"words": facts.text, "rewritten": answer.text if answer.other else None, "refused": refused}


def _back(events: int, noun: str) -> str:
    return "the latest" if events <= 1 else f"{events:,} {noun}s back"


def _said(words: dict[str, Any]) -> Iterator[str]:
    if not words:
        return
    yield ""
    yield words["words"]
    if words["rewritten"]:
        yield f"in other words, written by a language model and checked against the numbers: {words['rewritten']}"
    elif words["refused"]:
        yield f"the language model was asked {len(words['refused'])} times and said something else each time, last that it {words['refused'][-1]['reasons'][0]}"
    else:
        yield "there is too little to say it in other words"


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

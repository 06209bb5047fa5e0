"""Checking explanations by asking the model again: counterfactual, fidelity."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.cli.ask import open_checkpoint
from recsys.cli.console import CheckpointName, DatasetName, Device, Json, UserId, say, show, table
from recsys.core.errors import DataError, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from recsys.core import Dataset, Recommender
    from recsys.explain.counterfactual.addition import Addition
    from recsys.explain.counterfactual.removal import Counterfactual
    from recsys.explain.fidelity.fidelity_benchmark import CauseRecovery, FidelityBenchmark, Measured
    from recsys.explain.game import Game
    from recsys.training.checkpoints import Loaded

Step = Annotated[int | None, typer.Option(help="After how many of the user's events; all of them when left out.")]
Item = Annotated[str | None, typer.Option(metavar="ITEM", help="The id of an item; the first of the list when left out.")]


def counterfactual(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    user: UserId,
    step: Step = None,
    item: Item = None,
    add: Annotated[
        bool, typer.Option("--add", help="The other way round: what would bring ITEM, which is not listed, into the list.")
    ] = False,
    k: Annotated[int, typer.Option(help="How long the list is.")] = 10,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Which events an item's place in the list hangs on.

    The fewest found whose removal drops it out of the first k, or, with --add, the fewest further events that bring it in; the model
    was asked again, without or with them.
    """
    from recsys import datasets

    if add and item is None:
        raise DataError("--add needs the item that is to come in; name one that is not in the list, for example --item v0042")
    data = datasets.open_dataset(dataset)
    loaded = open_checkpoint(checkpoint, data, device)
    game = game_of(data, loaded, user, step, item)
    result, lines = _addition(data, game, k) if add else _removal(data, game, k)
    show(result, as_json, *lines)


def _removal(data: "Dataset", game: "Game", k: int) -> tuple[dict[str, Any], list[str]]:
    from recsys.explain.counterfactual.removal import smallest_removal

    found = smallest_removal(game, k)
    result = _said(found)
    title = data.title_of(found.item_id)
    if not found.verified:
        return result, [f"{title} stays among the first {k} even without any of the {len(game.steps)} events"]
    rows = [(each, data.title_of(str(game.whole.history.items[each]))) for each in found.removed]
    instead = f"; {data.title_of(found.replacement)} comes in" if found.replacement else ""
    head = f"{title}: place {found.rank_before}, and {found.rank_after} without {'this' if len(rows) == 1 else 'these'}{instead}"
    return result, [head, table(("step", "event"), rows)]


def _addition(data: "Dataset", game: "Game", k: int) -> tuple[dict[str, Any], list[str]]:
    from recsys.explain.counterfactual.addition import MOST, smallest_addition
    from recsys.explain.counterfactual.topk_membership import taken_now

    found = smallest_addition(game, k, event_of=taken_now(game.whole, data))
    result = _said(found)
    title = data.title_of(found.item_id)
    if not found.verified:
        return result, [f"{title} is at place {found.rank_before:,}; no {MOST} events were found that bring it among the first {k}"]
    instead = f"; {data.title_of(found.displaced)} leaves" if found.displaced else ""
    head = f"{title}: place {found.rank_before:,}, and {found.rank_after} had they also taken {'this' if len(found.added) == 1 else 'these'}{instead}"
    return result, [head, table(("item", "title"), [(each, data.title_of(each)) for each in found.added])]


def _said(found: "Counterfactual | Addition") -> dict[str, Any]:
    """What was found, without the k that was given."""
    return {name: value for name, value in asdict(found).items() if name != "k"}


def fidelity(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    cases: Annotated[int, typer.Option(help="How many people, one recommendation each.")] = 100,
    budget: Annotated[int, typer.Option(help="How often the model may be asked for one set of Shapley values.")] = 1024,
    split: Annotated[str, typer.Option(help="validation or test: the events at which recommendations are explained.")] = "validation",
    seed: Annotated[int, typer.Option(help="Another seed takes other people.")] = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """How far each way of explaining can be trusted.

    Events are taken away, the most important first, as each method has it, and beside that in random order. Where the data says
    what caused an event, also how often a method names that cause first.
    """
    if cases < 2:
        raise DataError(f"--cases is {cases}; give two or more, for example --cases 100")
    if budget < 2:
        raise DataError(f"--budget {budget} is too small; give two evaluations a player or more, for example --budget 1000")
    if split not in ("validation", "test"):
        raise unknown("split", split, ("validation", "test"))
    from recsys import datasets
    from recsys.core.split import split_interactions
    from recsys.datasets import prepared_folder
    from recsys.datasets.prepared import read_extra
    from recsys.explain.fidelity.fidelity_benchmark import measure_cause_recovery, run_fidelity_benchmark
    from recsys.models import model_spec

    data = datasets.open_dataset(dataset)
    loaded = open_checkpoint(checkpoint, data, device)
    aware, labels = model_spec(loaded.card.model).aware, split_interactions(data, loaded.card.protocol)
    found = run_fidelity_benchmark(loaded.model, data, labels, aware, cases, split, budget, seed, _say_every("explained"))
    result: dict[str, Any] = {"model": loaded.card.model, "dataset": data.name, "protocol": labels.protocol, **vars(found)}
    folder = prepared_folder(data.name)
    causes = None if folder is None else read_extra(folder, "causes")
    truth = None
    if causes is not None:
        truth = measure_cause_recovery(
            loaded.model, data, labels, causes, aware, cases, budget, seed, _say_every("compared with their cause")
        )
        result["planted"] = truth
    show(result, as_json, *_fidelity_lines(loaded.card.model, data, found, truth))


def _say_every(what: str) -> "Callable[[int, int], None]":
    def report(done: int, of: int) -> None:
        if done % 20 == 0:
            say(f"{done} of {of} {what}")

    return report


def _fidelity_lines(model: str, data: "Dataset", found: "FidelityBenchmark", truth: "CauseRecovery | None") -> list[str]:
    def cell(measured: "Measured") -> str:
        return f"{measured.value:.3f} [{measured.low:.3f}, {measured.high:.3f}]"

    columns = list(next(iter(found.metrics.values())))
    rows = [(name, *(cell(each[column]) for column in columns)) for name, each in found.metrics.items()]
    lines = [
        f"{model} on {data.name}: the first recommendation of {found.cases:,} people, {found.split}; with 95 % intervals",
        "in standard deviations of the scores; higher is better for deletion, insertion, comprehensiveness and neg@k, lower for the others",
        table(("method", *columns), rows),
    ]
    if truth is not None and truth.cases:
        kinds = list(truth.causes)
        heads = ("first event is the planted cause", f"all {truth.cases}", *(f"{kind} {truth.causes[kind]}" for kind in kinds))
        rows = [(name, cell(share), *(cell(truth.by_cause[kind][name]) for kind in kinds)) for name, share in truth.methods.items()]
        lines += ["", table(heads, rows)]
    return lines


def game_of(
    data: "Dataset", loaded: "Loaded", user: str, step: int | None, item: str | None, among: "Recommender | None" = None, **settings: Any
) -> "Game":
    """The game of an item of the list at a step, with further settings of Game; by default the first of the list.

    With `among`, the list is the twenty items that this other model finds best.
    """
    from recsys.core import recommend, request_at
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

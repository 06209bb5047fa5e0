"""Asking a trained model: evaluate, recommend, replay."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.cli.console import CheckpointName, DatasetName, Device, Json, UserId, say, show, table
from recsys.cli.leaderboard import plain_slices
from recsys.core.errors import DataError, unknown

if TYPE_CHECKING:
    from recsys.core import Dataset, Recommended, Recommender, Request
    from recsys.evaluation import Slice
    from recsys.training.checkpoints import Loaded


def evaluate(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    split: Annotated[str, typer.Option(help="validation or test; look at test once, when all choices are made.")] = "validation",
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure how well a model ranks what came next.

    Every event of the split is ranked over all items, under the protocol that the checkpoint was trained with.
    """
    if split not in ("validation", "test"):
        raise unknown("split", split, ("validation", "test"))
    from recsys import datasets, evaluation
    from recsys.core.split import split_interactions

    data = datasets.open_dataset(dataset)
    loaded = open_checkpoint(checkpoint, data, device)
    found = evaluation.evaluate_model(loaded.model, data, split_interactions(data, loaded.card.protocol), split)
    say(f"ranked {found.cases:,} cases in {found.seconds:.1f} s")
    result = {
        "model": loaded.card.model,
        "dataset": data.name,
        "protocol": found.protocol,
        "split": found.split,
        "aware": found.aware,
        "cases": found.cases,
        "items": found.items,
        "metrics": found.metrics,
        "intervals": found.intervals,
        "slices": plain_slices(found.slices),
    }
    rows = [(name, value, *found.intervals.get(name, (None, None))) for name, value in found.metrics.items()]
    told = f"told the {' and the '.join(found.aware)}" if found.aware else "blind to time and place"
    seen = "items seen before stay candidates" if data.repeats else "items seen before are no candidates"
    head = f"{loaded.card.model} on {data.name}, {found.protocol}, {found.split}: {found.cases:,} cases of {found.users:,} users, {found.items:,} items"
    columns = ("metric", "mean", "from", "to (95 %)")
    show(result, as_json, head, f"{told}; {seen}; {found.left_out:,} users left out", table(columns, rows), *_cold_lines(found.slices))


def _cold_lines(slices: "dict[str, Slice | None]") -> list[str]:
    """The cold starts in a line each, one without a case said so."""
    words = {"new_users": "people with at most five events before", "rare_items": "items with at most five events to learn from"}
    lines = []
    for name, part in slices.items():
        if part is None:
            lines.append(f"{words[name]}: no such case")
        else:
            low, high = part.intervals["ndcg@10"]
            lines.append(f"{words[name]}: {part.cases:,} cases, ndcg@10 {part.metrics['ndcg@10']:.4f} ({low:.4f} to {high:.4f})")
    return lines


def recommend(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    user: UserId,
    step: Annotated[int | None, typer.Option(help="After how many of the user's events; all of them when left out.")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="When, ISO 8601, UTC unless it names a zone: 2012-05-01T18:30.")] = None,
    place: Annotated[str | None, typer.Option(metavar="LAT,LON", help="Where, in degrees: 40.7,-74.0.")] = None,
    k: Annotated[int, typer.Option(help="How many items.")] = 10,
    among: Annotated[str | None, typer.Option(metavar="CHECKPOINT", help="Order only what this other checkpoint finds best.")] = None,
    candidates: Annotated[int, typer.Option(help="How many of those to order.")] = 20,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """What a model recommends to a user at a step.

    Says also which rank it gave to what really came next.
    """
    # What can be checked without loading anything is checked first.
    time, offset = _time(at)
    where = _place(place)
    from recsys import core, datasets

    data = datasets.open_dataset(dataset)
    history = data.history(user)
    step = len(history) if step is None else step
    request = core.request_at(history, step)
    if time is not None:
        request = replace(request, time=time, utc_offset=offset if offset is not None else request.utc_offset)
    if where is not None:
        request = replace(request, place=where)
    loaded = open_checkpoint(checkpoint, data, device)
    if among is not None:
        best = core.recommend(open_checkpoint(among, data, device).model, request, candidates, repeats=data.repeats)
        request = replace(request, candidates=tuple(each.item_id for each in best))
    model = loaded.model.reporting(_say_progress) if hasattr(loaded.model, "reporting") else loaded.model
    ordered = core.recommend(model, request, max(k, len(request.candidates or ())) if k > 0 else k, repeats=data.repeats)
    result = {
        "user": user,
        "step": step,
        "items": [
            {"item_id": each.item_id, "title": data.title_of(each.item_id), "score": each.score, "rank": each.rank} for each in ordered[:k]
        ],
        "next": _next(model, data, request, str(history.items[step]), ordered) if step < len(history) else None,
    }
    _say_what_is_ignored(loaded.card.model, at, place)
    show(result, as_json, *_list_lines(result, len(history), data))


def replay(checkpoint: CheckpointName, dataset: DatasetName, user: UserId, device: Device = "auto", as_json: Json = False) -> None:
    """Ranks of all next events of a user's timeline.

    Each is exact, over all items, and given only what came before.
    """
    from recsys import datasets
    from recsys.core.split import split_interactions
    from recsys.evaluation.replay import replay_history

    data = datasets.open_dataset(dataset)
    history = data.history(user)
    loaded = open_checkpoint(checkpoint, data, device)
    labels = split_interactions(data, loaded.card.protocol).labels[data.rows(user)]
    timeline = replay_history(loaded.model, history, data.repeats, labels=labels)
    result = {"user": user, "ranks": timeline.ranks, "splits": timeline.splits, "seconds": timeline.seconds}
    rows = [
        (step, data.title_of(str(item)), split_name, float(rank))
        for step, (item, split_name, rank) in enumerate(zip(timeline.item_ids, timeline.splits, timeline.ranks, strict=False))
    ]
    show(result, as_json, table(("step", "what came next", "split", "rank"), rows), f"{len(rows)} events in {timeline.seconds:.3f} s")


def open_checkpoint(checkpoint: str, data: "Dataset", device: str) -> "Loaded":
    """A checkpoint by name or folder, refused when it does not belong to this data."""
    from recsys.training import checkpoints

    loaded = checkpoints.load(checkpoints.find(checkpoint, data.name), device)
    checkpoints.check_match(loaded.card, data)
    return loaded


def _time(text: str | None) -> tuple[float | None, float | None]:
    """Seconds since 1970 UTC, and the minutes of the zone where the text names one."""
    if text is None:
        return None, None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"--at '{text}' is no ISO 8601 time; write it like 2012-05-01T18:30 or 2012-05-01T18:30-04:00") from error
    offset = moment.utcoffset()
    if offset is None:
        return moment.replace(tzinfo=UTC).timestamp(), None
    return moment.timestamp(), offset.total_seconds() / 60


def _place(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        latitude = longitude = math.nan
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # false for NaN too
        raise DataError(f"--place '{text}' is no latitude (-90 to 90) and longitude (-180 to 180); write it like 40.7,-74.0")
    return latitude, longitude


def _say_what_is_ignored(model: str, at: str | None, place: str | None) -> None:
    from recsys.models import model_spec

    for option, given, what in (("--at", at, "time"), ("--place", place, "place")):
        if given is not None and what not in model_spec(model).aware:
            say(f"note: {model} is not told the {what}, so {option} changes nothing")


def _say_progress(done: int, of: int) -> None:
    say(f"{done} of {of} candidates read")


def _next(model: "Recommender", data: "Dataset", request: "Request", item_id: str, ordered: "list[Recommended]") -> dict[str, Any]:
    """What really came next, and its exact rank; the last place for an item the model does not know, none for one it was not offered."""
    import numpy as np

    from recsys.core import Vocabulary, candidate_scores
    from recsys.evaluation import ranks_of

    if request.candidates is not None:  # all of them are in the list already
        return {"item_id": item_id, "rank": next((float(each.rank) for each in ordered if each.item_id == item_id), None)}
    vocabulary = Vocabulary(model.item_ids)
    code = int(vocabulary.encode([item_id])[0])
    scores = candidate_scores(model, [request], vocabulary, data.repeats)
    rank = float(ranks_of(scores, np.array([code - 1]))[0]) if code else float(len(vocabulary))
    return {"item_id": item_id, "rank": rank}


def _list_lines(result: dict[str, Any], length: int, data: "Dataset") -> list[str]:
    rows = [(item["rank"], item["title"], item["item_id"], item["score"]) for item in result["items"]]
    lines = [f"user {result['user']} after {result['step']} of {length} events", table(("rank", "title", "item", "score"), rows)]
    if result["next"]:
        rank = result["next"]["rank"]
        lines.append(f"next came {data.title_of(result['next']['item_id'])}, {'not in this list' if rank is None else f'rank {rank:g}'}")
    return lines

"""The `recommend` command: the top-k list of one user at one step."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys.api import load
from recsys.cli.console import CheckpointName, DatasetName, Device, Json, Step, UserId, say, show, table
from recsys.core.errors import DataError

if TYPE_CHECKING:
    from recsys.core import Dataset, Recommendation, Recommender, Request


def run(
    checkpoint: CheckpointName,
    dataset: DatasetName,
    user: UserId,
    step: Step = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="The time of the request, ISO 8601, UTC unless it names a zone: 2012-05-01T18:30.")
    ] = None,
    place: Annotated[str | None, typer.Option(metavar="LAT,LON", help="The place of the request, in degrees: 40.7,-74.0.")] = None,
    k: Annotated[int, typer.Option(help="The length of the list.")] = 10,
    among: Annotated[
        str | None, typer.Option(metavar="CHECKPOINT", help="Rank only the items that this other checkpoint scores highest.")
    ] = None,
    candidates: Annotated[int, typer.Option(help="The number of items taken from the checkpoint of --among.")] = 20,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Recommend items to a user at a step of the timeline.

    Also prints the rank of the actual next item.
    """
    # Options that can be checked without loading anything are checked first.
    time, offset = _parse_time(at)
    where = _parse_place(place)
    from recsys import core, datasets

    data = datasets.open_dataset(dataset)
    history = data.history(user)
    step = len(history) if step is None else step
    request = core.request_at(history, step)
    if time is not None:
        request = replace(request, time=time, utc_offset=offset if offset is not None else request.utc_offset)
    if where is not None:
        request = replace(request, place=where)
    loaded = load(checkpoint, data, device)
    if among is not None:
        best = core.recommend(load(among, data, device).model, request, candidates, repeats=data.repeats)
        request = replace(request, candidates=tuple(each.item_id for each in best))
    model = loaded.model.with_report(_say_progress) if hasattr(loaded.model, "with_report") else loaded.model
    ordered = core.recommend(model, request, max(k, len(request.candidates or ())) if k > 0 else k, repeats=data.repeats)
    result = {
        "user": user,
        "step": step,
        "items": [
            {"item_id": each.item_id, "title": data.title_of(each.item_id), "score": each.score, "rank": each.rank} for each in ordered[:k]
        ],
        "next": _rank_next(model, data, request, str(history.items[step]), ordered) if step < len(history) else None,
    }
    _say_ignored_options(loaded.card.model, at, place)
    show(result, as_json, *_lines(result, len(history), data))


def _parse_time(text: str | None) -> tuple[float | None, float | None]:
    """Return seconds since 1970 UTC, and the offset in minutes if the text names a zone."""
    if text is None:
        return None, None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"--at '{text}' is not an ISO 8601 time; write it like 2012-05-01T18:30 or 2012-05-01T18:30-04:00") from error
    offset = moment.utcoffset()
    if offset is None:
        return moment.replace(tzinfo=UTC).timestamp(), None
    return moment.timestamp(), offset.total_seconds() / 60


def _parse_place(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        latitude = longitude = math.nan
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # false for NaN too
        raise DataError(f"--place '{text}' is not a latitude (-90 to 90) and a longitude (-180 to 180); write it like 40.7,-74.0")
    return latitude, longitude


def _say_ignored_options(model: str, at: str | None, place: str | None) -> None:
    from recsys.models import find_model_spec

    for option, given, context in (("--at", at, "time"), ("--place", place, "place")):
        if given is not None and context not in find_model_spec(model).aware:
            say(f"note: {model} does not use the {context}, so {option} changes nothing")


def _say_progress(done: int, of: int) -> None:
    say(f"scored {done} of {of} candidates")


def _rank_next(model: "Recommender", data: "Dataset", request: "Request", item_id: str, ordered: "list[Recommendation]") -> dict[str, Any]:
    """Return the next item and its exact rank: the last rank if the model does not know the item, None if it is not a candidate."""
    import numpy as np

    from recsys.core import Vocabulary, candidate_scores
    from recsys.evaluation.metrics import rank_items

    if request.candidates is not None:  # all candidates are in the list already
        return {"item_id": item_id, "rank": next((float(each.rank) for each in ordered if each.item_id == item_id), None)}
    vocabulary = Vocabulary(model.item_ids)
    code = int(vocabulary.encode([item_id])[0])
    scores = candidate_scores(model, [request], vocabulary, data.repeats)
    rank = float(rank_items(model, scores, np.array([code]))[0])
    return {"item_id": item_id, "rank": rank}


def _lines(result: dict[str, Any], length: int, data: "Dataset") -> list[str]:
    rows = [(item["rank"], item["title"], item["item_id"], item["score"]) for item in result["items"]]
    lines = [f"user {result['user']} after {result['step']} of {length} events", table(("rank", "title", "item", "score"), rows)]
    if not rows:
        lines[1] = f"no item to recommend{'' if data.repeats else '; items that the user had before are left out'}"
    if result["next"]:
        rank = result["next"]["rank"]
        title = data.title_of(result["next"]["item_id"])
        lines.append(
            f"next item: {title}, {'not a candidate' if rank is None else f'rank {rank:g}' if math.isfinite(rank) else 'not listed'}"
        )
    return lines

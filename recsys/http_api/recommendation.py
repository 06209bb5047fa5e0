"""The handler of /api/recommend."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recsys.core import Dataset, FallsBack, History, Request, empty_history, recommend, request_at
from recsys.core.vocabulary import PAD, Vocabulary
from recsys.feedback.recording import Impression, record_impression
from recsys.http_api.access import Caller
from recsys.http_api.schemas import PastEvent, RecommendBody, RecommendedItem, RecommendResponse
from recsys.http_api.service import Service, name_version
from recsys.training.checkpoints import LoadedCheckpoint


def handle_recommend(service: Service, caller: Caller, body: RecommendBody) -> RecommendResponse:
    """Return the k best items for a user at a step, or for an ad-hoc history, and save them as an impression where that is asked for."""
    data, loaded = service.open(body.dataset, body.checkpoint)
    request = build_request(data, body)
    model, history = loaded.model, request.history
    best = recommend(model, request, body.k, repeats=data.repeats)
    vocabulary = getattr(model, "vocabulary", None) or Vocabulary(model.item_ids)
    titles = data.titles_of([each.item_id for each in best])
    response = RecommendResponse(
        dataset=data.name,
        checkpoint=name_version(loaded),
        user=body.user,
        step=len(history) if body.step is None else body.step,
        items=[
            RecommendedItem(item_id=item, title=title, score=score, rank=rank)
            for (item, score, rank), title in zip(best, titles, strict=True)
        ],
        unknown=int((vocabulary.encode(history.items) == PAD).sum()),
        fallback=model.fallback(request) if isinstance(model, FallsBack) else None,
        impression_id=None,
    )
    if not body.record:
        return response
    return response.model_copy(update={"impression_id": _record(service, caller, data, loaded, body, response)})


def build_request(data: Dataset, body: RecommendBody) -> Request:
    """Return the request of a body; what the body leaves out is as in a replay of the dataset."""
    if body.user is not None:
        history = data.history(body.user)
        request = request_at(history, len(history) if body.step is None else body.step)
    else:
        request = Request(_build_history(data, body))
    changed: dict[str, object] = {}
    if body.time is not None:
        changed["time"] = body.time
    if body.utc_offset is not None:
        changed["utc_offset"] = body.utc_offset
    if body.place is not None:
        changed["place"] = (body.place.latitude, body.place.longitude)
    if body.candidates is not None:
        changed["candidates"] = tuple(body.candidates)
    return replace(request, **changed) if changed else request  # type: ignore[arg-type]


def _build_history(data: Dataset, body: RecommendBody) -> History:
    """Return the ad-hoc history of a body, with the columns that it gives and the places of the items."""
    events = body.history or []
    if not events:
        return empty_history()
    items = np.array([each if isinstance(each, str) else each.item_id for each in events], dtype=object)
    times, ratings = _column(events, "time"), _column(events, "rating")
    return History(
        items=items,
        times=times,
        utc_offsets=None if times is None or body.utc_offset is None else np.full(len(events), float(body.utc_offset)),
        places=None if data.item_places is None else _find_places(data.item_places, data.vocabulary.encode(items)),
        ratings=ratings,
    )


def _column(events: Sequence[str | PastEvent], name: str) -> np.ndarray | None:
    """Return a value of each event (T,), NaN where it has none; None where no event has one."""
    values = [None if isinstance(each, str) else getattr(each, name) for each in events]  # a check for PastEvent takes four times as long
    return None if values.count(None) == len(values) else np.array(values, dtype=np.float64)


def _find_places(places: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the place (T, 2) of each item, NaN for one that is not in the dataset."""
    found = places[codes - 1]
    found[codes == PAD] = np.nan
    return found


def _record(
    service: Service, caller: Caller, data: Dataset, loaded: LoadedCheckpoint, body: RecommendBody, response: RecommendResponse
) -> str:
    changed = body.model_dump(include={"time", "utc_offset", "place", "candidates", "history"}, exclude_none=True)
    shown = Impression(
        dataset=data.name,
        dataset_fingerprint=data.fingerprint,
        checkpoint=response.checkpoint,
        checkpoint_fingerprint=loaded.fingerprint,
        user_id=body.user or "",
        step=response.step,
        items=[each.item_id for each in response.items],
        scores=[each.score for each in response.items],
        context=changed,
        source="api",
    )
    return record_impression(service.store, service.account(caller), shown)

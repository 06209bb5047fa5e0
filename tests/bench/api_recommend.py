"""A list for a history of 200 events by POST /api/recommend on a real server, sasrec, p50; reference: the bare call of the model.

Both are measured in blocks that take turns, so that both meet the same machine. Other models are printed beside it: the cost of a request
hardly depends on the model, so that its share is largest for one that takes less than a millisecond.
"""

import http.client
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from recsys import load, open_dataset
from recsys.cli.console import say
from recsys.core import recommend
from recsys.http_api.recommendation import build_request
from recsys.http_api.schemas import RecommendBody
from tests.bench._timing import measured, times_of
from tests.browser.live import serving

MODELS = ("sasrec", "spatiotemporal", "markov")
EVENTS, BLOCKS, REPEATS = 200, 4, 60
PAUSE = 1.0  # seconds after which the limit of requests has all of its burst again


def measure() -> dict[str, Any]:
    data = open_dataset("demo-city")
    history = max((data.history(user) for user in data.user_ids), key=len)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "home") as server:
        address = server.url.removeprefix("http://")
        taken = {}
        for name in MODELS:
            body = {"dataset": "demo-city", "checkpoint": name, "history": [str(each) for each in history.items[-EVENTS:]], "k": 10}
            taken[name] = _measure_model(address, data, body)
            asked, recorded, bare = taken[name]
            say(f"{name}: {asked:.2f} ms, recorded {recorded:.2f} ms; the bare call {bare:.2f} ms, ratio {asked / bare:.2f}")
    asked, _recorded, bare = taken[MODELS[0]]
    return measured(asked, "ms", bare)


def _measure_model(address: str, data: Any, body: dict[str, Any]) -> list[float]:
    """Return the p50 of a request, of one that is recorded, and of the bare call, in milliseconds."""
    loaded, request = load(body["checkpoint"], data), build_request(data, RecommendBody(**body))
    taken: list[list[np.ndarray]] = [[], [], []]
    for _ in range(BLOCKS):
        with closing(http.client.HTTPConnection(address)) as connection:
            actions: list[Callable[[], object]] = [
                lambda: _post(connection, body),
                lambda: _post(connection, body | {"record": True}),
                lambda: recommend(loaded.model, request, body["k"], repeats=data.repeats),
            ]
            for values, action in zip(taken, actions, strict=True):
                values.append(times_of(action, repeats=REPEATS))
        time.sleep(PAUSE)
    return [float(np.median(np.concatenate(values))) for values in taken]


def _post(connection: http.client.HTTPConnection, body: dict[str, Any]) -> None:
    connection.request("POST", "/api/recommend", json.dumps(body), {"content-type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status}: {text.decode()}")

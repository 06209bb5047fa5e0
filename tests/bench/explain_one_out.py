"""Leaving out each of 200 events, sasrec d 64, 2 blocks; reference: asking for the same histories one by one."""

from typing import Any

import numpy as np

from recsys.core import Request
from recsys.explain import Game, explain_item
from tests.bench._timing import made_up, measured, times_of, transformer


def measure() -> dict[str, Any]:
    dataset = made_up()
    model, request = transformer(dataset), Request(dataset.history("u0"))
    requests = [request, *(Request(request.history.without([step])) for step in range(len(request.history)))]
    together = np.median(times_of(lambda: explain_item(Game(model, request, "i7"), "leave-one-out"), repeats=10, warm=2))
    apart = times_of(lambda: [model.score([each]) for each in requests], repeats=1, warm=0)[0]
    return measured(float(together), "ms", float(apart))

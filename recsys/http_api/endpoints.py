"""The table of endpoints: routes, limits and the OpenAPI document are made from it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from recsys.http_api import schemas
from recsys.http_api.catalogue import answer_models
from recsys.http_api.explanation import answer_explain
from recsys.http_api.feedback import answer_feedback
from recsys.http_api.recommendation import answer_recommend
from recsys.http_api.replay import answer_replay


@dataclass(frozen=True)
class Endpoint:
    """An address of the API. `handle(service, caller, given)` runs in a thread; `given` is the body, or the query of a GET.

    `limit` is the kind of its rate limit, and of the threads that it runs in.
    """

    method: str
    path: str
    summary: str
    given: type[schemas.Message]
    answer: type[schemas.Message]
    limit: str
    handle: Callable[[Any, Any, Any], schemas.Message]


ENDPOINTS = (
    Endpoint("GET", "/models", "Datasets and their checkpoints", schemas.NoQuery, schemas.ModelsAnswer, "light", answer_models),
    Endpoint(
        "POST",
        "/recommend",
        "The best items for a user or a history",
        schemas.RecommendBody,
        schemas.RecommendAnswer,
        "light",
        answer_recommend,
    ),
    Endpoint("POST", "/feedback", "Feedback on a recorded list", schemas.FeedbackBody, schemas.FeedbackAnswer, "light", answer_feedback),
    Endpoint("GET", "/replay", "A user’s timeline, step by step", schemas.ReplayQuery, schemas.ReplayAnswer, "heavy", answer_replay),
    Endpoint("POST", "/explain", "Shapley values of one score", schemas.ExplainBody, schemas.ExplainAnswer, "heavy", answer_explain),
)

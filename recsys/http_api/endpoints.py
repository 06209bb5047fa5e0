"""The table of endpoints: routes, limits and the OpenAPI document are made from it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from recsys.http_api import schemas
from recsys.http_api.catalogue import handle_models
from recsys.http_api.explanation import handle_explain
from recsys.http_api.feedback import handle_feedback
from recsys.http_api.recommendation import handle_recommend
from recsys.http_api.replay import handle_replay


@dataclass(frozen=True)
class Endpoint:
    """An address of the API. `handle(service, caller, given)` runs in a thread; `given` is the body, or the query of a GET.

    `limit` is the kind of its rate limit, and of the threads that it runs in.
    """

    method: str
    path: str
    summary: str
    given: type[schemas.Message]
    response: type[schemas.Message]
    limit: str
    handle: Callable[[Any, Any, Any], schemas.Message]


ENDPOINTS = (
    Endpoint("GET", "/models", "Datasets and their checkpoints", schemas.NoQuery, schemas.ModelsResponse, "light", handle_models),
    Endpoint(
        "POST",
        "/recommend",
        "The best items for a user or a history",
        schemas.RecommendBody,
        schemas.RecommendResponse,
        "light",
        handle_recommend,
    ),
    Endpoint("POST", "/feedback", "Feedback on a recorded list", schemas.FeedbackBody, schemas.FeedbackResponse, "light", handle_feedback),
    Endpoint("GET", "/replay", "A user’s timeline, step by step", schemas.ReplayQuery, schemas.ReplayResponse, "heavy", handle_replay),
    Endpoint("POST", "/explain", "Shapley values of one score", schemas.ExplainBody, schemas.ExplainResponse, "heavy", handle_explain),
)

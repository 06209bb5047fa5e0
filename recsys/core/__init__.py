"""The types that every other module speaks: Dataset, History, Request, Recommender."""

from recsys.core.dataset import Check, Dataset
from recsys.core.history import Event, History, Request, empty_history, request_at
from recsys.core.recommender import (
    TOP_K,
    ExplainsItself,
    FallsBack,
    PredictsBehaviours,
    PredictsRatings,
    Recommended,
    Recommender,
    ScoresSubsets,
    ShowsAttention,
    Trace,
    Traces,
    candidate_scores,
    heard,
    recommend,
    seen_codes,
    shows_attention,
    top_k,
)
from recsys.core.vocabulary import PAD, Vocabulary

__all__ = [
    "PAD",
    "TOP_K",
    "Check",
    "Dataset",
    "Event",
    "ExplainsItself",
    "FallsBack",
    "History",
    "PredictsBehaviours",
    "PredictsRatings",
    "Recommended",
    "Recommender",
    "Request",
    "ScoresSubsets",
    "ShowsAttention",
    "Trace",
    "Traces",
    "Vocabulary",
    "candidate_scores",
    "empty_history",
    "heard",
    "recommend",
    "request_at",
    "seen_codes",
    "shows_attention",
    "top_k",
]

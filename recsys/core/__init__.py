"""The central types: Dataset, History, Request and Recommender."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recsys.core.dataset import Check, Dataset
    from recsys.core.history import Event, History, Request, empty_history, request_at
    from recsys.core.recommender import (
        TOP_K,
        ExplainsItself,
        FallsBack,
        HasFixedScores,
        HoldsLists,
        PredictsBehaviours,
        PredictsRatings,
        Recommendation,
        Recommender,
        ScoresSubsets,
        ShowsAttention,
        Trace,
        Traces,
        append_likes,
        candidate_scores,
        encode_seen_items,
        find_fixed_reason,
        find_unexplained_reason,
        recommend,
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
    "HasFixedScores",
    "History",
    "HoldsLists",
    "PredictsBehaviours",
    "PredictsRatings",
    "Recommendation",
    "Recommender",
    "Request",
    "ScoresSubsets",
    "ShowsAttention",
    "Trace",
    "Traces",
    "Vocabulary",
    "append_likes",
    "candidate_scores",
    "empty_history",
    "encode_seen_items",
    "find_fixed_reason",
    "find_unexplained_reason",
    "recommend",
    "request_at",
    "shows_attention",
    "top_k",
]

_MODULES = ("dataset", "history", "recommender", "vocabulary")


def __getattr__(name: str) -> Any:
    # Imported on first use: these modules need numpy and pandas, and the command line prints its help without them.
    if name in __all__:
        for module in map(import_module, (f"{__name__}.{each}" for each in _MODULES)):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

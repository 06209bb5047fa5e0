"""The types that every other module speaks: Dataset, History, Request, Recommender."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_MODULES = ("dataset", "history", "recommender", "vocabulary")


def __getattr__(name: str) -> Any:
    # Imported when asked for: the command line needs `core.errors` alone to print its help, and these need numpy and pandas.
    if name in __all__:
        for module in map(import_module, (f"{__name__}.{each}" for each in _MODULES)):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

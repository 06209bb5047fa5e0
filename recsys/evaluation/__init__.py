"""How well a model ranks what really came next: ranks, metrics with intervals over users, cold starts, predicted values."""

from recsys.evaluation.cases import Cases, rows_at_once
from recsys.evaluation.ranking import Evaluation, Paired, aware_of, evaluate, name_of, paired, self_information
from recsys.evaluation.ranks import metrics_of, ranks_of, scores_of, values_of
from recsys.evaluation.slices import Slice, cold_cases

__all__ = [
    "Cases",
    "Evaluation",
    "Paired",
    "Slice",
    "aware_of",
    "cold_cases",
    "evaluate",
    "metrics_of",
    "name_of",
    "paired",
    "ranks_of",
    "rows_at_once",
    "scores_of",
    "self_information",
    "values_of",
]

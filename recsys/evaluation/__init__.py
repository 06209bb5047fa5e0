"""How well a model ranks what really came next: ranks, metrics with intervals over users, cold starts, predicted values."""

from recsys.evaluation.cases import Cases, rows_at_once
from recsys.evaluation.metrics import metrics_of, ranks_of, scores_of, values_of
from recsys.evaluation.ranking import Evaluation, PairedDifference, aware_of, compare_paired, evaluate_model, name_of, self_information
from recsys.evaluation.slices import Slice, cold_cases

__all__ = [
    "Cases",
    "Evaluation",
    "PairedDifference",
    "Slice",
    "aware_of",
    "cold_cases",
    "compare_paired",
    "evaluate_model",
    "metrics_of",
    "name_of",
    "ranks_of",
    "rows_at_once",
    "scores_of",
    "self_information",
    "values_of",
]

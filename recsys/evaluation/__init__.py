"""Evaluation of models: ranks of the next items, metrics with intervals over users, cold-start slices, prediction errors."""

from recsys.evaluation.cases import Cases, compute_rows_per_chunk
from recsys.evaluation.cold_start_slices import ColdStartSlice, find_cold_cases
from recsys.evaluation.metrics import check_scores, compute_case_metrics, compute_metrics, compute_ranks, rank_items
from recsys.evaluation.ranking import (
    CASE_METRICS,
    Evaluation,
    PairedDifference,
    check_same_cases,
    compare_paired,
    compute_self_information,
    evaluate_model,
    find_used_context,
    identify_model,
)

__all__ = [
    "CASE_METRICS",
    "Cases",
    "ColdStartSlice",
    "Evaluation",
    "PairedDifference",
    "check_same_cases",
    "check_scores",
    "compare_paired",
    "compute_case_metrics",
    "compute_metrics",
    "compute_ranks",
    "compute_rows_per_chunk",
    "compute_self_information",
    "evaluate_model",
    "find_cold_cases",
    "find_used_context",
    "identify_model",
    "rank_items",
]

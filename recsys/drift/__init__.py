"""Drift: changes of users' interest over time and space, with their evidence and their impact on models."""

from recsys.drift.detection.config import DetectionConfig
from recsys.drift.detection.feature_space import FeatureSpace, build_feature_space
from recsys.drift.report import Change, DriftReport, detect_drift

__all__ = [
    "Change",
    "DetectionConfig",
    "DriftReport",
    "FeatureSpace",
    "build_feature_space",
    "detect_drift",
]

"""Drift: how one person's interest moves through time and space, where it changed, and how sure that is."""

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

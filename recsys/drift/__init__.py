"""Drift: how one person's interest moves through time and space, where it changed, and how sure that is."""

from recsys.drift.detection import DetectionConfig
from recsys.drift.report import Change, DriftReport, drift
from recsys.drift.setting import Setting, setting

__all__ = ["Change", "DetectionConfig", "DriftReport", "Setting", "drift", "setting"]

"""Summaries of datasets, models and timelines, for figures and pages."""

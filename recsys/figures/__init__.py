"""Figures: a result in, a plotly figure out. A figure never calls a model."""

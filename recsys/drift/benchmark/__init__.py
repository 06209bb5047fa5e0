"""Drift detection judged against the known changes of a simulated city, beside plain baselines."""

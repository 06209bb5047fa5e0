"""Benchmark of drift detection on the known changes of a simulated city, against baselines."""

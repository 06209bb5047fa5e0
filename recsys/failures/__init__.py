"""Failures of a model: slices of its cases, combinations in which it is worse, two models side by side, and tests of its behaviour."""

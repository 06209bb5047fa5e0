"""Fidelity of explanations: deletion and insertion curves, and benchmarks over many users."""

"""Detecting change points in one user's interest."""

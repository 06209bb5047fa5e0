"""Recscope: explore, demo and debug recommenders. The library knows nothing of the screen."""

__version__ = "0.1.0"
